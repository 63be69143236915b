//! Deletion at once.

use crudauth::store::SessionStore;

use super::*;

async fn delete(browser: &Browser) -> Answer {
    browser.post("/account/delete", json!({})).await
}

on_every_database! {
    async fn deletion_leaves_no_row_in_any_table(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let bob = app.member("bob").await;
        let (secret, _) = enrol(&app, &ada).await;
        api_key(&ada).await;
        let id = ada.id().await;
        app.reset_token("ada@example.com").await;
        let code = totp(&secret, app.clock.now().timestamp() / 30);
        let proof = json!({ "password": PASSWORD, "code": code });
        assert_eq!(ada.post("/sudo", proof).await.status, 200);
        assert!(rows_of(&app, id).await > 12);
        let bobs = rows_of(&app, bob.id().await).await;
        let answer = delete(&ada).await;
        assert_eq!((answer.status, answer.detail()), (200, "Account deleted.".to_owned()));
        assert_eq!(rows_of(&app, id).await, 0);
        assert_eq!(rows_of(&app, bob.id().await).await, bobs, "others keep theirs");
        assert!(ada.cookie("session_id").is_none(), "the browser forgets the session");
        assert_eq!(app.mail_count(MessageKind::AccountDeleted, "ada@example.com").await, 1);
        assert_eq!(app.register("ada").await.status, 202, "the name is free");
    }

    async fn deletion_leaves_no_session_in_another_store(app: App) {
        let store = MemoryStore::default();
        let setup = Setup { sessions: Some(store.clone()), ..Setup::default() };
        let (_, app) = full(&app, setup).await;
        let ada = owner(&app, "ada").await;
        let bob = app.member("bob").await;
        app.signed_in("ada", PASSWORD).await;
        let left = async |id: &i64| {
            let sessions: &dyn SessionStore<Person> = &store;
            sessions.list(id, app.clock.now()).await.unwrap().len()
        };
        let ids = [ada.id().await, bob.id().await];
        assert_eq!([left(&ids[0]).await, left(&ids[1]).await], [2, 1]);
        assert_eq!(delete(&ada).await.status, 200);
        assert_eq!([left(&ids[0]).await, left(&ids[1]).await], [0, 1]);
    }

    async fn every_credential_of_a_deleted_account_is_dead(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let (access, refresh) = tokens(&app, "ada").await;
        let key = api_key(&ada).await;
        let other = app.signed_in("ada", PASSWORD).await;
        let reset = app.reset_token("ada@example.com").await;
        assert_eq!([me_with(&app, &access).await, me_with(&app, &key).await], [200, 200]);
        assert_eq!(delete(elevated(&ada).await).await.status, 200);
        assert_eq!([me_with(&app, &access).await, me_with(&app, &key).await], [401, 401]);
        let refreshed = app.browser().post("/refresh", json!({ "refresh_token": refresh })).await;
        assert_eq!(refreshed.status, 401);
        assert!(!other.is_signed_in().await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        let confirm = json!({ "token": reset, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", confirm).await.status, 400);
    }

    async fn a_session_that_is_not_elevated_deletes_nothing(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        assert_eq!(delete(&ada).await.code(), "reauthentication-required");
        let with_password = json!({ "password": PASSWORD });
        let answer = ada.post("/account/delete", with_password).await;
        assert_eq!(answer.code(), "reauthentication-required", "one way to prove it is enough");
        let headers = [("x-csrf-token", "wrong"), ("content-type", "application/json")];
        elevated(&ada).await;
        let forged = ada.send(Method::POST, "/account/delete", &headers, b"{}".to_vec()).await;
        assert_eq!(forged.code(), "csrf-invalid");
        assert_eq!(app.browser().post("/account/delete", json!({})).await.status, 401);
        assert!(ada.is_signed_in().await);
    }

    async fn a_program_cannot_delete_the_account(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let ada = owner(&app, "ada").await;
        let key = format!("Bearer {}", api_key(&ada).await);
        let headers = [("authorization", &*key), ("content-type", "application/json")];
        for path in ["/account/delete", "/account/export"] {
            let answer = app.browser().send(Method::POST, path, &headers, b"{}".to_vec()).await;
            assert_eq!(answer.status, 401, "{path}");
        }
        assert!(ada.is_signed_in().await);
    }

    async fn without_sudo_the_password_and_the_code_prove_the_owner(app: App) {
        let (_, app) = plain(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let (secret, _) = enrol(&app, &ada).await;
        let with = |body: Value| ada.post("/account/delete", body);
        assert_eq!(with(json!({})).await.code(), "wrong-password");
        assert_eq!(with(json!({ "password": PASSWORD })).await.code(), "code-needed");
        let code = totp(&secret, app.clock.now().timestamp() / 30);
        let wrong = json!({ "password": "a-wrong-one", "code": code });
        assert_eq!(with(wrong.clone()).await.code(), "wrong-password");
        assert_eq!(with(wrong).await.code(), "too-many-requests", "the third failure locks");
        assert_eq!(with(json!({ "password": PASSWORD, "code": code })).await.status, 429);
        app.clock.advance(Duration::from_secs(901));
        let code = totp(&secret, app.clock.now().timestamp() / 30);
        assert_eq!(with(json!({ "password": PASSWORD, "code": code })).await.status, 200);
        assert_eq!(app.database.count("users").await, 0);
    }

    async fn an_account_without_a_factor_is_deleted_by_a_mailed_link(app: App) {
        let (_, app) = plain(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!none'").await;
        let answer = ada.post("/account/delete", json!({ "password": PASSWORD })).await;
        assert_eq!((answer.status, app.database.count("users").await), (202, 1));
        assert!(ada.is_signed_in().await, "nothing happens before the link");
        let mail = app.last_mail(MessageKind::DeleteAccount, "ada@example.com").await;
        assert!(mail.link.unwrap().starts_with("https://app.example.com/delete-account?token="));
        let token = app.token(MessageKind::DeleteAccount, "ada@example.com").await;
        let confirm = |token: &str| {
            let browser = app.browser();
            let body = json!({ "token": token });
            async move { browser.post("/account/delete-confirm", body).await }
        };
        assert_eq!(confirm(&"0".repeat(token.len())).await.code(), "invalid-token");
        assert_eq!(confirm(&token).await.status, 200);
        assert_eq!(confirm(&token).await.code(), "invalid-token");
        assert_eq!(app.database.count("users").await, 0);
    }

    async fn a_link_that_deletes_is_void_after_an_hour_and_after_a_change(app: App) {
        let (_, app) = plain(&app, Setup::default()).await;
        let (ada, bob) = (app.member("ada").await, app.member("bob").await);
        app.database.execute("UPDATE users SET hashed_password = '!none'").await;
        assert_eq!(bob.post("/account/delete", json!({})).await.status, 202);
        let token = app.token(MessageKind::DeleteAccount, "bob@example.com").await;
        app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'bob'").await;
        let answer = app.browser().post("/account/delete-confirm", json!({ "token": token })).await;
        assert_eq!(answer.code(), "invalid-token", "the account has changed");
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 202);
        let old = app.token(MessageKind::DeleteAccount, "ada@example.com").await;
        app.clock.advance(Duration::from_secs(3601));
        let answer = app.browser().post("/account/delete-confirm", json!({ "token": old })).await;
        assert_eq!(answer.code(), "invalid-token");
        assert_eq!(app.database.count("users").await, 2);
    }

    async fn of_64_deletions_at_once_one_deletes(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let ada = owner(&app, "ada").await;
        let answers = concurrently((0..64).map(|_| {
            let ada = ada.stolen();
            async move { delete(&ada).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 401), 63, "{answers:?}");
        assert_eq!(app.database.count("users").await, 0);
        assert_eq!(app.mail_count(MessageKind::AccountDeleted, "ada@example.com").await, 1);
    }

    async fn the_last_active_superuser_cannot_leave(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let (ada, bob) = (owner(&app, "ada").await, owner(&app, "bob").await);
        promote(&app, "ada").await;
        promote(&app, "bob").await;
        app.database.execute("UPDATE users SET is_active = FALSE WHERE username = 'bob'").await;
        assert_eq!(delete(&ada).await.code(), "last-superuser");
        assert!(ada.is_signed_in().await, "nothing has changed");
        app.database.execute("UPDATE users SET is_active = TRUE").await;
        let answers = concurrently([ada, bob].map(|one| async move { delete(&one).await })).await;
        let refused = answers.iter().filter(|answer| answer.code() == "last-superuser").count();
        assert_eq!((count_status(&answers, 200), refused), (1, 1), "{answers:?}");
    }
}
