//! SQL types of the library's columns.

use crate::sql::{ColumnPlan, Dialect};

/// The types of a database.
#[derive(Clone, Copy)]
pub(super) struct Types(pub(super) Dialect);

impl Types {
    pub(super) fn text(self, max_chars: u16) -> String {
        match self.0 {
            Dialect::Sqlite | Dialect::Postgres => format!("VARCHAR({max_chars})"),
            Dialect::MySql => {
                format!("VARCHAR({max_chars}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
            }
        }
    }

    pub(super) fn long_text(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite | Dialect::Postgres => "TEXT",
            Dialect::MySql => "TEXT CHARACTER SET ascii COLLATE ascii_bin",
        }
    }

    pub(super) fn bytes(self, max: u16) -> String {
        match self.0 {
            Dialect::Sqlite => "BLOB".to_owned(),
            Dialect::Postgres => "BYTEA".to_owned(),
            Dialect::MySql => format!("VARBINARY({max})"),
        }
    }

    pub(super) fn digest(self) -> String {
        self.bytes(32)
    }

    pub(super) fn time(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "DATETIME",
            Dialect::Postgres => "TIMESTAMPTZ",
            Dialect::MySql => "DATETIME(6)",
        }
    }

    /// The column with a type that can be unique. MySQL indexes no text without a length.
    pub(super) fn indexed(self, column: ColumnPlan) -> ColumnPlan {
        if self.0 == Dialect::MySql && column.sql_type.starts_with("TEXT") {
            column.max_chars(255)
        } else {
            column
        }
    }

    /// The key of the user's table, and of every column that refers to it.
    pub(super) fn key(self, owner: &ColumnPlan) -> String {
        match (self.0, &*owner.sql_type) {
            (Dialect::MySql, "BLOB" | "BINARY" | "VARBINARY") => "BINARY(16)".to_owned(),
            (Dialect::MySql, text) if text.starts_with("TEXT") => self.text(64),
            (_, name) => name.to_owned(),
        }
    }
}
