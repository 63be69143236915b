//! Prisma 7 with the models of Auth.js, and a column of the app for bcrypt hashes.

use crudauth::AuthUser;
use crudauth::legacy::Bcrypt;
use serde_json::json;

use crate::{People, moved};

#[derive(Clone, Debug, AuthUser)]
#[auth(
    table = "User",
    hashed_password = "passwordHash",
    created_at = "createdAt",
    updated_at = "updatedAt"
)]
struct User {
    #[auth(generate = ulid)]
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
    ],
    refused: &[("gina@example.com", "!")],
    later: ("later@example.com", "written-by-it-4"),
    moves: None,
};

moved!(
    "auth_js",
    PEOPLE,
    json!({ "email": "bob@example.com", "password": "a-strong-one" }),
    |auth| auth.legacy_hash(Bcrypt::default()),
    [postgres Postgres]
);
