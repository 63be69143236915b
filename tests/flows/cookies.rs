//! Several cookies of one name, and names that only resemble one of the library's.

use std::time::Duration;

use crudauth_tests::{App, Browser, Kind, PASSWORD, on_every_database};
use serde_json::json;

/// Adds values before the browser's own value of a cookie.
fn plant(browser: &Browser, name: &str, values: &[String]) {
    let own = browser.cookie(name).unwrap();
    let planted: String = values.iter().map(|value| format!("{value}; {name}=")).collect();
    browser.set_cookie(name, &format!("{planted}{own}"));
}

/// `count` well-formed session tokens of no session.
fn unknown(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{at:064x}")).collect()
}

on_every_database! {
    async fn a_live_session_is_found_behind_seven_unknown_ones(app: App) {
        let ada = app.member("ada").await;
        for count in [1, 7] {
            let browser = ada.stolen();
            plant(&browser, "session_id", &unknown(count));
            assert!(browser.is_signed_in().await, "{count}");
        }
        let flooded = ada.stolen();
        plant(&flooded, "session_id", &unknown(8));
        assert!(!flooded.is_signed_in().await, "the number of look-ups is bounded");
    }

    async fn logout_ends_every_session_of_the_browser(app: App) {
        let first = app.member("ada").await;
        let second = app.signed_in("ada", PASSWORD).await;
        let bystander = app.signed_in("ada", PASSWORD).await;
        let browser = second.stolen();
        let planted = [unknown(1).remove(0), first.cookie("session_id").unwrap()];
        browser.set_cookie("csrf_token", &first.cookie("csrf_token").unwrap());
        plant(&browser, "session_id", &planted);
        assert_eq!(browser.post("/logout", json!({})).await.status, 200);
        assert!(!first.is_signed_in().await && !second.is_signed_in().await);
        assert!(bystander.is_signed_in().await);
    }

    async fn a_login_ends_every_session_of_the_browser(app: App) {
        let first = app.member("ada").await;
        let second = app.signed_in("ada", PASSWORD).await;
        let browser = second.stolen();
        plant(&browser, "session_id", &[first.cookie("session_id").unwrap()]);
        assert_eq!(browser.login("ada", PASSWORD).await.status, 200);
        assert!(!first.is_signed_in().await && !second.is_signed_in().await);
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn logout_without_the_csrf_token_ends_none_of_several_sessions() {
    let app = App::on(Kind::Sqlite).await;
    let first = app.member("ada").await;
    let second = app.signed_in("ada", PASSWORD).await;
    let browser = second.stolen();
    plant(&browser, "session_id", &[first.cookie("session_id").unwrap()]);
    browser.drop_cookie("csrf_token");
    assert_eq!(browser.post("/logout", json!({})).await.code(), "csrf-missing");
    assert!(first.is_signed_in().await && second.is_signed_in().await);
}

#[tokio::test]
async fn the_live_session_and_its_csrf_token_are_renewed_among_planted_ones() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let ada = app.browser();
    ada.login_with("ada", PASSWORD, &[("remember_me", "true")], &[]).await;
    let (session, csrf) = (ada.cookie("session_id").unwrap(), ada.cookie("csrf_token").unwrap());
    for name in ["session_id", "csrf_token"] {
        plant(&ada, name, &unknown(2));
    }
    let refreshed = ada.stolen().post("/csrf/refresh", json!({})).await;
    assert_eq!(refreshed.json()["csrf_token"], csrf, "it is valid, and stays");
    assert_eq!(refreshed.set_cookies().len(), 0);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(ada.get("/me").await.set_cookies().len(), 2);
    let renewed = (ada.cookie("session_id").unwrap(), ada.cookie("csrf_token").unwrap());
    assert_eq!(renewed, (session, csrf));
}

#[tokio::test]
async fn a_name_or_value_in_other_white_space_is_another_cookie() {
    let app = App::on(Kind::Sqlite).await;
    let planted = app.member("eve").await.cookie("session_id").unwrap();
    let ada = app.member("ada").await;
    let own = ada.cookie("session_id").unwrap();
    let me = async |cookie: String| {
        let method = poem::http::Method::GET;
        app.browser().send(method, "/me", &[("cookie", &*cookie)], Vec::new()).await
    };
    for blank in ["\u{2000}", "\u{2003}", "\u{a0}", "\u{3000}", "\u{feff}", "\u{85}"] {
        for pair in [
            format!("{blank}session_id={planted}"),
            format!("session_id{blank}={planted}"),
            format!("session_id={blank}{planted}"),
            format!("session_id={planted}{blank}"),
        ] {
            assert_eq!(me(pair.clone()).await.status, 401, "{pair:?}");
            let answer = me(format!("{pair}; session_id={own}")).await;
            assert_eq!(answer.json()["username"], "ada", "{pair:?}");
        }
    }
    assert_eq!(me(format!("a=b; \t session_id \t=\t {own} \t;c=d")).await.status, 200);
}
