//! A front end on another site, with poem's `Cors`: it signs in, and no other page does.

use crudauth::{Backend, CookieConfig, SameSite};
use crudauth_tests::{Answer, App, AppBuilder, Browser, Kind, Log, PASSWORD, Setting};
use poem::EndpointExt;
use poem::http::Method;
use poem::middleware::Cors;
use serde_json::json;

const SPA: &str = "https://www.example.org";
const EVIL: &str = "https://evil.example";

/// Trusts the front end, with cookies for other sites or without.
struct TrustsSpa(SameSite);

impl Setting for TrustsSpa {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        let cookies = CookieConfig::default().same_site(self.0);
        builder.trusted_origins([SPA]).cookies(cookies)
    }
}

/// The app as the page "A front end on another origin" shows it, with an account.
async fn app(same_site: SameSite) -> App {
    let app = App::with(Kind::Sqlite, TrustsSpa(same_site)).await;
    assert_eq!(app.register("ada").await.status, 202);
    let cors = Cors::new().allow_origin(SPA).allow_credentials(true);
    let endpoint = app.clone().into_endpoint().with(cors);
    app.serving(endpoint)
}

/// Headers of a browser for a page of another site.
fn of_page(origin: &str) -> [(&str, &str); 2] {
    [("origin", origin), ("sec-fetch-site", "cross-site")]
}

async fn sign_in(browser: &Browser, origin: &str) -> Answer {
    browser.login_with("ada", PASSWORD, &[], &of_page(origin)).await
}

async fn post(browser: &Browser, path: &str, csrf: &str, body: serde_json::Value) -> Answer {
    let json = [("content-type", "application/json"), ("x-csrf-token", csrf)];
    let headers = [&of_page(SPA)[..], &json].concat();
    browser.send(Method::POST, path, &headers, body.to_string().into_bytes()).await
}

#[tokio::test]
async fn a_trusted_page_of_another_site_signs_in_and_acts() {
    let app = app(SameSite::None).await;
    let browser = app.browser();
    let asked = [("access-control-request-method", "POST"), ("origin", SPA)];
    let preflight = browser.send(Method::OPTIONS, "/login", &asked, vec![]).await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-credentials"), Some("true"));

    let answer = sign_in(&browser, SPA).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(SPA));
    let cookies = answer.set_cookies();
    let suffix = "SameSite=none; Partitioned; Secure";
    assert!(cookies.iter().all(|cookie| cookie.ends_with(suffix)), "{cookies:?}");

    let csrf = answer.json()["csrf_token"].as_str().unwrap().to_owned();
    let change = json!({ "current_password": PASSWORD, "new_password": "another-strong-one" });
    assert_eq!(post(&browser, "/change-password", "wrong", change.clone()).await.status, 403);
    assert_eq!(post(&browser, "/change-password", &csrf, change).await.status, 200);
    // After a reload the page has no token.
    let refreshed = post(&browser, "/csrf/refresh", "", json!({})).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let csrf = refreshed.json()["csrf_token"].as_str().unwrap().to_owned();
    assert_eq!(post(&browser, "/logout", &csrf, json!({})).await.status, 200);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn an_error_is_readable_for_a_trusted_page_of_another_site() {
    let app = app(SameSite::None).await;
    let answer = app.browser().login_with("ada", "wrong", &[], &of_page(SPA)).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("access-control-allow-origin"), Some(SPA));
}

#[tokio::test]
async fn no_other_page_of_another_site_signs_in() {
    let app = App::with(Kind::Sqlite, TrustsSpa(SameSite::None)).await;
    app.register("ada").await;
    for origin in [EVIL, "null", "https://www.example.org.evil.example"] {
        let answer = sign_in(&app.browser(), origin).await;
        assert_eq!((answer.status, &*answer.code()), (403, "cross-site"), "{origin}");
    }
    let bare = [("sec-fetch-site", "cross-site")];
    let answer = app.browser().login_with("ada", PASSWORD, &[], &bare).await;
    assert_eq!(answer.status, 403, "an origin is required");
}

#[tokio::test]
async fn the_log_leads_a_page_of_another_site_to_the_settings() {
    let log = Log::listen();
    let app = app(SameSite::Lax).await;
    let answer = sign_in(&app.browser(), SPA).await;
    assert_eq!((answer.status, &*answer.code()), (403, "cross-site"));
    assert_eq!(log.count("crudauth::guide::other_sites"), 1, "{}", log.text());
    assert_eq!(log.count(SPA), 1, "{}", log.text());
}
