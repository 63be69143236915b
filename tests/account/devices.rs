//! Notices of sign-ins from devices that are not known.

use super::*;

async fn notices(app: &App) -> usize {
    app.mail_count(MessageKind::NewDevice, "ada@example.com").await
}

on_every_database! {
    async fn a_sign_in_on_an_unknown_device_is_mailed(app: App) {
        let (_, app) = full(&app, Setup { notifies: true, ..Setup::default() }).await;
        let ada = app.member("ada").await;
        assert_eq!(notices(&app).await, 1);
        assert_eq!(ada.post("/logout", json!({})).await.status, 200);
        assert_eq!(ada.login("ada", PASSWORD).await.status, 200);
        assert_eq!(notices(&app).await, 1, "the device is known");
        assert_eq!(app.browser().login("ada", "a-wrong-one").await.status, 401);
        assert_eq!(notices(&app).await, 1, "nobody has signed in");
        app.signed_in("ada", PASSWORD).await;
        tokens(&app, "ada").await;
        assert_eq!(notices(&app).await, 3);
    }

    async fn no_sign_in_is_mailed_by_default(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        app.member("ada").await;
        assert_eq!(notices(&app).await, 0);
    }
}
