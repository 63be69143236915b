//! Rows inserted by other programs, and ids.

use crudauth::email::MessageKind;
use crudauth::{Password, Registered, SignInError, SignInRequest, SignUp};
use crudauth_tests::{App, PASSWORD, User, on_every_database, sign_up};
use serde_json::json;

const INSERT: &str = "INSERT INTO users (email, username, username_key) \
                      VALUES ('ada@example.com', 'Ada', 'ada')";

async fn sign_in(app: &App, password: &str) -> Result<i64, SignInError> {
    let password = Password::parse(password).unwrap();
    let attempt = SignInRequest::new("ada", password.clone());
    app.auth
        .accounts()
        .sign_in(attempt)
        .await
        .map(|signed_in| signed_in.done().unwrap().account.user.id)
}

async fn register(app: &App, name: &str) -> i64 {
    let form = SignUp::<User>::from_json(&sign_up(name)).unwrap();
    match app.auth.accounts().register(form).await.unwrap() {
        Registered::Added(id) => id,
        _ => panic!("{name} is new"),
    }
}

on_every_database! {
    async fn a_row_with_identifiers_only_is_an_account_without_password(app: App) {
        app.database.execute(INSERT).await;
        let ada = app.auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
        assert!(ada.is_active() && !ada.is_superuser() && !ada.is_verified());
        assert_eq!((&*ada.user.plan, ada.user.full_name), ("free", None));
        for password in ["", "!", "ada", PASSWORD] {
            let refused = sign_in(&app, password).await;
            assert!(matches!(refused, Err(SignInError::Refused)), "{password:?}: {refused:?}");
        }
    }

    async fn an_account_without_password_signs_in_after_a_reset(app: App) {
        app.database.execute(INSERT).await;
        let token = app.reset_token("ada@example.com").await;
        let confirm = json!({ "token": token, "new_password": PASSWORD });
        assert_eq!(app.browser().post("/password/reset-confirm", confirm).await.status, 200);
        assert!(app.signed_in("ada", PASSWORD).await.is_signed_in().await);
        assert_eq!(app.mail_count(MessageKind::PasswordChanged, "ada@example.com").await, 1);
    }

    async fn an_id_is_never_reused(app: App) {
        register(&app, "ada").await;
        let newest = register(&app, "bob").await;
        assert!(app.auth.accounts().delete(&newest).await.unwrap());
        let next = register(&app, "cyd").await;
        assert!(next > newest, "{next} after {newest}");
        assert!(app.auth.accounts().delete(&next).await.unwrap());
        app.database.execute(INSERT.replace("ada", "dan").replace("Ada", "Dan").as_str()).await;
        let by_hand = app.auth.accounts().find_by_identifier("dan").await.unwrap().unwrap();
        assert!(by_hand.user.id > next);
    }
}
