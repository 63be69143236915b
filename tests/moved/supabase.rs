//! The users of Supabase (GoTrue), in a schema of their own.

use crudauth::legacy::Bcrypt;
use crudauth::{AuthUser, migrations};
use crudauth_tests::{Database, Kind};
use serde_json::json;

use crate::{People, dump, moved, page};

#[derive(Clone, Debug, AuthUser)]
#[auth(
    table = "users",
    schema = "auth",
    hashed_password = "encrypted_password",
    deleted_at = "deleted_at"
)]
#[allow(dead_code, reason = "read by the library only")]
struct User {
    id: uuid::Uuid,
    email: String,
    // GoTrue fails on rows without these.
    #[auth(default = "authenticated")]
    aud: String,
    #[auth(default = "authenticated")]
    role: String,
    #[auth(default = "")]
    confirmation_token: String,
    #[auth(default = "")]
    recovery_token: String,
    #[auth(default = "")]
    email_change: String,
    #[auth(default = "")]
    email_change_token_new: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

const PEOPLE: People = People {
    sign_in: &[("ada@example.com", "a-strong-one"), ("root@example.com", "password")],
    refused: &[("dora@example.com", "a-strong-one"), ("gina@example.com", "!")],
    later: ("later@example.com", "a-strong-one"),
    moves: None,
};

moved!(
    "supabase",
    PEOPLE,
    json!({ "email": "bob@example.com", "password": "a-strong-one" }),
    |auth| auth.legacy_hash(Bcrypt::default().cost(4)),
    [postgres Postgres]
);

#[tokio::test]
async fn accounts_without_an_address_are_reported_until_they_get_one() {
    let (database, _) = Database::create(Kind::Postgres).await;
    database.run_script(dump!("supabase", postgres, ".sql")).await;
    let phone_only = "UPDATE auth.users SET email = NULL WHERE email = 'gina@example.com'";
    database.execute(phone_only).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    let plan = migrations!(Auth).plan(&pool).await.unwrap();
    assert!(plan.to_string().contains("`users.email` is NULL in 1 row(s)"), "{plan}");
    database.run_script(page::blocks("Supabase", "sql")[0]).await;
    let plan = migrations!(Auth).plan(&pool).await.unwrap();
    assert!(plan.blockers().is_empty(), "{plan}");
}
