//! Migrations change the live database until struct and library fit, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod altered;
mod beside_crudauth_py;
mod blockers;
mod changes;
mod collations;
mod contract;
mod crudauth_py;
mod erasure;
mod foreign_rows;
mod growing;
mod indexes;
mod large;
mod live;
mod mounts;
mod names;
mod neighbours;
mod odd_types;
mod real_tables;
mod rights;
mod runs;
mod storage;
mod tables_of_names;
mod written;

use crudauth::AuthUser;

/// The smallest user of these tests.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) username: String,
}

#[crudauth::routes(user = User, session)]
pub(crate) struct Auth;

/// The tables of `users`.
pub(crate) const TABLES: [&str; 17] = [
    "users",
    "users_sessions",
    "users_token_families",
    "users_api_keys",
    "users_one_time_tokens",
    "users_authenticators",
    "users_recovery_codes",
    "users_browser_trusts",
    "users_deletions",
    "users_suspensions",
    "users_audit",
    "users_passkeys",
    "users_connections",
    "users_invitations",
    "users_rate_limits",
    "users_lockouts",
    "users_challenges",
];
