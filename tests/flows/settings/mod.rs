//! Settings that `build()` rejects, all of them in one error.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod cookies;
mod database;
mod hardened;
mod hashing;

use std::sync::OnceLock;
use std::time::Duration;

use crudauth::email::RecordingSender;
use crudauth::{
    ConfigError, CookieConfig, EmailConfig, HashingConfig, LockoutConfig, RateLimit, RateLimits,
    SessionConfig, Weakness, migrations, rate_limit,
};
use crudauth_tests::{AppBuilder, Auth, Database, FRONTEND, Kind, SECRET, User};
use sqlx::{Sqlite, SqlitePool};

const OLD_SECRET: &str = "an-older-secret-of-at-least-32-bytes-1234";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);

/// A pool on a fully migrated database.
fn pool() -> SqlitePool {
    static URL: OnceLock<String> = OnceLock::new();
    let make = || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let url = Database::create_empty(Kind::Sqlite).await;
            let Database::Sqlite(pool) = Database::connect(&url).await else { unreachable!() };
            migrations!(User).run(&pool).await.unwrap();
            url
        })
    };
    let url = URL.get_or_init(|| std::thread::spawn(make).join().unwrap());
    SqlitePool::connect_lazy(url).unwrap()
}

fn email(url: &str) -> EmailConfig {
    EmailConfig::new(RecordingSender::default(), url)
}

fn valid() -> AppBuilder<Sqlite> {
    Auth::builder(pool(), SECRET).email(email(FRONTEND))
}

async fn config_errors(builder: AppBuilder<Sqlite>) -> Vec<ConfigError> {
    let error = builder.build().await.unwrap_err();
    let lines: Vec<_> = error.settings().iter().map(ToString::to_string).collect();
    assert_eq!(error.to_string(), lines.join("; "));
    assert_eq!(format!("{error:?}").lines().count(), 1 + lines.len(), "one line for each");
    error.settings().to_vec()
}

fn sessions(change: impl FnOnce(&mut SessionConfig)) -> AppBuilder<Sqlite> {
    let mut config = SessionConfig::default();
    change(&mut config);
    valid().session(config)
}

fn lockout(change: impl FnOnce(&mut LockoutConfig)) -> AppBuilder<Sqlite> {
    let mut config = LockoutConfig::default();
    change(&mut config);
    valid().lockout(config)
}

fn rate_limit(action: rate_limit::Action, limit: RateLimit) -> AppBuilder<Sqlite> {
    valid().rate_limits(RateLimits::default().set(action, limit))
}

/// Asserts that each is rejected with this error alone.
async fn assert_each_rejected<const N: usize>(cases: [(AppBuilder<Sqlite>, ConfigError); N]) {
    for (builder, error) in cases {
        assert_eq!(config_errors(builder).await, [error]);
    }
}

const fn out_of_range(setting: &'static str, min: Duration) -> ConfigError {
    ConfigError::DurationOutOfRange { setting, min, max: CENTURY }
}

const fn below_one(setting: &'static str) -> ConfigError {
    ConfigError::NumberOutOfRange { setting, min: 1, max: None }
}

#[tokio::test]
async fn default_and_hardened_settings_are_valid() {
    valid().build().await.unwrap();
    valid().hardened().build().await.unwrap();
    valid().previous_secrets([OLD_SECRET]).build().await.unwrap();
    valid().previous_secrets(["eightof_".repeat(4)]).build().await.unwrap();
    lockout(|config| config.max = config.base).build().await.unwrap();
    valid().cookies(CookieConfig::default().insecure()).build().await.unwrap();
    let hashing = HashingConfig::default();
    valid().hashing(hashing.memory_kib(7_168).passes(5)).build().await.unwrap();
    rate_limit(rate_limit::REGISTER, RateLimit::per_hour(1000)).build().await.unwrap();
    let off = RateLimit::new(0, Duration::ZERO);
    rate_limit(rate_limit::REGISTER, off).build().await.unwrap();
}

#[tokio::test]
async fn a_guessable_secret_is_rejected() {
    let of = |secret: &str| Auth::builder(pool(), secret).email(email(FRONTEND));
    let short = |bytes| Weakness::TooShort { bytes };
    for (builder, previous, weakness) in [
        (of(""), None, short(0)),
        (of(&SECRET[..31]), None, short(31)),
        (of(&"ab".repeat(20)), None, Weakness::Repetitive),
        (valid().previous_secrets(["short"]), Some(0), short(5)),
        (valid().previous_secrets([OLD_SECRET, &"x".repeat(40)]), Some(1), Weakness::Repetitive),
    ] {
        let errors = config_errors(builder).await;
        let [ConfigError::WeakSecret(weak)] = errors[..] else { panic!("{errors:?}") };
        assert_eq!((weak.previous, weak.weakness), (previous, weakness));
    }
}

#[tokio::test]
async fn every_weak_secret_is_reported_with_its_position() {
    let weak = Auth::builder(pool(), "short").email(email(FRONTEND)).previous_secrets(["old"]);
    let errors: Vec<_> = config_errors(weak).await.iter().map(ToString::to_string).collect();
    assert!(errors[0].starts_with("the secret key has 5 bytes"), "{errors:?}");
    assert!(errors[1].starts_with("the previous secret number 1 has 3 bytes"), "{errors:?}");
    assert_eq!(errors.len(), 2);
}

#[tokio::test]
async fn session_limits_of_zero_are_rejected() {
    let idle = "session.idle_timeout";
    let remembered = "session.remembered_idle_timeout";
    let absolute = "session.absolute_timeout";
    assert_each_rejected([
        (sessions(|config| config.max_sessions = 0), below_one("session.max_sessions")),
        (sessions(|config| config.idle_timeout = SECOND * 59), out_of_range(idle, MINUTE)),
        (
            sessions(|config| config.remembered_idle_timeout = SECOND),
            out_of_range(remembered, MINUTE),
        ),
        (sessions(|config| config.absolute_timeout = Some(SECOND)), out_of_range(absolute, MINUTE)),
    ])
    .await;
}

#[tokio::test]
async fn lockout_limits_of_zero_are_rejected() {
    let setting = "lockout.base";
    assert_each_rejected([
        (lockout(|config| config.max_failures = 0), below_one("lockout.max_failures")),
        (
            lockout(|config| config.max_network_failures = 0),
            below_one("lockout.max_network_failures"),
        ),
        (lockout(|config| config.max_consecutive = 0), below_one("lockout.max_consecutive")),
        (
            lockout(|config| config.consecutive_window = Duration::ZERO),
            out_of_range("lockout.consecutive_window", SECOND),
        ),
        (
            lockout(|config| config.max = SECOND * 59),
            ConfigError::Exceeds { setting, limit: "lockout.max" },
        ),
        (lockout(|config| config.base = Duration::ZERO), out_of_range(setting, SECOND)),
        (lockout(|config| config.window = Duration::ZERO), out_of_range("lockout.window", SECOND)),
    ])
    .await;
}

#[tokio::test]
async fn uncountable_rate_limits_are_rejected() {
    let uncountable = |action: &str| ConfigError::Requires {
        setting: "rate_limits",
        value: action.to_owned(),
        requirement: "at most 1000 uses, in 1 millisecond to 100 years",
    };
    assert_each_rejected([
        (rate_limit(rate_limit::REGISTER, RateLimit::per_hour(1001)), uncountable("register")),
        (
            rate_limit(rate_limit::CONFIRM, RateLimit::new(5, Duration::ZERO)),
            uncountable("confirm"),
        ),
        (rate_limit(rate_limit::CONFIRM, RateLimit::new(5, Duration::MAX)), uncountable("confirm")),
    ])
    .await;
}

#[tokio::test]
async fn links_to_nowhere_or_without_lifetime_are_rejected() {
    let of = |config: EmailConfig| Auth::builder(pool(), SECRET).email(config);
    let hour = SECOND * 3600;
    let url =
        |url: &str| ConfigError::InvalidUrl { setting: "email.frontend_url", url: url.to_owned() };
    let path = |setting, path: &str| ConfigError::InvalidPath { setting, path: path.to_owned() };
    let reset = "email.reset_link";
    let verify = "email.verify_link";
    assert_each_rejected([
        (of(email("app.example.com")), url("app.example.com")),
        (of(email("https://example.com?next=")), url("https://example.com?next=")),
        (of(email("javascript:alert(1)")), url("javascript:alert(1)")),
        (of(email(FRONTEND).reset_link("/reset", SECOND * 59)), out_of_range(reset, MINUTE)),
        (of(email(FRONTEND).verify_link("/verify", SECOND)), out_of_range(verify, MINUTE)),
        (
            of(email(FRONTEND).change_link("/change", SECOND)),
            out_of_range("email.change_link", MINUTE),
        ),
        (of(email(FRONTEND).reset_link("/reset?a=b", hour)), path(reset, "/reset?a=b")),
        (of(email(FRONTEND).verify_link("verify", hour)), path(verify, "verify")),
        (
            valid().trusted_origins(["www.example.com"]),
            ConfigError::InvalidUrl {
                setting: "trusted_origins",
                url: "www.example.com".to_owned(),
            },
        ),
    ])
    .await;
}

#[tokio::test]
async fn all_config_errors_are_reported_at_once_without_secrets() {
    let short = "a-short-s3cret";
    let mut session = SessionConfig::default();
    let mut lock = LockoutConfig::default();
    (session.max_sessions, session.idle_timeout) = (0, SECOND);
    (lock.max_failures, lock.max) = (0, SECOND);
    let limits = RateLimits::default()
        .set(rate_limit::REGISTER, RateLimit::new(5000, SECOND))
        .set(rate_limit::CONFIRM, RateLimit::new(1, Duration::ZERO));
    let builder = Auth::builder(pool(), short)
        .email(email("nowhere").reset_link("reset", SECOND))
        .previous_secrets([OLD_SECRET])
        .session(session)
        .lockout(lock)
        .rate_limits(limits)
        .hashing(HashingConfig::default().passes(1))
        .cookies(CookieConfig::default().hardened().insecure());
    assert!(!format!("{builder:?}").contains("s3cret"));
    let error = builder.build().await.unwrap_err();
    assert_eq!(error.settings().len(), 19, "{error}");
    for part in [
        "the secret key has 14 bytes",
        "session.max_sessions must be at least 1",
        "session.idle_timeout must be between 1 minute and 100 years",
        "lockout.max_failures must be at least 1",
        "lockout.base must not exceed lockout.max",
        "rate_limits: `register` requires at most 1000 uses",
        "email.reset_link must be a plain path that starts with `/`: `reset`",
        "cookies.csrf: `__Host-csrf_token` requires cookies.secure to be true",
    ] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    for secret in [short, "s3cret", OLD_SECRET] {
        assert!(!format!("{error} {error:?}").contains(secret));
    }
    let debug = format!("{:?} {:?}", valid().previous_secrets([OLD_SECRET]), valid().build().await);
    assert!(!debug.contains(SECRET) && !debug.contains(OLD_SECRET), "{debug}");
}

#[tokio::test]
async fn a_duration_beyond_the_calendar_is_rejected() {
    let of = |config: EmailConfig| Auth::builder(pool(), SECRET).email(config);
    for (builder, name) in [
        (sessions(|config| config.idle_timeout = Duration::MAX), "session.idle_timeout"),
        (
            sessions(|config| config.remembered_idle_timeout = Duration::MAX),
            "session.remembered_idle_timeout",
        ),
        (
            sessions(|config| config.absolute_timeout = Some(Duration::MAX)),
            "session.absolute_timeout",
        ),
        (lockout(|config| config.window = Duration::MAX), "lockout.window"),
        (lockout(|config| config.escalation_window = Duration::MAX), "lockout.escalation_window"),
        (lockout(|config| config.max = Duration::MAX), "lockout.max"),
        (of(email(FRONTEND).reset_link("/reset", Duration::MAX)), "email.reset_link"),
    ] {
        let errors = config_errors(builder).await;
        let [ConfigError::DurationOutOfRange { setting, max: CENTURY, .. }] = errors[..] else {
            panic!("{name}: {errors:?}")
        };
        assert_eq!(setting, name);
    }
}
