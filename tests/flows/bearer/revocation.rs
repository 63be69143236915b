//! Tokens are revoked by logout and by changes of the account.

use crudauth_tests::tokens::{Pair, Setup, in_cookie};
use crudauth_tests::{App, Kind, PASSWORD, SECRET, on_every_database};
use poem::http::Method;
use serde_json::json;

const NEW: &str = "another-strong-one";

/// Every credential that a program of ada may have.
struct Program {
    pair: Pair,
    key: String,
}

async fn program(app: &App) -> Program {
    let pair = app.pair("ada").await;
    let body = json!({ "name": "cron", "scopes": ["reports:read"] });
    let answer =
        app.browser().send_bearer_json(&pair.access, Method::POST, "/api-keys", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let key = answer.json()["key"].as_str().unwrap().to_owned();
    Program { pair, key }
}

impl Program {
    async fn is_alive(&self, app: &App) -> [bool; 2] {
        [app.browser().accepts(&self.pair.access).await, app.browser().accepts(&self.key).await]
    }

    async fn is_dead(&self, app: &App) {
        assert_eq!(self.is_alive(app).await, [false, false]);
        let answer = app.browser().refresh(&self.pair.refresh).await;
        assert_eq!((answer.status, &*answer.code()), (401, "invalid-refresh-token"));
    }
}

on_every_database! {
    async fn a_password_change_revokes_tokens_and_keys(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let one = program(&app).await;
        let other = program(&app).await;
        assert_eq!(one.is_alive(&app).await, [true, true]);
        let body = json!({ "current_password": PASSWORD, "new_password": NEW });
        let path = "/change-password";
        let answer = app.browser().send_bearer_json(&one.pair.access, Method::POST, path, &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        one.is_dead(&app).await;
        other.is_dead(&app).await;
        assert!(!ada.is_signed_in().await, "a token keeps no session");
        assert_eq!(app.browser().request_token("ada", NEW, None).await.status, 200);
    }

    async fn a_password_change_in_a_session_keeps_that_session_only(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let program = program(&app).await;
        assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 200);
        program.is_dead(&app).await;
        assert!(ada.is_signed_in().await);
    }

    async fn a_reset_revokes_tokens_and_keys(app: App) {
        let mail = app;
        let app = mail.with_tokens().await;
        app.register("ada").await;
        let program = program(&app).await;
        let body = json!({ "token": mail.reset_token("ada@example.com").await, "new_password": NEW });
        assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
        program.is_dead(&app).await;
    }

    async fn disabling_revokes_tokens_and_keys_for_good(app: App) {
        let (auth, app) = app.all(Setup::default()).await;
        app.register("ada").await;
        let used = program(&app).await;
        let unused = program(&app).await;
        let id = app.database.number("SELECT id FROM users").await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        used.is_dead(&app).await;
        assert!(auth.accounts().enable(&id).await.unwrap());
        used.is_dead(&app).await;
        // A request with one revokes it while its account is disabled.
        unused.is_dead(&app).await;
    }

    async fn an_account_disabled_by_hand_returns_without_its_credentials(app: App) {
        let app = app.with_tokens().await;
        app.register("ada").await;
        let used = program(&app).await;
        let refreshed = program(&app).await;
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        assert_eq!(used.is_alive(&app).await, [false, false]);
        assert_eq!(app.browser().refresh(&refreshed.pair.refresh).await.status, 401);
        app.database.execute("UPDATE users SET is_active = TRUE").await;
        used.is_dead(&app).await;
        refreshed.is_dead(&app).await;
    }

    async fn using_one_credential_of_a_disabled_account_revokes_all(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let idle = program(&app).await;
        let bob = app.member("bob").await;
        for use_one in ["session", "token", "key", "refresh"] {
            let session = app.signed_in("ada", PASSWORD).await;
            let program = program(&app).await;
            app.database.execute("UPDATE users SET is_active = FALSE WHERE username = 'ada'").await;
            match use_one {
                "session" => assert!(!session.is_signed_in().await),
                "token" => assert!(!app.browser().accepts(&program.pair.access).await),
                "key" => assert!(!app.browser().accepts(&program.key).await),
                _ => assert_eq!(app.browser().refresh(&program.pair.refresh).await.status, 401),
            }
            app.database.execute("UPDATE users SET is_active = TRUE WHERE username = 'ada'").await;
            program.is_dead(&app).await;
            idle.is_dead(&app).await;
            assert!(!session.is_signed_in().await && !ada.is_signed_in().await, "{use_one}");
            assert!(bob.is_signed_in().await);
        }
    }

    async fn deleting_revokes_tokens_and_keys(app: App) {
        let (auth, app) = app.all(Setup::default()).await;
        app.register("ada").await;
        let program = program(&app).await;
        let id = app.database.number("SELECT id FROM users").await;
        assert!(auth.accounts().delete(&id).await.unwrap());
        program.is_dead(&app).await;
        assert_eq!(app.database.count("users_token_families").await, 0);
        assert_eq!(app.database.count("users_api_keys").await, 0);
    }

    async fn an_account_deleted_by_hand_leaves_nothing_to_a_reused_id(app: App) {
        let app = app.with_tokens().await;
        app.register("ada").await;
        let used = program(&app).await;
        let unused = program(&app).await;
        let id = app.database.number("SELECT id FROM users").await;
        app.database.execute("DELETE FROM users").await;
        used.is_dead(&app).await;
        app.register("eve").await;
        app.database.execute(&format!("UPDATE users SET id = {id}")).await;
        assert_eq!(app.database.count("users_token_families").await, 2, "the log has the request");
        assert_eq!(app.database.count("users_api_keys").await, 2);
        unused.is_dead(&app).await;
        used.is_dead(&app).await;
    }

    async fn rotating_the_secret_keeps_everyone_signed_in(app: App) {
        const NEXT: &str = "another-secret-for-tests-of-32-bytes-or-more";
        let before = app.with_tokens().await;
        before.register("ada").await;
        let program = program(&before).await;
        let rotated = Setup { secret: NEXT, previous: vec![SECRET], ..Setup::default() };
        let (_, after) = app.all(rotated).await;
        assert_eq!(program.is_alive(&after).await, [true, true]);
        let next = Pair::of(&after.browser().refresh(&program.pair.refresh).await);
        let (_, later) = app.all(Setup { secret: NEXT, ..Setup::default() }).await;
        assert!(later.browser().accepts(&next.access).await, "created with the new secret");
        assert_eq!(program.is_alive(&later).await, [false, true], "the key was renewed by its use");
        Pair::of(&later.browser().refresh(&next.refresh).await);
    }

    async fn logout_with_a_refresh_token_revokes_its_family(app: App) {
        let app = app.with_tokens().await;
        let one = app.program("ada").await;
        let other = app.pair("ada").await;
        let answer = app.browser().post("/logout", json!({ "refresh_token": one.refresh })).await;
        assert_eq!((answer.status, &*answer.detail()), (200, "Logged out"));
        assert!(!app.browser().accepts(&one.access).await);
        assert_eq!(app.browser().refresh(&one.refresh).await.status, 401);
        assert!(app.browser().accepts(&other.access).await);
    }

    async fn logout_with_a_refresh_cookie_revokes_its_family(app: App) {
        let (_, app) = app.all(in_cookie()).await;
        app.register("ada").await;
        let browser = app.browser();
        let pair = Pair::of(&browser.request_token("ada", PASSWORD, None).await);
        let stolen = browser.stolen();
        assert_eq!(browser.post("/logout", json!({})).await.status, 200);
        assert_eq!(browser.cookie("refresh_token").as_deref(), None);
        assert!(!browser.accepts(&pair.access).await);
        assert_eq!(stolen.post("/refresh", json!({})).await.status, 401);
    }
}

#[tokio::test]
async fn logout_with_an_access_token_revokes_its_family() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    assert_eq!(app.browser().send_bearer(&pair.access, Method::POST, "/logout").await.status, 200);
    assert!(!app.browser().accepts(&pair.access).await);
    assert_eq!(app.browser().refresh(&pair.refresh).await.status, 401);
}

#[tokio::test]
async fn logout_ignores_junk_and_revokes_every_credential_sent() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let ada = app.member("ada").await;
    let pair = Pair::of(&ada.request_token("ada", PASSWORD, None).await);
    for junk in ["junk", "a.b.c", ""] {
        assert_eq!(app.browser().send_bearer(junk, Method::POST, "/logout").await.status, 200);
        let stranger = app.browser();
        stranger.set_cookie("refresh_token", junk);
        assert_eq!(stranger.post("/logout", json!({})).await.status, 200);
    }
    let bare = [("x-csrf-token", "")];
    let answer = ada.send(Method::POST, "/logout", &bare, vec![]).await;
    assert_eq!((answer.status, &*answer.code()), (403, "csrf-missing"));
    assert!(ada.accepts(&pair.access).await, "nothing is revoked");
    assert_eq!(ada.post("/logout", json!({})).await.status, 200);
    let left: Vec<_> = ada.cookies().into_keys().collect();
    assert_eq!(left, ["known_device"]);
    assert!(!app.browser().accepts(&pair.access).await);
}

#[tokio::test]
async fn a_first_password_needs_a_sign_in_with_a_known_time() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    let body = json!({ "new_password": NEW });
    let set = async || {
        app.browser().send_bearer_json(&pair.access, Method::POST, "/set-password", &body).await
    };
    assert_eq!(set().await.code(), "has-password");
    app.database.execute("UPDATE users SET hashed_password = '!'").await;
    let answer = set().await;
    let detail = "Sign in again to continue: this needs a recent sign-in.";
    assert_eq!((answer.status, &*answer.detail()), (403, detail));
}
