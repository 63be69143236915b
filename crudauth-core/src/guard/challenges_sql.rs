//! Challenges in the app's database.

use crate::sql::{ColumnSpec, TableSpec};

/// Challenges of unfinished sign-ins.
pub const CHALLENGES: TableSpec = TableSpec::new(
    "challenges",
    "digest",
    &[
        ColumnSpec::bytes("value", 16 * 1024),
        ColumnSpec::instant("created_at"),
        ColumnSpec::expiry(),
    ],
);
