//! The features of the library, one folder each: its page, settings, flows, port and SQL.

pub mod accounts;
pub mod api_keys;
pub mod bearer;
pub mod recovery;
pub mod sessions;
pub mod sign_in;

use crate::sql::TableSpec;

/// The tables of all slices.
pub const TABLES: &[TableSpec] = &[
    TableSpec { suffix: "sessions", has_owner: true },
    TableSpec { suffix: "token_families", has_owner: true },
    TableSpec { suffix: "api_keys", has_owner: true },
    TableSpec { suffix: "one_time_tokens", has_owner: true },
    TableSpec { suffix: "rate_limits", has_owner: false },
    TableSpec { suffix: "lockouts", has_owner: false },
    TableSpec { suffix: "challenges", has_owner: false },
];
