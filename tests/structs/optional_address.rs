//! Accounts that may be without the address that recovers them.

use crudauth::email::{MessageKind, RecordingSender};
use crudauth::{AuthUser, EmailConfig, migrations};
use crudauth_tests::{FRONTEND, PASSWORD, SECRET, on_every_pool};
use serde_json::json;

use super::client::Client;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Member {
    id: i64,
    username: String,
    email: Option<String>,
}

#[crudauth::routes(user = Member, session, email)]
struct Members;

on_every_pool! {
    async fn an_account_without_an_address_adds_one(database, pool) {
        migrations!(Member).run(&pool).await.unwrap();
        let outbox = RecordingSender::default();
        let email = EmailConfig::new(outbox.clone(), FRONTEND);
        let auth = Members::builder(pool, SECRET).email(email).build().await.unwrap();
        let mut ada = Client::of(auth.routes());
        for name in ["ada", "eve"] {
            let form = json!({ "username": name, "email": "", "password": PASSWORD });
            assert_eq!(ada.post("/register", &form).await.0, 202);
        }
        assert_eq!(database.count("users WHERE email IS NULL").await, 2);
        assert_eq!(ada.login("ada").await.0, 200);
        let (_, me) = ada.get("/me").await;
        assert_eq!((&me["email"], &me["email_verified"]), (&json!(null), &json!(null)));

        let wrong = json!({ "new_email": "ada@example.com", "password": "not-the-password" });
        let (_, refused) = ada.post("/email/change-request", &wrong).await;
        assert_eq!(refused["code"], "wrong-password");
        let body = json!({ "new_email": "ada@example.com", "password": PASSWORD });
        assert_eq!(ada.post("/email/change-request", &body).await.0, 200);
        auth.drained().await;
        let link = outbox.last(MessageKind::ChangeEmail, "ada@example.com").unwrap().link.unwrap();
        let token = json!({ "token": link.rsplit_once('=').unwrap().1 });
        assert_eq!(ada.post("/email/change-confirm", &token).await.0, 200);
        let (_, me) = ada.get("/me").await;
        assert_eq!((&me["email"], &me["email_verified"]), (&json!("ada@example.com"), &json!(true)));
        assert_eq!(ada.post("/email/change-confirm", &token).await.1["code"], "token-used");
        assert_eq!(database.count("users WHERE email IS NULL").await, 1, "eve is as she was");
    }
}
