//! Changes of username in a mount with fresh proof, a trail of events and mails.

use super::*;

const ADA: &str = "ada@example.com";

async fn change(browser: &Browser, body: Value) -> Answer {
    browser.post("/username/change", body).await
}

on_every_database! {
    async fn a_change_needs_an_elevated_session(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let body = json!({ "new_username": "countess", "password": PASSWORD });
        let answer = change(&ada, body.clone()).await;
        assert_eq!((answer.status, &*answer.code()), (403, "reauthentication-required"));
        assert!(auth.accounts().find_by_identifier("ada").await.unwrap().is_some());
        elevated(&ada).await;
        assert_eq!(change(&ada, body).await.status, 200);
        assert_eq!(ada.get("/me").await.json()["username"], "countess", "the session stays");
    }

    async fn a_change_is_kept_with_its_event_and_mailed(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        app.member("bob").await;
        assert_eq!(change(&ada, json!({ "new_username": "bob" })).await.status, 422);
        assert_eq!(app.mail_count(MessageKind::UsernameChanged, ADA).await, 0);
        assert_eq!(change(&ada, json!({ "new_username": "countess" })).await.status, 200);
        let mail = app.last_mail(MessageKind::UsernameChanged, ADA).await;
        assert!(!mail.text.contains("countess"), "{}", mail.text);
        let kept = audit::kinds(&auth, id).await;
        let expected = ["registered", "signed-in", "session-elevated", "username-changed"];
        assert_eq!(kept, expected);
    }

    async fn a_trail_that_cannot_be_written_keeps_the_name(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = owner(&app, "ada").await;
        auth.drained().await;
        app.database.execute("ALTER TABLE users_audit RENAME TO users_audit_away").await;
        assert_eq!(change(&ada, json!({ "new_username": "countess" })).await.status, 500);
        app.database.execute("ALTER TABLE users_audit_away RENAME TO users_audit").await;
        assert_eq!(app.database.count("users WHERE username = 'ada'").await, 1);
    }

    async fn a_second_factor_is_a_part_of_the_proof(app: App) {
        let (auth, app) = plain(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let (_, codes) = enrol(&app, &ada).await;
        let ada = app.browser();
        let challenge = ada.login("ada", PASSWORD).await.json()["challenge"].clone();
        let first = json!({ "challenge": challenge, "code": codes[0] });
        assert_eq!(ada.post("/mfa/verify", first).await.status, 200);
        let mut body = json!({ "new_username": "countess", "password": PASSWORD });
        let answer = change(&ada, body.clone()).await;
        assert_eq!((answer.status, &*answer.code()), (401, "code-needed"));
        assert!(auth.accounts().find_by_identifier("ada").await.unwrap().is_some());
        body["code"] = json!(codes[1]);
        assert_eq!(change(&ada, body).await.status, 200);
    }
}
