//! What ends tokens: logging out, and whatever happens to the account.

use crudauth_tests::tokens::{Pair, Setup, in_cookie};
use crudauth_tests::{App, Kind, PASSWORD, SECRET, on_every_database};
use poem::http::Method;
use serde_json::json;

const NEW: &str = "another-strong-one";

/// Everything that a program of ada's may have.
struct Program {
    pair: Pair,
    key: String,
}

async fn program(app: &App) -> Program {
    let pair = app.pair("ada").await;
    let body = json!({ "name": "cron", "scopes": ["reports:read"] });
    let answer = app.browser().bearing_json(&pair.access, Method::POST, "/api-keys", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let key = answer.json()["key"].as_str().unwrap().to_owned();
    Program { pair, key }
}

impl Program {
    async fn is_alive(&self, app: &App) -> [bool; 2] {
        [app.browser().knows(&self.pair.access).await, app.browser().knows(&self.key).await]
    }

    async fn is_dead(&self, app: &App) {
        assert_eq!(self.is_alive(app).await, [false, false]);
        let answer = app.browser().refresh(&self.pair.refresh).await;
        assert_eq!((answer.status, &*answer.code()), (401, "invalid-refresh-token"));
    }
}

on_every_database! {
    async fn a_change_of_password_ends_tokens_and_keys(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let (one, other) = (program(&app).await, program(&app).await);
        assert_eq!(one.is_alive(&app).await, [true, true]);
        let body = json!({ "current_password": PASSWORD, "new_password": NEW });
        let path = "/change-password";
        let answer = app.browser().bearing_json(&one.pair.access, Method::POST, path, &body).await;
        assert_eq!((answer.status, answer.set_cookies()), (200, vec![]), "{answer:?}");
        one.is_dead(&app).await;
        other.is_dead(&app).await;
        assert!(!ada.is_signed_in().await, "a token keeps no session");
        assert_eq!(app.browser().ask_token("ada", NEW, None).await.status, 200);
    }

    async fn a_change_of_password_in_a_session_keeps_that_session_only(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let program = program(&app).await;
        assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 200);
        program.is_dead(&app).await;
        assert!(ada.is_signed_in().await);
    }

    async fn a_reset_ends_tokens_and_keys(app: App) {
        let mail = app;
        let app = mail.with_tokens().await;
        app.register("ada").await;
        let program = program(&app).await;
        let body = json!({ "token": mail.reset_token("ada@example.com").await, "new_password": NEW });
        assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
        program.is_dead(&app).await;
    }

    async fn disabling_ends_tokens_and_keys_for_good(app: App) {
        let (auth, app) = app.all(Setup::default()).await;
        app.register("ada").await;
        let (used, unused) = (program(&app).await, program(&app).await);
        let id = app.database.number("SELECT id FROM users").await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        used.is_dead(&app).await;
        assert!(auth.accounts().enable(&id).await.unwrap());
        used.is_dead(&app).await;
        // Using one while its account is disabled ends it anyhow.
        unused.is_dead(&app).await;
    }

    async fn an_account_that_was_disabled_by_other_means_does_not_come_back_with_what_it_had(app: App) {
        let app = app.with_tokens().await;
        app.register("ada").await;
        let (used, refreshed) = (program(&app).await, program(&app).await);
        app.database.execute("UPDATE users SET is_active = FALSE").await;
        assert_eq!(used.is_alive(&app).await, [false, false]);
        assert_eq!(app.browser().refresh(&refreshed.pair.refresh).await.status, 401);
        app.database.execute("UPDATE users SET is_active = TRUE").await;
        used.is_dead(&app).await;
        refreshed.is_dead(&app).await;
    }

    async fn one_credential_of_a_disabled_account_that_is_used_ends_all_of_them(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let (idle, bob) = (program(&app).await, app.member("bob").await);
        for use_one in ["session", "token", "key", "refresh"] {
            let (session, program) = (app.signed_in("ada", PASSWORD).await, program(&app).await);
            app.database.execute("UPDATE users SET is_active = FALSE WHERE username = 'ada'").await;
            match use_one {
                "session" => assert!(!session.is_signed_in().await),
                "token" => assert!(!app.browser().knows(&program.pair.access).await),
                "key" => assert!(!app.browser().knows(&program.key).await),
                _ => assert_eq!(app.browser().refresh(&program.pair.refresh).await.status, 401),
            }
            app.database.execute("UPDATE users SET is_active = TRUE WHERE username = 'ada'").await;
            program.is_dead(&app).await;
            idle.is_dead(&app).await;
            assert!(!session.is_signed_in().await && !ada.is_signed_in().await, "{use_one}");
            assert!(bob.is_signed_in().await);
        }
    }

    async fn deleting_ends_tokens_and_keys(app: App) {
        let (auth, app) = app.all(Setup::default()).await;
        app.register("ada").await;
        let program = program(&app).await;
        let id = app.database.number("SELECT id FROM users").await;
        assert!(auth.accounts().delete(&id).await.unwrap());
        program.is_dead(&app).await;
        assert_eq!(app.database.count("users_token_families").await, 0);
        assert_eq!(app.database.count("users_api_keys").await, 0);
    }

    async fn an_account_that_was_deleted_by_other_means_leaves_nothing_to_who_gets_its_key(app: App) {
        let app = app.with_tokens().await;
        app.register("ada").await;
        let (used, unused) = (program(&app).await, program(&app).await);
        let id = app.database.number("SELECT id FROM users").await;
        app.database.execute("DELETE FROM users").await;
        used.is_dead(&app).await;
        app.register("eve").await;
        app.database.execute(&format!("UPDATE users SET id = {id}")).await;
        assert_eq!(app.database.count("users_token_families").await, 2, "this is where they would be");
        assert_eq!(app.database.count("users_api_keys").await, 2);
        unused.is_dead(&app).await;
        used.is_dead(&app).await;
    }

    async fn a_secret_is_changed_without_signing_anybody_out(app: App) {
        const NEXT: &str = "another-secret-for-tests-of-32-bytes-or-more";
        let before = app.with_tokens().await;
        before.register("ada").await;
        let program = program(&before).await;
        let rotated = Setup { secret: NEXT, previous: vec![SECRET], ..Setup::default() };
        let (_, after) = app.all(rotated).await;
        assert_eq!(program.is_alive(&after).await, [true, true]);
        let next = Pair::of(&after.browser().refresh(&program.pair.refresh).await);
        let (_, later) = app.all(Setup { secret: NEXT, ..Setup::default() }).await;
        assert!(later.browser().knows(&next.access).await, "made with the new one");
        assert_eq!(program.is_alive(&later).await, [false, true], "the key was renewed by its use");
        Pair::of(&later.browser().refresh(&next.refresh).await);
    }

    async fn logging_out_with_a_refresh_token_ends_its_sign_in(app: App) {
        let app = app.with_tokens().await;
        let (one, other) = (app.program("ada").await, app.pair("ada").await);
        let answer = app.browser().post("/logout", json!({ "refresh_token": one.refresh })).await;
        assert_eq!((answer.status, &*answer.detail()), (200, "Logged out"));
        assert!(!app.browser().knows(&one.access).await);
        assert_eq!(app.browser().refresh(&one.refresh).await.status, 401);
        assert!(app.browser().knows(&other.access).await);
    }

    async fn logging_out_by_cookie_ends_its_sign_in(app: App) {
        let (_, app) = app.all(in_cookie()).await;
        app.register("ada").await;
        let browser = app.browser();
        let pair = Pair::of(&browser.ask_token("ada", PASSWORD, None).await);
        let stolen = browser.stolen();
        assert_eq!(browser.post("/logout", json!({})).await.status, 200);
        assert_eq!(browser.cookie("refresh_token").as_deref(), None);
        assert!(!browser.knows(&pair.access).await);
        assert_eq!(stolen.post("/refresh", json!({})).await.status, 401);
    }
}

#[tokio::test]
async fn logging_out_with_an_access_token_ends_its_sign_in() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    assert_eq!(app.browser().bearing(&pair.access, Method::POST, "/logout").await.status, 200);
    assert!(!app.browser().knows(&pair.access).await);
    assert_eq!(app.browser().refresh(&pair.refresh).await.status, 401);
}

#[tokio::test]
async fn logging_out_minds_no_junk_and_ends_everything_that_is_sent() {
    let (_, app) = App::on(Kind::Sqlite).await.all(in_cookie()).await;
    let ada = app.member("ada").await;
    let pair = Pair::of(&ada.ask_token("ada", PASSWORD, None).await);
    for junk in ["junk", "a.b.c", ""] {
        assert_eq!(app.browser().bearing(junk, Method::POST, "/logout").await.status, 200);
        let stranger = app.browser();
        stranger.set_cookie("refresh_token", junk);
        assert_eq!(stranger.post("/logout", json!({})).await.status, 200);
    }
    let bare = [("x-csrf-token", "")];
    let answer = ada.send(Method::POST, "/logout", &bare, vec![]).await;
    assert_eq!((answer.status, &*answer.code()), (403, "csrf-missing"));
    assert!(ada.knows(&pair.access).await, "nothing ends then");
    assert_eq!(ada.post("/logout", json!({})).await.status, 200);
    let left: Vec<_> = ada.cookies().into_keys().collect();
    assert_eq!(left, ["known_device"]);
    assert!(!app.browser().knows(&pair.access).await);
}

#[tokio::test]
async fn a_first_password_wants_a_sign_in_that_tells_when_it_was() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let pair = app.program("ada").await;
    let body = json!({ "new_password": NEW });
    let set = async || {
        app.browser().bearing_json(&pair.access, Method::POST, "/set-password", &body).await
    };
    assert_eq!(set().await.code(), "has-password");
    app.database.execute("UPDATE users SET hashed_password = '!'").await;
    let answer = set().await;
    let told = "Sign in again to continue: this needs a recent sign-in.";
    assert_eq!((answer.status, &*answer.detail()), (403, told));
}
