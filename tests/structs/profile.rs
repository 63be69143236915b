//! `PATCH /me`: owners change the editable columns of their account, and no others.

use crudauth::flow::EditError;
use crudauth::flow::Form;
use crudauth::{AuthUser, Principal, migrations};
use crudauth_tests::{Database, Kind, SECRET, on_every_pool, sign_up};
use serde_json::{Value, json};

use super::client::Client;
use super::register;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "people")]
struct Person {
    id: i64,
    email: String,
    username: String,
    #[auth(register, editable)]
    full_name: Option<String>,
    #[auth(editable, default = "en", max_length = 5, column = "lang")]
    language: String,
    #[auth(editable, unique)]
    nickname: Option<String>,
    #[auth(editable, default = 0)]
    height: i32,
    #[auth(default = "free")]
    plan: String,
    #[auth(role)]
    role: Option<String>,
    note: Option<String>,
}

#[crudauth::routes(user = Person, session, bearer, profile)]
struct Auth;

/// A new account and a signed-in client.
async fn member(auth: &Auth, name: &str) -> Client {
    let mut client = Client::of(auth.routes());
    let (status, body) = client.post("/register", &sign_up(name)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(client.login(name).await.0, 200);
    client
}

async fn stored(auth: &Auth, name: &str) -> Person {
    auth.accounts().find_by_identifier(name).await.unwrap().unwrap().user
}

/// The names of the fields in a 422.
fn fields(body: &Value) -> Vec<&str> {
    let errors = body["detail"].as_array().unwrap();
    errors.iter().map(|one| one["loc"][1].as_str().unwrap()).collect()
}

on_every_pool! {
    async fn an_edit_changes_the_columns_that_it_names(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(&auth, "ada").await;
        let bob = member(&auth, "bob").await;
        let before = ada.get("/me").await;
        let edit = json!({ "full_name": "Ada L", "language": "de", "height": 165 });
        assert_eq!(ada.patch("/me", &edit).await, before, "as GET /me");
        let user = stored(&auth, "ada").await;
        assert_eq!(user.full_name.as_deref(), Some("Ada L"));
        assert_eq!((&*user.language, user.height, user.nickname), ("de", 165, None));
        let touched = "SELECT COUNT(*) FROM people WHERE updated_at IS NOT NULL";
        assert_eq!(database.number(touched).await, 1, "the other account stays");

        assert_eq!(ada.patch("/me", &json!({ "nickname": "countess" })).await.0, 200);
        let user = stored(&auth, "ada").await;
        assert_eq!((user.full_name.as_deref(), &*user.language), (Some("Ada L"), "de"));
        assert_eq!(user.nickname.as_deref(), Some("countess"));
        let cleared = json!({ "full_name": null, "nickname": " " });
        assert_eq!(ada.patch("/me", &cleared).await.0, 200);
        let user = stored(&auth, "ada").await;
        assert_eq!((user.full_name, user.nickname), (None, None));
        drop(bob);
    }

    async fn an_edit_sets_no_other_column(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(&auth, "ada").await;
        let edit = json!({
            "id": 99, "email": "eve@example.com", "username": "eve", "password": "another-one",
            "plan": "gold", "role": "admin", "note": "mine", "lang": "xx", "is_superuser": true,
            "is_active": false, "email_verified": true, "token_version": 9, "auth_epoch": 9,
            "hashed_password": "!", "username_key": "eve", "created_at": "2000-01-01T00:00:00Z",
        });
        assert_eq!(ada.patch("/me", &edit).await.0, 200);
        let user = stored(&auth, "ada").await;
        assert_eq!((user.id, &*user.email, &*user.language), (1, "ada@example.com", "en"));
        assert_eq!((&*user.plan, user.role, user.note), ("free", None, None));
        let protected = "SELECT COUNT(*) FROM people WHERE token_version = 0 AND is_active \
                         AND NOT is_superuser AND username_key = 'ada' AND updated_at IS NULL";
        assert_eq!(database.number(protected).await, 1, "nothing is written");
        assert_eq!(ada.login("ada").await.0, 200, "the password stays");
    }

    async fn every_mistake_is_reported_at_once(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(&auth, "ada").await;
        let edit = json!({
            "full_name": 7, "language": "s3cret", "nickname": "ok", "height": null,
        });
        let (status, body) = ada.patch("/me", &edit).await;
        assert_eq!((status.as_u16(), &body["code"]), (422, &json!("invalid-fields")));
        assert_eq!(fields(&body), ["full_name", "language", "height"]);
        assert!(!body.to_string().contains("s3cret"), "no value is echoed");
        assert_eq!(stored(&auth, "ada").await.nickname, None, "nothing is stored");
    }

    async fn the_database_may_refuse_a_value(database, pool) {
        migrations!(Person).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(&auth, "ada").await;
        let mut bob = member(&auth, "bob").await;
        assert_eq!(ada.patch("/me", &json!({ "nickname": "neo" })).await.0, 200);
        let edit = json!({ "nickname": "neo", "height": 180 });
        let (status, body) = bob.patch("/me", &edit).await;
        assert_eq!((status.as_u16(), &body["code"]), (422, &json!("taken")));
        assert_eq!(body["detail"], "Nickname already taken");
        assert_eq!(stored(&auth, "bob").await.height, 0, "all or nothing");
    }
}

#[tokio::test]
async fn an_edit_needs_the_owner_and_the_csrf_token() {
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    migrations!(Person).run(&pool).await.unwrap();
    let auth = Auth::builder(pool, SECRET).build().await.unwrap();
    let mut ada = member(&auth, "ada").await;
    let edit = json!({ "full_name": "Ada" });
    let (status, body) = Client::of(auth.routes()).patch("/me", &edit).await;
    assert_eq!((status.as_u16(), &body["code"]), (401, &json!("not-authenticated")));
    let csrf = ada.without("csrf_token").patch("/me", &edit).await;
    assert_eq!((csrf.0.as_u16(), &csrf.1["code"]), (403, &json!("csrf-missing")));
    assert_eq!(stored(&auth, "ada").await.full_name, None);
}

#[tokio::test]
async fn an_edit_of_an_ended_state_stores_nothing() {
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    migrations!(Person).run(&pool).await.unwrap();
    let auth = Auth::builder(pool, SECRET).build().await.unwrap();
    let account = register(auth.accounts(), &sign_up("ada")).await;
    let profiles = auth.accounts().profiles();
    let edit = || profiles.read(Form::from_json(br#"{"height": 3}"#).unwrap()).unwrap();
    let program = Principal::new(account.clone());
    assert!(matches!(profiles.edit(&program, edit()).await, Err(EditError::NotOwner)));
    let application = Principal::application(&account);
    profiles.edit(&application, edit()).await.unwrap();
    for change in ["token_version = 1", "token_version = 0, is_active = FALSE"] {
        database.execute(&format!("UPDATE people SET height = 0, {change}")).await;
        assert!(matches!(profiles.edit(&application, edit()).await, Err(EditError::Ended)));
        assert_eq!(database.number("SELECT height FROM people").await, 0, "{change}");
    }
}
