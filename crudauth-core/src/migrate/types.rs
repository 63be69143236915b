//! What the types of the library's columns are called.

use super::column::ColumnPlan;
use crate::model::AuthUser;
use crate::sql::{Backend, Dialect, Stores};

/// What the library's columns are called on a database.
#[derive(Clone, Copy)]
pub(super) struct Types(pub(super) Dialect);

impl Types {
    pub(super) fn text(self, chars: u16) -> String {
        match self.0 {
            Dialect::Sqlite | Dialect::Postgres => format!("VARCHAR({chars})"),
            Dialect::MySql => format!("VARCHAR({chars}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        }
    }

    pub(super) fn long_text(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite | Dialect::Postgres => "TEXT",
            Dialect::MySql => "TEXT CHARACTER SET ascii COLLATE ascii_bin",
        }
    }

    pub(super) fn digest(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "BLOB",
            Dialect::Postgres => "BYTEA",
            Dialect::MySql => "VARBINARY(32)",
        }
    }

    pub(super) fn time(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "DATETIME",
            Dialect::Postgres => "TIMESTAMPTZ",
            Dialect::MySql => "DATETIME(6)",
        }
    }

    /// The column of a type that can be unique: MySQL's index takes no text without a length.
    pub(super) fn indexed(self, column: ColumnPlan) -> ColumnPlan {
        match self.0 {
            Dialect::MySql if column.sql_type.starts_with("TEXT") => column.max_chars(255),
            _ => column,
        }
    }

    /// The key of the user's table, and of whatever points there.
    pub(super) fn key<DB: Backend + Stores<U::Id>, U: AuthUser>(self) -> String {
        match (self.0, &*<DB as Stores<U::Id>>::sql_type()) {
            (Dialect::MySql, "BLOB" | "BINARY" | "VARBINARY") => "BINARY(16)".to_owned(),
            (Dialect::MySql, "VARCHAR" | "TEXT") => self.text(64),
            (_, name) => name.to_owned(),
        }
    }
}
