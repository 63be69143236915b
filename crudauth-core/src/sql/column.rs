//! A column as a migration creates it.

use std::any::Any;

use super::{Backend, Dialect, Stores};
use crate::model::SqlDefault;

/// A column: its name, its SQL type and its default.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    pub(crate) name: String,
    pub(crate) sql_type: String,
    pub(crate) is_nullable: bool,
    pub(crate) default: Option<SqlDefault>,
    /// Whether a live column decodes, judged by the driver's `TypeInfo`.
    pub(crate) reads: fn(&dyn Any) -> bool,
}

impl ColumnPlan {
    /// A column for values of type `T`. The driver gives the SQL type.
    #[must_use]
    pub fn of<DB: Backend + Stores<T>, T>(name: &'static str) -> Self {
        let sql_type = match (DB::DIALECT, &*<DB as Stores<T>>::sql_type()) {
            // MySQL requires a length for VARCHAR, and by default compares texts without case.
            (Dialect::MySql, "VARCHAR" | "TEXT") => "TEXT COLLATE utf8mb4_bin".to_owned(),
            // TIMESTAMP ends in 2038. Without a precision MySQL rounds to the second.
            (Dialect::MySql, "TIMESTAMP" | "DATETIME") => "DATETIME(6)".to_owned(),
            (Dialect::MySql, "TIME") => "TIME(6)".to_owned(),
            // MySQL's default of ten digits without a fraction would round amounts.
            (Dialect::MySql, "DECIMAL") => "DECIMAL(56, 28)".to_owned(),
            // PostgreSQL matches a quoted type name with case.
            (Dialect::Postgres, "\"CHAR\"") => "\"char\"".to_owned(),
            (_, name) => name.to_owned(),
        };
        Self { reads: reads::<DB, T>, ..Self::typed(name, sql_type) }
    }

    /// A column of that SQL type. No live type is rejected.
    pub(crate) fn typed(name: impl Into<String>, sql_type: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            sql_type: sql_type.into(),
            is_nullable: false,
            default: None,
            reads: |_| true,
        }
    }

    /// Limits a text to that many characters.
    #[must_use]
    pub fn max_chars(mut self, max: usize) -> Self {
        let collation = self.sql_type.split_once(" COLLATE ").map(|(_, name)| name.to_owned());
        self.sql_type = format!("VARCHAR({max})");
        if let Some(name) = collation {
            self.sql_type.push_str(" COLLATE ");
            self.sql_type.push_str(&name);
        }
        self
    }

    /// The same values in a column of another SQL type.
    pub(crate) fn stored_as(mut self, sql_type: impl Into<String>) -> Self {
        self.sql_type = sql_type.into();
        self
    }

    /// Allows NULL.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.is_nullable = true;
        self
    }

    /// Sets the default.
    #[must_use]
    pub fn default(mut self, default: SqlDefault) -> Self {
        self.default = Some(default);
        self
    }
}

fn reads<DB: Backend + Stores<T>, T>(live: &dyn Any) -> bool {
    live.downcast_ref().is_none_or(<DB as Stores<T>>::reads)
}
