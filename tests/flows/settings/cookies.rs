//! Names, prefixes and paths of cookies that a browser would drop.

use crudauth::{ConfigError, CookieConfig};
use crudauth_tests::AppBuilder;
use sqlx::Sqlite;

use super::{assert_each_rejected, config_errors, valid};

fn cookies(mut config: CookieConfig, change: impl FnOnce(&mut CookieConfig)) -> AppBuilder<Sqlite> {
    change(&mut config);
    valid().cookies(config)
}

#[tokio::test]
async fn cookies_that_a_browser_drops_are_rejected() {
    let plain = CookieConfig::default;
    let token = |setting, name: &str| ConfigError::InvalidName {
        setting,
        name: name.to_owned(),
        rule: "a token (RFC 9110, section 5.6.2)",
    };
    let duplicate =
        |name: &str| ConfigError::DuplicateName { setting: "cookies", name: name.to_owned() };
    let path =
        |path: &str| ConfigError::InvalidPath { setting: "cookies.path", path: path.to_owned() };
    let logout = duplicate("refresh_token_logout");
    let set = |change: fn(&mut CookieConfig)| cookies(plain(), change);
    assert_each_rejected([
        (set(|config| config.session = "my id".to_owned()), token("cookies.session", "my id")),
        (set(|config| config.csrf = String::new()), token("cookies.csrf", "")),
        (set(|config| config.refresh = "a b".to_owned()), token("cookies.refresh", "a b")),
        (set(|config| config.device = "a;b".to_owned()), token("cookies.device", "a;b")),
        (set(|config| config.csrf = config.session.clone()), duplicate("session_id")),
        (set(|config| config.device = config.csrf.clone()), duplicate("csrf_token")),
        (set(|config| config.refresh = config.session.clone()), duplicate("session_id")),
        (set(|config| config.device = "refresh_token_logout".to_owned()), logout),
        (set(|config| config.path = "app".to_owned()), path("app")),
        (set(|config| config.path = "/a; Domain=x".to_owned()), path("/a; Domain=x")),
    ])
    .await;
}

#[tokio::test]
async fn cookie_prefixes_require_their_attributes() {
    let requires = |setting, name: &str, requirement| ConfigError::Requires {
        setting,
        value: name.to_owned(),
        requirement,
    };
    let secure = "cookies.secure to be true";
    let insecure = CookieConfig::default().session("__Secure-id").insecure();
    let error = requires("cookies.session", "__Secure-id", secure);
    assert_each_rejected([(valid().cookies(insecure), error)]).await;
    let hardened = || CookieConfig::default().hardened();
    for (config, requirement) in
        [(hardened().insecure(), secure), (hardened().path("/app"), "cookies.path to be `/`")]
    {
        let expected = [
            requires("cookies.session", "__Host-session_id", requirement),
            requires("cookies.csrf", "__Host-csrf_token", requirement),
            requires("cookies.refresh", "__Host-refresh_token", requirement),
            requires("cookies.device", "__Host-known_device", requirement),
            requires("cookies.browser", "__Host-sign_in_browser", requirement),
            requires("cookies.trusted", "__Host-trusted_browser", requirement),
            requires("cookies.oauth_state", "__Host-oauth_state", requirement),
            requires("cookies.flash", "__Host-flash", requirement),
        ];
        assert_eq!(config_errors(valid().cookies(config)).await, expected);
    }
}
