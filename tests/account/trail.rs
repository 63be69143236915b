//! Changes of factors, deletions and actions of administrators: none without its event.

use crudauth::MfaConfig;

use super::admin::admin;
use super::audit::{break_trail, kinds, mend_trail};
use super::*;

const ADA: &str = "ada@example.com";

fn setup() -> Setup {
    let admin = AdminConfig::default().impersonates(true);
    Setup { admin, mfa: MfaConfig::default().trusted_browsers(MONTH), ..Setup::grace() }
}

/// How many rows of each kind are stored.
async fn stored(app: &App) -> Vec<(String, i64)> {
    let tables = OWNED.map(|table| format!("users_{table}")).into_iter();
    let states = [
        "users_authenticators WHERE confirmed_at IS NOT NULL",
        "users WHERE is_active",
        "users WHERE is_superuser",
        "users WHERE hashed_password LIKE '!%'",
    ];
    let mut stored = Vec::new();
    for rows in tables.chain(states.map(str::to_owned)) {
        let count = app.database.count(&rows).await;
        stored.push((rows, count));
    }
    stored
}

/// The next code of an authenticator.
fn code(app: &App, secret: &str) -> String {
    app.clock.advance(Duration::from_secs(30));
    totp(secret, app.clock.now().timestamp() / 30)
}

/// The second step of a sign-in, with the wish to be trusted.
async fn verify(browser: &Browser, name: &str, code: &str) -> u16 {
    let challenge = browser.login(name, PASSWORD).await.json()["challenge"].clone();
    let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
    browser.post("/mfa/verify", body).await.status
}

/// Sets an authenticator up, and returns its first code.
async fn first_code(app: &App, browser: &Browser) -> Value {
    let setup = browser.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await.json();
    let secret = setup["secret"].as_str().unwrap();
    json!({ "code": totp(secret, app.clock.now().timestamp() / 30) })
}

/// The path of an action on an account.
fn path(id: i64, action: &str) -> String {
    format!("/admin/accounts/{id}/{action}")
}

on_every_database! {
    async fn no_factor_and_no_trust_changes_without_its_event(app: App) {
        let (auth, app) = full(&app, setup()).await;
        let ada = app.member("ada").await;
        let (secret, codes) = enrol(&app, &ada).await;
        assert_eq!(verify(&ada, "ada", &code(&app, &secret)).await, 200);
        let trusts = ada.get("/mfa/trusted-browsers").await.json();
        let trust = format!("/mfa/trusted-browsers/{}", trusts[0]["id"].as_str().unwrap());
        let bob = app.member("bob").await;
        let first = first_code(&app, &bob).await;
        auth.drained().await;
        let before = stored(&app).await;

        break_trail(&app).await;
        assert_eq!(bob.post("/mfa/totp/confirm", first.clone()).await.status, 500);
        assert_eq!(verify(&app.browser(), "ada", &codes[0]).await, 500);
        assert_eq!(verify(&app.browser(), "ada", &code(&app, &secret)).await, 500);
        for path in ["/mfa/totp/disable", "/mfa/recovery-codes/regenerate"] {
            for code in [code(&app, &secret), codes[0].clone()] {
                assert_eq!(ada.post(path, json!({ "code": code })).await.status, 500, "{path}");
            }
        }
        assert_eq!(ada.delete(&trust).await.status, 500);
        auth.drained().await;
        mend_trail(&app).await;

        assert_eq!(stored(&app).await, before);
        assert!(ada.is_signed_in().await && bob.is_signed_in().await);
        assert_eq!(app.mail_count(MessageKind::SecondFactorRemoved, ADA).await, 0);
        assert_eq!(app.mail_count(MessageKind::RecoveryCodesReplaced, ADA).await, 0);
        assert_eq!(app.mail_count(MessageKind::RecoveryCodeUsed, ADA).await, 0);
        assert_eq!(verify(&app.browser(), "ada", &codes[0]).await, 200, "it was not used up");
    }

    async fn no_deletion_is_asked_for_and_undone_without_its_event(app: App) {
        let (auth, app) = full(&app, setup()).await;
        let ada = owner(&app, "ada").await;
        auth.drained().await;
        let before = stored(&app).await;
        break_trail(&app).await;
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 500);
        mend_trail(&app).await;
        assert_eq!(stored(&app).await, before);
        assert!(ada.is_signed_in().await);

        assert_eq!(ada.post("/account/delete", json!({})).await.status, 202);
        let token = app.token(MessageKind::DeletionRequested, ADA).await;
        auth.drained().await;
        let before = stored(&app).await;
        break_trail(&app).await;
        let link = json!({ "token": token });
        assert_eq!(app.browser().post("/account/restore", link.clone()).await.status, 500);
        mend_trail(&app).await;
        assert_eq!(stored(&app).await, before);
        assert_eq!(app.browser().post("/account/restore", link).await.status, 200);
    }

    async fn no_administrator_acts_without_an_event(app: App) {
        let (auth, app) = full(&app, setup()).await;
        let root = app.member("root").await;
        promote(&app, "root").await;
        let ada = app.member("ada").await;
        enrol(&app, &ada).await;
        let id = ada.id().await;
        let other = app.member("other").await.id().await;
        promote(&app, "other").await;
        let disabled = app.member("disabled").await.id().await;
        assert!(auth.accounts().disable(&disabled).await.unwrap());
        elevated(&root).await;
        auth.drained().await;
        let before = stored(&app).await;

        break_trail(&app).await;
        let actions = [
            (id, "disable"), (id, "end-sessions"), (id, "force-password-change"),
            (id, "remove-factor"), (id, "impersonate"), (other, "demote"), (disabled, "enable"),
        ];
        for (id, action) in actions {
            let answer = root.post(&path(id, action), json!({ "reason": "spam" })).await;
            assert_eq!(answer.status, 500, "{action}: {answer:?}");
        }
        auth.drained().await;
        mend_trail(&app).await;

        assert_eq!(stored(&app).await, before);
        assert!(ada.is_signed_in().await);
        for kind in [MessageKind::AccountDisabled, MessageKind::SecondFactorRemoved, MessageKind::Impersonated] {
            assert_eq!(app.mail_count(kind, ADA).await, 0, "{kind:?}");
        }
        let answer = root.post(&path(id, "impersonate"), json!({})).await;
        assert_eq!(answer.status, 200, "the own session is as it was: {answer:?}");
    }

    async fn ended_sessions_and_a_removed_factor_are_one_event_each_with_the_actor(app: App) {
        let (auth, app) = full(&app, setup()).await;
        let ada = app.member("ada").await;
        let (secret, _) = enrol(&app, &ada).await;
        let id = ada.id().await;
        let root = admin(&app, "root").await;
        let before = kinds(&auth, id).await.len();
        assert_eq!(root.post(&path(id, "remove-factor"), json!({})).await.json()["removed"], true);
        assert_eq!(app.mail_count(MessageKind::SecondFactorRemoved, ADA).await, 1);
        app.signed_in("ada", PASSWORD).await;
        tokens(&app, "ada").await;
        let ended = root.post(&path(id, "end-sessions"), json!({})).await;
        assert_eq!(ended.json()["revoked"], 2, "{ended:?}");

        let expected = [
            "factor-removed-by-administrator", "signed-in", "signed-in",
            "sessions-ended-by-administrator",
        ];
        assert_eq!(kinds(&auth, id).await[before..], expected);
        let page = auth.accounts().audit().of(&id, None).await.unwrap();
        let root = root.id().await.to_string();
        for record in page.records.iter().filter(|one| one.kind.ends_with("by-administrator")) {
            assert_eq!(record.actor.as_ref(), Some(&root), "{record:?}");
        }
        assert_eq!(auth.accounts().audit().verify_account(&id).await.unwrap().faults, []);
        assert_eq!(app.browser().login("ada", PASSWORD).await.json()["mfa_required"], Value::Null, "{secret}");
    }
}
