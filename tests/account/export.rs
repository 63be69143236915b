//! The copy that an owner takes along.

use super::*;

on_every_database! {
    async fn an_export_has_the_account_and_the_data_of_every_slice(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let mut form = crudauth_tests::sign_up("ada");
        form["full_name"] = json!("Ada Lovelace");
        assert_eq!(app.browser().post("/register", form).await.status, 202);
        let ada = app.signed_in("ada", PASSWORD).await;
        api_key(&ada).await;
        tokens(&app, "ada").await;
        assert_eq!(ada.get("/account/export").await.code(), "reauthentication-required");
        let answer = elevated(&ada).await.get("/account/export").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"account.json\""));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let export = answer.json();
        assert_eq!(export["schema"], 1);
        let account = &export["account"];
        assert_eq!(account["id"], ada.id().await);
        let names = json!({ "email": "ada@example.com", "username": "ada" });
        assert_eq!(account["identifiers"], names);
        assert_eq!(account["fields"], json!({ "full_name": "Ada Lovelace" }), "and not the plan");
        assert!(account["created_at"].as_str().is_some_and(|at| at.starts_with("20")), "{account}");
        assert_eq!(export["sessions"][0]["current"], false);
        assert_eq!(export["api_keys"][0]["name"], "backup");
        assert_eq!(export["tokens"].as_array().unwrap().len(), 1);
        assert_eq!(export["factors"]["authenticator"], false);
    }

    async fn an_export_holds_no_secret_and_no_digest(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let (access, refresh) = tokens(&app, "ada").await;
        let (secret, codes) = enrol(&app, &ada).await;
        let key = api_key(&ada).await;
        let reset = app.reset_token("ada@example.com").await;
        let code = totp(&secret, app.clock.now().timestamp() / 30);
        let proof = json!({ "password": PASSWORD, "code": code });
        assert_eq!(ada.post("/sudo", proof).await.status, 200);
        let text = ada.get("/account/export").await.text.to_lowercase();
        assert!(text.contains("ada@example.com"), "{text}");
        let hash = app.database.text("SELECT hashed_password FROM users").await;
        let session = ada.cookie("session_id").unwrap();
        let csrf = ada.cookie("csrf_token").unwrap();
        let mut secrets = vec![hash, session, csrf, access, refresh, secret, key, reset];
        secrets.extend(codes);
        for table in ["sessions", "api_keys", "one_time_tokens", "authenticators", "recovery_codes"] {
            secrets.extend(digests(&app, table).await);
        }
        assert!(secrets.len() > 16, "every table has a digest");
        for secret in secrets {
            assert!(!text.contains(&secret.to_lowercase()), "{secret}");
        }
    }

    async fn without_sudo_the_password_opens_the_export(app: App) {
        let (_, app) = plain(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        assert_eq!(ada.get("/account/export").await.code(), "wrong-password");
        let wrong = json!({ "password": "a-wrong-one" });
        assert_eq!(ada.post("/account/export", wrong).await.code(), "wrong-password");
        let answer = ada.post("/account/export", json!({ "password": PASSWORD })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.json().get("api_keys").is_none(), "the mount has no keys");
        assert_eq!(app.browser().get("/account/export").await.status, 401);
    }
}

/// The digests of a table in hex.
async fn digests(app: &App, table: &str) -> Vec<String> {
    let hex = match app.database.kind() {
        crudauth_tests::Kind::Sqlite => "GROUP_CONCAT(HEX(digest))",
        crudauth_tests::Kind::Postgres => "STRING_AGG(ENCODE(digest, 'hex'), ',')",
        crudauth_tests::Kind::MySql => "CAST(GROUP_CONCAT(HEX(digest)) AS CHAR)",
    };
    let text = app.database.text(&format!("SELECT {hex} FROM users_{table}")).await;
    text.split(',').map(str::to_owned).collect()
}
