//! Better Auth 1.7, which keeps the hashes in a table of their own.

use crudauth::AuthUser;
use crudauth::legacy::Scrypt;
use crudauth_tests::Kind;
use serde_json::json;

use crate::{People, moved, page};

#[derive(Clone, Debug, AuthUser)]
#[auth(
    table = "user",
    verified = "emailVerified",
    created_at = "createdAt",
    updated_at = "updatedAt"
)]
#[allow(dead_code, reason = "read by the library only")]
struct User {
    #[auth(generate = uuid)]
    id: String,
    email: String,
    #[auth(register)]
    name: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

/// The page has one statement for SQLite and Postgres, and one for MySQL.
fn moves(kind: Kind) -> &'static str {
    let statements = page::blocks("Better Auth", "sql");
    if kind == Kind::MySql { statements[1] } else { statements[0] }
}

const PEOPLE: People = People {
    sign_in: &[
        ("ada@example.com", "a-plain-account-1"),
        ("Zoe@example.com", "\u{FB01}ance\u{301}e-2"),
    ],
    refused: &[("gina@example.com", "!")],
    later: ("later@example.com", "written-by-it-4"),
    moves: Some(moves),
};

moved!(
    "better_auth",
    PEOPLE,
    json!({ "name": "Bob", "email": "bob@example.com", "password": "a-strong-one" }),
    |auth| auth.legacy_hash(Scrypt::default().cost(14, 16, 1)),
    [sqlite Sqlite, postgres Postgres, mysql MySql]
);
