//! Passkeys do not change without their events.

use super::*;

on_every_database! {
    async fn no_passkey_changes_without_its_event(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let path = format!("/passkeys/{}", first_id(&ada).await);
        let mut other = authenticator();
        let added = other.create(&options(&ada, "/passkeys/register/options", json!({})).await);
        let added = json!({ "credential": added });
        let stranger = app.browser();
        let entering = signed(&stranger, &mut device).await;
        auth.drained().await;
        let name = async || app.database.text("SELECT name FROM users_passkeys").await;
        let before = name().await;

        app.database.execute("ALTER TABLE users_audit RENAME TO users_audit_away").await;
        assert_eq!(ada.post("/passkeys/register/verify", added).await.status, 500);
        assert_eq!(patch(&ada, &path, json!({ "name": "other" })).await.status, 500);
        assert_eq!(ada.delete(&path).await.status, 500);
        assert_eq!(send(&stranger, &entering).await.status, 500);
        app.database.execute("ALTER TABLE users_audit_away RENAME TO users_audit").await;

        assert_eq!(app.database.count("users_passkeys").await, 1);
        assert_eq!(name().await, before);
        assert!(ada.is_signed_in().await && !stranger.is_signed_in().await);
        assert_eq!(sign_in(&stranger, &mut device).await.status, 200);
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
        auth.drained().await;
        assert_eq!(app.database.count("users_audit WHERE kind = 'passkey-added'").await, 2);
    }
}
