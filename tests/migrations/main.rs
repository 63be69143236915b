//! Migrations: the live database becomes what the struct and the library need, and nothing else
//! happens to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod changes;
mod foreign_rows;
mod growing;
mod indexes;
mod large;
mod live;
mod mounts;
mod names;
mod neighbours;
mod refused;
mod runs;
mod written;

use crudauth::AuthUser;

/// The least that a user of these tests has.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) username: String,
}

#[crudauth::routes(user = User, session)]
pub(crate) struct Auth;

/// The tables that belong to `users`.
pub(crate) const TABLES: [&str; 8] = [
    "users",
    "users_sessions",
    "users_token_families",
    "users_api_keys",
    "users_one_time_tokens",
    "users_rate_limits",
    "users_lockouts",
    "users_challenges",
];
