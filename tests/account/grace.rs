//! Deletion after a grace period.

use super::*;

async fn leave(app: &App, browser: &Browser) -> String {
    let answer = browser.post("/account/delete", json!({})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    app.token(MessageKind::DeletionRequested, "ada@example.com").await
}

async fn restore(app: &App, token: &str) -> Answer {
    app.browser().post("/account/restore", json!({ "token": token })).await
}

on_every_database! {
    async fn nothing_signs_in_while_a_deletion_waits(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let ada = app.member("ada").await;
        let (access, refresh) = tokens(&app, "ada").await;
        let key = api_key(&ada).await;
        let reset = app.reset_token("ada@example.com").await;
        leave(&app, elevated(&ada).await).await;
        assert!(!ada.is_signed_in().await);
        assert_eq!([me_with(&app, &access).await, me_with(&app, &key).await], [401, 401]);
        let refreshed = app.browser().post("/refresh", json!({ "refresh_token": refresh })).await;
        assert_eq!(refreshed.status, 401);
        let unknown = app.browser().login("nobody", PASSWORD).await;
        let waiting = app.browser().login("ada", PASSWORD).await;
        assert_eq!((waiting.status, waiting.text), (401, unknown.text), "as an unknown name");
        let confirm = json!({ "token": reset, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", confirm).await.status, 400);
        let again = json!({ "email": "ada@example.com" });
        assert_eq!(app.browser().post("/password/reset-request", again).await.status, 200);
        assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 1);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 1, "the time has not come");
    }

    async fn a_purge_deletes_the_account_after_the_grace_period(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        let token = leave(&app, &ada).await;
        app.clock.advance(MONTH - Duration::from_secs(1));
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 1);
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(restore(&app, &token).await.code(), "invalid-token", "too late");
        assert!(auth.purge().await.unwrap() > 0);
        assert_eq!(rows_of(&app, id).await, 0);
        assert_eq!(app.mail_count(MessageKind::AccountDeleted, "ada@example.com").await, 1);
    }

    async fn a_mailed_link_restores_the_account_once(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let ada = owner(&app, "ada").await;
        let stolen = ada.stolen();
        let token = leave(&app, &ada).await;
        let mail = app.last_mail(MessageKind::DeletionRequested, "ada@example.com").await;
        assert!(mail.link.unwrap().starts_with("https://app.example.com/restore-account?token="));
        assert!(mail.text.contains("The link works for 30 days."), "{}", mail.text);
        assert_eq!(restore(&app, &"0".repeat(token.len())).await.code(), "invalid-token");
        assert_eq!(restore(&app, &token).await.status, 200);
        assert_eq!(restore(&app, &token).await.code(), "invalid-token");
        assert_eq!(app.mail_count(MessageKind::AccountRestored, "ada@example.com").await, 1);
        assert!(!stolen.is_signed_in().await, "earlier sessions stay dead");
        app.signed_in("ada", PASSWORD).await;
        app.clock.advance(2 * MONTH);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 1);
    }

    async fn of_64_restorations_at_once_one_restores(app: App) {
        let (_, app) = full(&app, Setup::grace()).await;
        let token = leave(&app, &owner(&app, "ada").await).await;
        let answers = concurrently((0..64).map(|_| {
            let (app, token) = (app.clone(), token.clone());
            async move { restore(&app, &token).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 400), 63, "{answers:?}");
        let version = "SELECT CAST(token_version AS CHAR(9)) FROM users";
        assert_eq!(app.database.text(version).await.trim(), "2");
        assert_eq!(app.mail_count(MessageKind::AccountRestored, "ada@example.com").await, 1);
    }

    async fn an_account_that_is_enabled_by_hand_is_not_deleted(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        leave(&app, &ada).await;
        assert!(auth.accounts().enable(&id).await.unwrap());
        assert_eq!(app.database.count("users_deletions").await, 0, "the deletion is withdrawn");
        let ada = app.signed_in("ada", PASSWORD).await;
        leave(&app, elevated(&ada).await).await;
        app.database.execute("UPDATE users SET is_active = TRUE").await;
        app.clock.advance(2 * MONTH);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users_deletions").await, 0, "it is forgotten");
        app.signed_in("ada", PASSWORD).await;
    }

    async fn a_forgotten_deletion_does_not_delete_an_account_that_is_disabled_later(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        leave(&app, &ada).await;
        // Other software knows nothing of the deletion.
        app.database.execute("UPDATE users SET is_active = TRUE").await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        app.clock.advance(2 * MONTH);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 1);
        assert!(auth.accounts().enable(&id).await.unwrap());
        app.signed_in("ada", PASSWORD).await;
    }

    async fn an_undo_link_does_not_enable_an_account_that_an_administrator_disabled(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        let token = leave(&app, &ada).await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        assert_eq!(restore(&app, &token).await.code(), "invalid-token");
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
    }
}
