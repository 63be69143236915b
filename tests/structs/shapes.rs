//! Structs with one identifier, and structs inside a function.

use crudauth::{AuthUser, Password, RegisterError, SignInRequest, SignUp, migrations};
use crudauth_tests::{Database, Kind, PASSWORD, SECRET, on_every_pool, sign_up};
use serde_json::{Value, json};

use super::client::Client;
use super::register;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Addressed {
    id: i64,
    email: String,
}

#[crudauth::routes(user = Addressed, session)]
struct AddressedAuth;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct Named {
    id: i64,
    username: String,
}

#[crudauth::routes(user = Named, session)]
struct NamedAuth;

on_every_pool! {
    async fn an_email_alone_is_enough(database, pool) {
        migrations!(Addressed).run(&pool).await.unwrap();
        let auth = AddressedAuth::builder(pool, SECRET).build().await.unwrap();
        let mut browser = Client::of(auth.routes());
        let form = json!({ "email": "Ada@EXAMPLE.com", "password": PASSWORD });
        let (status, registered) = browser.post("/register", &form).await;
        assert_eq!((status.as_u16(), &registered["username"]), (200, &Value::Null));
        let stored = auth.accounts().find(&1).await.unwrap().unwrap().user;
        assert_eq!((stored.id, json!(stored.email)), (1, registered["email"].clone()));
        let (status, again) = browser.post("/register", &form).await;
        assert_eq!((status.as_u16(), &again["detail"]), (422, &json!("Email already registered")));
        assert_eq!(browser.login("Ada@example.com").await.0, 200);
        assert_eq!(browser.get("/me").await.1["email"], registered["email"]);
        assert_eq!(Client::of(auth.routes()).login("Ada").await.0, 401);
    }

    async fn a_username_alone_is_enough(database, pool) {
        migrations!(Named).run(&pool).await.unwrap();
        let auth = NamedAuth::builder(pool, SECRET).build().await.unwrap();
        let mut browser = Client::of(auth.routes());
        let form = json!({ "username": "Ada", "password": PASSWORD });
        let (status, registered) = browser.post("/register", &form).await;
        assert_eq!(status, 200, "{registered}");
        assert_eq!(registered, json!({ "id": 1, "username": "Ada", "email": null }));
        assert_eq!(browser.login("ADA").await.0, 200);
        let (_, me) = browser.get("/me").await;
        assert_eq!((&me["username"], &me["email"]), (&json!("Ada"), &Value::Null));
        let ada = auth.accounts().find_by_identifier("ada").await.unwrap().unwrap().user;
        assert_eq!((ada.id, &*ada.username), (1, "Ada"));
    }

    async fn a_username_is_shown_as_typed_and_unique_when_folded(database, pool) {
        migrations!(Named).run(&pool).await.unwrap();
        let auth = NamedAuth::builder(pool, SECRET).build().await.unwrap();
        let form = |name: &str| json!({ "username": name, "password": PASSWORD });
        let shown = register(auth.accounts(), &form("Zoë_Ångström")).await.user.username;
        assert_eq!(shown, "Zoë_Ångström");
        for other in ["zoë_ångström", "ZOË_ÅNGSTRÖM", "Zoe\u{308}_A\u{30a}ngstro\u{308}m"] {
            let sign_up = SignUp::from_json(&form(other)).unwrap();
            let refused = auth.accounts().register(sign_up).await;
            assert!(matches!(refused, Err(RegisterError::Taken("username"))), "{other}: {refused:?}");
            let found = auth.accounts().find_by_identifier(other).await.unwrap().unwrap();
            assert_eq!(found.user.username, shown);
        }
        register(auth.accounts(), &form("Zoe_Angstrom")).await;
        assert_eq!(database.number("SELECT COUNT(DISTINCT username_key) FROM users").await, 2);
    }
}

#[tokio::test]
async fn a_struct_may_be_declared_in_a_function() {
    #[derive(Clone, Debug, AuthUser)]
    struct Guest {
        id: i64,
        email: String,
        username: String,
        #[auth(register)]
        room: Option<i64>,
    }

    #[crudauth::routes(user = Guest, session)]
    struct Hotel;

    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    migrations!(Guest).run(&pool).await.unwrap();
    let hotel = Hotel::builder(pool, SECRET).build().await.unwrap();
    let mut form = sign_up("ada");
    form["room"] = json!(12);
    let guest = register(hotel.accounts(), &form).await.user;
    assert_eq!((guest.id, &*guest.email, &*guest.username), (1, "ada@example.com", "ada"));
    assert_eq!(guest.room, Some(12));
    let password = Password::parse(PASSWORD).unwrap();
    assert!(hotel.accounts().sign_in(SignInRequest::new("ada", password.clone())).await.is_ok());
    assert_eq!(database.number("SELECT COUNT(*) FROM guests_sessions").await, 1);
}
