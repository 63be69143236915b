//! Every flow of an account, through the routes of any mount.

use std::ops::Deref;

use crudauth::email::{MessageKind, RecordingSender};
use crudauth::testing::App;
use crudauth::{Mount, Mounted, Mounts, slice};
use serde_json::{Value, json};

use crate::PASSWORD;

/// Signs two accounts up, and signs in, changes the password and resets it, for the first of them and
/// for one that existed before.
///
/// `existing` is the address and the password of an account that existed; `new` is a sign-up form.
pub async fn every_flow_works<A>(
    auth: &A,
    outbox: &RecordingSender,
    existing: Option<(&str, &str)>,
    new: Value,
) where
    A: Mount + Mounts<slice::Session> + Deref<Target = Mounted<A::User>>,
{
    let app = App::new(auth, auth.routes()).mails(outbox);
    let address = new["email"].as_str().unwrap().to_owned();
    let answer = app.client().post("/register", &new).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let password = new["password"].as_str().unwrap();
    let (second, other) = another(&new);
    let answer = app.client().post("/register", &second).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    app.signed_in(&other, password).await;
    reset_and_change(&app, &address, password).await;
    if let Some((address, password)) = existing {
        reset_and_change(&app, address, password).await;
    }
}

/// The form of another person, and its address. The texts have the same lengths, because the columns of
/// a table may be short.
fn another(form: &Value) -> (Value, String) {
    let mut other = form.clone();
    for field in ["email", "username"] {
        if let Some(text) = form[field].as_str() {
            other[field] = format!("2{}", text.chars().skip(1).collect::<String>()).into();
        }
    }
    let address = other["email"].as_str().unwrap().to_owned();
    (other, address)
}

/// Signs in by the address, changes the password and resets it.
async fn reset_and_change<A>(app: &App<A>, address: &str, password: &str)
where
    A: Mount + Mounts<slice::Session>,
{
    let client = app.signed_in(address, password).await;
    let me = client.get("/me").await;
    assert_eq!((me.status, me.json()["email"].as_str()), (200, Some(address)), "{}", me.text());
    let change = json!({ "current_password": password, "new_password": "a-changed-password-1" });
    let answer = client.post("/change-password", change).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    app.signed_in(address, "a-changed-password-1").await;

    let answer = app.client().post("/password/reset-request", json!({ "email": address })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = app.last_token(MessageKind::ResetPassword, address).await;
    let confirm = json!({ "token": token, "new_password": PASSWORD });
    let answer = app.client().post("/password/reset-confirm", confirm).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(client.get("/me").await.status, 401, "a reset ends sessions");
    app.signed_in(address, PASSWORD).await;
}
