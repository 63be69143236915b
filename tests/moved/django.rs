//! Django 5.2, with its default hasher.

use crudauth::AuthUser;
use crudauth::legacy::Pbkdf2;
use serde_json::json;

use crate::{People, moved};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "auth_user", hashed_password = "password", created_at = "date_joined")]
#[allow(dead_code, reason = "read by the library only")]
struct User {
    id: i64,
    username: String,
    #[auth(blank_is_null)]
    email: Option<String>,
    #[auth(default = "")]
    first_name: String,
    #[auth(default = "")]
    last_name: String,
    #[auth(default = false)]
    is_staff: bool,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

const PEOPLE: People = People {
    sign_in: &[
        ("ada@example.com", "a-plain-account-2"),
        ("root", "the-superuser-1"),
        ("ZOE@example.com", "a-name-with-a-capital-3"),
        ("nomail", "no-address-at-all-5"),
        ("other", "no-address-either-6"),
    ],
    refused: &[("dora", "a-disabled-account-4"), ("gina", "!")],
    later: ("later@example.com", "written-by-django-8"),
    moves: None,
};

moved!(
    "django",
    PEOPLE,
    json!({ "username": "Bob", "email": "bob@example.com", "password": "a-strong-one" }),
    |auth| auth.legacy_hash(Pbkdf2::default().iterations(10_000)),
    [sqlite Sqlite, postgres Postgres, mysql MySql]
);
