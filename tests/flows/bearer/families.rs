//! The `tokens` slice: owners list and revoke their token families.

use std::time::Duration;

use chrono::{DateTime, Utc};
use crudauth::Clock;
use crudauth::flow::NewApiKey;
use crudauth::{ClientInfo, Password, SignInRequest};
use crudauth_tests::tokens::{Pair, Setup};
use crudauth_tests::{App, Kind, PASSWORD, on_every_database};
use poem::http::Method;
use serde_json::{Value, json};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

on_every_database! {
    async fn owners_list_and_revoke_their_own_token_families(app: App) {
        let app = app.with_tokens().await;
        let one = app.program("ada").await;
        let other = app.pair("ada").await;
        let bob = app.program("bob").await;
        let listed = app.browser().send_bearer(&one.access, Method::GET, "/tokens").await.json();
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), 2);
        let handle = |current: bool| {
            let mut found = listed.iter().filter(|one| one["current"] == json!(current));
            found.next().unwrap()["id"].as_str().unwrap().to_owned()
        };

        let path = format!("/tokens/{}", handle(false));
        let foreign = app.browser().send_bearer(&bob.access, Method::DELETE, &path).await;
        assert_eq!((foreign.status, &*foreign.detail()), (404, "Token not found."));
        assert!(app.browser().accepts(&other.access).await);
        assert_eq!(app.browser().send_bearer(&one.access, Method::DELETE, &path).await.status, 200);
        assert!(!app.browser().accepts(&other.access).await);
        assert_eq!(app.browser().refresh(&other.refresh).await.status, 401);
        assert_eq!(app.browser().send_bearer(&one.access, Method::DELETE, &path).await.status, 404);
        for junk in ["x", &"0".repeat(64), &handle(true).to_uppercase()] {
            let path = format!("/tokens/{junk}");
            assert_eq!(app.browser().send_bearer(&one.access, Method::DELETE, &path).await.status, 404);
        }

        let three = app.pair("ada").await;
        let answer = app.browser().send_bearer(&one.access, Method::DELETE, "/tokens").await;
        assert_eq!((answer.status, &answer.json()["revoked"]), (200, &json!(2)));
        assert!(!app.browser().accepts(&three.access).await && !app.browser().accepts(&one.access).await);
        assert!(app.browser().accepts(&bob.access).await);
    }

    async fn each_family_is_listed_with_its_last_use(app: App) {
        let app = app.with_tokens().await;
        app.register("ada").await;
        let laptop = app.browser();
        let phone = app.browser();
        let form = [("username", "ada"), ("password", PASSWORD)];
        let signed_in_at = app.clock.now();
        let agent = [("user-agent", FIREFOX)];
        let pair = Pair::of(&laptop.request_token_with(&form, &agent).await);
        let listed = async |pair: &Pair| {
            let listed = app.browser().send_bearer(&pair.access, Method::GET, "/tokens").await.json();
            assert_eq!(listed.as_array().unwrap().len(), 1);
            listed[0].clone()
        };
        let day = Duration::from_secs(24 * 3600);
        let at = |one: &Value, what: &str| -> DateTime<Utc> {
            one[what].as_str().unwrap().parse().unwrap()
        };
        let first = listed(&pair).await;
        assert_eq!(first["scopes"], json!(["reports:read"]));
        assert_eq!((&first["ip"], &first["device"]["browser"]), (&json!(laptop.ip), &json!("Firefox")));
        assert_eq!([at(&first, "created_at"), at(&first, "last_used_at")], [signed_in_at; 2]);
        assert_eq!(at(&first, "expires_at"), signed_in_at + 30 * day);

        app.clock.advance(day);
        let body = json!({ "refresh_token": pair.refresh }).to_string().into_bytes();
        let answer = phone.send(Method::POST, "/refresh", &[("user-agent", IPHONE)], body).await;
        let then = listed(&Pair::of(&answer)).await;
        assert_eq!(then["id"], first["id"]);
        assert_eq!((&then["ip"], &then["device"]["browser"]), (&json!(phone.ip), &json!("Safari")));
        assert_eq!(at(&then, "created_at"), signed_in_at);
        assert_eq!(at(&then, "last_used_at"), signed_in_at + day);
        assert_eq!(at(&then, "expires_at"), signed_in_at + 31 * day);
    }

    async fn a_session_lists_token_families_and_logout_all_revokes_them(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let pair = app.pair("ada").await;
        let bob = app.program("bob").await;
        let listed = ada.get("/tokens").await.json();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["current"]), (1, &json!(false)));
        let path = format!("/tokens/{}", listed[0]["id"].as_str().unwrap());
        let bare = [("x-csrf-token", "")];
        assert_eq!(ada.send(Method::DELETE, &path, &bare, vec![]).await.status, 403);
        let answer = ada.post("/logout-all?keep_current=true", json!({})).await.json();
        assert_eq!((&answer["revoked"], &answer["tokens_revoked"]), (&json!(0), &json!(1)));
        assert!(!app.browser().accepts(&pair.access).await && ada.is_signed_in().await);
        assert!(app.browser().accepts(&bob.access).await);
        assert_eq!(ada.get("/tokens").await.json(), json!([]));
    }
}

#[tokio::test]
async fn an_unauthenticated_client_lists_nothing() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    for (method, path) in
        [(Method::GET, "/tokens"), (Method::DELETE, "/tokens"), (Method::DELETE, "/tokens/x")]
    {
        assert_eq!(app.browser().send(method, path, &[], vec![]).await.status, 401, "{path}");
    }
    let answer = app.browser().post("/tokens", json!({})).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, DELETE")));
}

#[tokio::test]
async fn the_least_recently_used_family_beyond_the_cap_is_revoked() {
    let mut setup = Setup::default();
    setup.bearer.max_sign_ins = 2;
    let (_, app) = App::on(Kind::Sqlite).await.all(setup).await;
    let first = app.program("ada").await;
    app.clock.advance(Duration::from_secs(1));
    let second = app.pair("ada").await;
    app.clock.advance(Duration::from_secs(1));
    let first = Pair::of(&app.browser().refresh(&first.refresh).await);
    app.clock.advance(Duration::from_secs(1));
    let third = app.pair("ada").await;
    let known = [&first, &second, &third].map(|pair| pair.access.clone());
    let mut alive = Vec::new();
    for token in known {
        alive.push(app.browser().accepts(&token).await);
    }
    assert_eq!(alive, [true, false, true]);
}

#[tokio::test]
async fn token_families_are_listed_and_revoked_without_http() {
    let (auth, app) = App::on(Kind::Sqlite).await.all(Setup::default()).await;
    app.register("ada").await;
    let accounts = auth.accounts();
    let password = Password::parse(PASSWORD).unwrap();
    let asked = accounts.tokens().requested_scopes(Some("reports:write"));
    let granted = accounts
        .issue_tokens(SignInRequest::new("ada", password.clone()), asked)
        .await
        .unwrap()
        .done()
        .unwrap();
    assert_eq!(granted.issued.scopes.to_string(), "reports:write");
    assert!(app.browser().accepts(granted.issued.access.expose()).await);
    let refreshed =
        accounts.refresh(granted.issued.refresh.expose(), &ClientInfo::default()).await.unwrap();
    assert_eq!(refreshed.account.user.username, "ada");
    assert_eq!(
        accounts
            .tokens()
            .list(&crudauth::Principal::application(&refreshed.account))
            .await
            .unwrap()
            .len(),
        1
    );
    let wanted = NewApiKey::named("cron");
    let created = accounts
        .api_keys()
        .create(&crudauth::Principal::application(&refreshed.account), &wanted)
        .await
        .unwrap();
    assert!(app.browser().accepts(created.secret.expose()).await);
    let shown = format!("{granted:?} {refreshed:?} {created:?}");
    assert!(!shown.contains(granted.issued.refresh.expose()));
    assert!(!shown.contains(created.secret.expose()));
}
