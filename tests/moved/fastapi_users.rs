//! fastapi-users 15 with SQLAlchemy, with its default hasher.

use crudauth::AuthUser;
use crudauth::legacy::Bcrypt;
use serde_json::json;

use crate::{People, moved};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "user", verified = "is_verified")]
struct User {
    #[auth(generate = uuid)]
    id: String,
    #[auth(key = "email_key")]
    email: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

const PEOPLE: People = People {
    sign_in: &[
        ("ada@example.com", "a-plain-account-1"),
        ("zoe@example.com", "a-name-with-a-capital-2"),
        ("root@example.com", "the-superuser-4"),
    ],
    refused: &[("dora@example.com", "a-disabled-account-3")],
    later: ("later@example.com", "written-by-it-5"),
    moves: None,
};

moved!(
    "fastapi_users",
    PEOPLE,
    json!({ "email": "bob@example.com", "password": "a-strong-one" }),
    |auth| auth.legacy_hash(Bcrypt::default()),
    [sqlite Sqlite, postgres Postgres, mysql MySql]
);
