//! Ids of every type, through the routes.

use crudauth::{AccountId, AuthUser, migrations};
use crudauth_tests::{Database, Kind, SECRET, on_every_pool, on_sqlite_pool, sign_up};
use serde_json::Value;

use super::client::Client;
use super::{passes_every_statement, register};

/// A user with an id of this type, and its test on every database.
macro_rules! key {
    ($name:ident: $key:ty, $table:literal, $looks_right:expr, $on_databases:ident) => {
        mod $name {
            use super::*;

            #[derive(Clone, Debug, AuthUser)]
            #[auth(table = $table)]
            struct Member {
                #[auth(id, column = "member_id")]
                key: $key,
                email: String,
                username: String,
            }

            #[crudauth::routes(user = Member, session, sessions)]
            struct Members;

            $on_databases! {
                async fn identifies_the_account_in_every_response(database, pool) {
                    migrations!(Member).run(&pool).await.unwrap();
                    assert!(migrations!(Member).plan(&pool).await.unwrap().is_empty());
                    let members = Members::builder(pool, SECRET).build().await.unwrap();
                    let mut shown = Vec::new();
                    for name in ["ada", "bob"] {
                        let browsers = [(); 2].map(|()| Client::of(members.routes()));
                        shown.push(use_account(browsers, name).await);
                        let one = members.accounts().find_by_identifier(name).await.unwrap();
                        let one = one.unwrap().user;
                        assert_eq!(serde_json::to_value(&one.key).unwrap(), *shown.last().unwrap());
                        assert!(members.accounts().find(&one.key).await.unwrap().is_some());
                    }
                    assert!(shown.iter().all($looks_right), "{shown:?}");
                    assert_ne!(shown[0], shown[1]);

                    let cyd = register(members.accounts(), &sign_up("cyd")).await.user;
                    passes_every_statement(members.accounts(), "cyd@example.com", &cyd.key).await;
                }
            }
        }
    };
}

// `old` and `s` are aliases in our statements.
key!(i32_keys: i32, "old", is_counted, on_every_pool);
key!(uuid_keys: uuid::Uuid, "members", is_uuid, on_every_pool);
key!(text_keys: String, "s", is_random_text, on_every_pool);
// The type is an `i64` to every database, so one of them is enough.
key!(own_keys: MemberId, "members", is_counted, on_sqlite_pool);

pub(crate) fn is_counted(key: &Value) -> bool {
    key.as_i64().is_some_and(|key| key > 0)
}

fn is_uuid(key: &Value) -> bool {
    key.as_str().is_some_and(|key| key.parse::<uuid::Uuid>().is_ok())
}

fn is_random_text(key: &Value) -> bool {
    key.as_str().is_some_and(|key| key.len() == 32)
}

/// An id type of the app.
#[derive(Clone, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize, serde::Deserialize)]
#[sqlx(transparent)]
struct MemberId(i64);

impl std::fmt::Display for MemberId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl AccountId for MemberId {
    const IS_COUNTED: bool = true;
    fn generate() -> Option<Self> {
        None
    }
}

/// MySQL's usual id, which the other databases lack.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "members")]
struct Unsigned {
    id: u64,
    email: String,
    username: String,
}

#[crudauth::routes(user = Unsigned, session, sessions)]
struct UnsignedAuth;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unsigned_id_works_on_mysql() {
    let (database, _) = Database::create(Kind::MySql).await;
    let Database::MySql(pool) = database.clone() else { unreachable!() };
    migrations!(Unsigned).run(&pool).await.unwrap();
    let auth = UnsignedAuth::builder(pool, SECRET).build().await.unwrap();
    let browsers = [(); 2].map(|()| Client::of(auth.routes()));
    assert_eq!(use_account(browsers, "ada").await, 1);
}

/// Signs up, signs in twice and revokes a session. Returns the id from the answers.
pub(crate) async fn use_account([mut laptop, mut phone]: [Client; 2], name: &str) -> Value {
    let (status, registered) = laptop.post("/register", &sign_up(name)).await;
    assert_eq!(status, 200, "{registered}");
    assert_eq!(registered["username"], name);
    for (browser, identifier) in
        [(&mut laptop, name), (&mut phone, registered["email"].as_str().unwrap())]
    {
        let (status, signed_in) = browser.login(identifier).await;
        assert_eq!((status.as_u16(), &signed_in["id"]), (200, &registered["id"]));
        assert_eq!(browser.get("/me").await.1["user_id"], registered["id"]);
    }
    let (_, sessions) = laptop.get("/sessions").await;
    let other = sessions.as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
    let (status, _) = laptop.delete(&format!("/sessions/{}", other["id"].as_str().unwrap())).await;
    assert_eq!(status, 200);
    assert_eq!((laptop.get("/me").await.0.as_u16(), phone.get("/me").await.0.as_u16()), (200, 401));
    registered["id"].clone()
}
