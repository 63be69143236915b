//! Rows inserted by other programs, and ids.

use crudauth::email::MessageKind;
use crudauth::{
    BlockerKind, Password, Plan, Registered, SignInError, SignInRequest, SignUp, migrations,
};
use crudauth_tests::{App, Database, PASSWORD, User, on_every_database, sign_up};
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

async fn plan(database: &Database) -> Plan {
    match database {
        Database::Sqlite(pool) => migrations!(User).plan(pool).await.unwrap(),
        Database::Postgres(pool) => migrations!(User).plan(pool).await.unwrap(),
        Database::MySql(pool) => migrations!(User).plan(pool).await.unwrap(),
    }
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

    async fn a_name_that_another_program_changed_is_reported_with_its_fix(app: App) {
        let ada = register(&app, "ada").await;
        register(&app, "bob").await;
        assert!(plan(&app.database).await.is_empty());
        app.database.execute("UPDATE users SET username = 'Zoe' WHERE username = 'ada'").await;
        let found = plan(&app.database).await;
        let [blocker] = found.blockers() else { panic!("{found}") };
        assert_eq!(blocker.column, "username_key");
        let BlockerKind::NotNormalized { update: Some(update), .. } = &blocker.kind else {
            panic!("{found}")
        };
        app.database.execute(update).await;
        for name in ["Zoe", "bob"] {
            assert!(app.auth.accounts().find_by_identifier(name).await.unwrap().is_some(), "{name}");
        }
        let zoe = app.auth.accounts().find_by_identifier("zoe").await.unwrap();
        assert_eq!(zoe.map(|account| account.user.id), Some(ada), "its compared form is filled");
        assert!(plan(&app.database).await.is_empty());
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
