//! A column as a migration makes it.

use std::any::Any;

use crate::sql::{Backend, Dialect, Stores};

/// A column: its name, its type, and what it holds when nothing is said.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    pub(super) name: String,
    pub(super) sql_type: String,
    pub(super) is_nullable: bool,
    pub(super) default: Option<SqlDefault>,
    /// Whether a live column of a type decodes, which is the driver's `TypeInfo`.
    pub(super) reads: fn(&dyn Any) -> bool,
}

/// A value that a column holds when nothing is said; an empty table or a full one gets it alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SqlDefault {
    /// A text.
    Text(&'static str),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
    /// The time of the insert; of the migration for rows that were there before.
    Now,
}

impl ColumnPlan {
    /// A column for values of type `T`, whose SQL type the driver names.
    #[must_use]
    pub fn of<DB: Backend + Stores<T>, T>(name: &'static str) -> Self {
        let sql_type = match (DB::DIALECT, &*<DB as Stores<T>>::sql_type()) {
            // MySQL's VARCHAR has no length of its own, and its texts compare without case.
            (Dialect::MySql, "VARCHAR" | "TEXT") => "TEXT COLLATE utf8mb4_bin".to_owned(),
            // TIMESTAMP ends in 2038, and without a number MySQL rounds to the second.
            (Dialect::MySql, "TIMESTAMP" | "DATETIME") => "DATETIME(6)".to_owned(),
            (Dialect::MySql, "TIME") => "TIME(6)".to_owned(),
            // As it stands MySQL's has ten digits and no fraction; an amount would be rounded.
            (Dialect::MySql, "DECIMAL") => "DECIMAL(56, 28)".to_owned(),
            // Within quotes PostgreSQL knows it in lower case only.
            (Dialect::Postgres, "\"CHAR\"") => "\"char\"".to_owned(),
            (_, name) => name.to_owned(),
        };
        Self { reads: reads::<DB, T>, ..Self::own(name, sql_type) }
    }

    /// A column of the library's own.
    pub(super) fn own(name: impl Into<String>, sql_type: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            sql_type: sql_type.into(),
            is_nullable: false,
            default: None,
            reads: |_| true,
        }
    }

    /// A text of at most so many characters.
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

    /// The same values under another type.
    pub(super) fn typed(mut self, sql_type: &str) -> Self {
        sql_type.clone_into(&mut self.sql_type);
        self
    }

    /// May be NULL.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.is_nullable = true;
        self
    }

    /// Holds `default` when nothing is said.
    #[must_use]
    pub fn default(mut self, default: SqlDefault) -> Self {
        self.default = Some(default);
        self
    }
}

fn reads<DB: Backend + Stores<T>, T>(live: &dyn Any) -> bool {
    live.downcast_ref().is_none_or(<DB as Stores<T>>::reads)
}
