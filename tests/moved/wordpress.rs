//! WordPress 6.8, with hashes of its own and of versions before.

use crudauth::AuthUser;
use crudauth::legacy::{Phpass, WordPress};
use serde_json::json;

use crate::{People, moved};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "wp_users", hashed_password = "user_pass", created_at = "user_registered")]
struct User {
    #[auth(column = "ID")]
    id: i64,
    #[auth(column = "user_login")]
    username: String,
    #[auth(column = "user_email", blank_is_null)]
    email: Option<String>,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

const PEOPLE: People = People {
    sign_in: &[
        ("ada@example.com", "Grüße, Zoë"),
        ("zoe@example.com", "Grüße, Zoë"),
        ("NOMAIL", "Grüße, Zoë"),
    ],
    refused: &[("gina", "!")],
    later: ("later@example.com", "Grüße, Zoë"),
    moves: None,
};

moved!(
    "wordpress",
    PEOPLE,
    json!({ "username": "Bob", "email": "bob@example.com", "password": "a-strong-one" }),
    |auth| auth.legacy_hash(WordPress::default().cost(4)).legacy_hash(Phpass::default().cost(7)),
    [mysql MySql]
);
