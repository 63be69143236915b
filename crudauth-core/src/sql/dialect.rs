//! Where the databases differ in what they want to read.

use crate::model::SqlDefault;

/// The SQL that a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Dialect {
    /// What a name is quoted with.
    pub(crate) const fn quote(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => "\"",
            Self::MySql => "`",
        }
    }

    /// A name in quotes.
    pub(crate) fn quoted(self, name: &str) -> String {
        let quote = self.quote();
        format!("{quote}{name}{quote}")
    }

    /// The quoted name of a table, in a schema if there is one. SQLite has no schemas.
    pub(crate) fn qualified(self, schema: Option<&str>, table: &str) -> String {
        match schema {
            Some(schema) if self != Self::Sqlite => {
                format!("{}.{}", self.quoted(schema), self.quoted(table))
            }
            _ => self.quoted(table),
        }
    }

    /// A default as the database reads it.
    pub(crate) fn literal(self, value: SqlDefault) -> String {
        match value {
            SqlDefault::Text(text) => {
                let quoted = text.replace('\'', "''");
                match self {
                    Self::Sqlite | Self::Postgres => format!("'{quoted}'"),
                    // A backslash is an escape.
                    Self::MySql => format!("'{}'", quoted.replace('\\', "\\\\")),
                }
            }
            SqlDefault::Integer(number) => number.to_string(),
            SqlDefault::Boolean(value) => if value { "TRUE" } else { "FALSE" }.to_owned(),
            SqlDefault::Random => match self {
                Self::Sqlite => "(RANDOM() & 9223372036854775807)".to_owned(),
                Self::Postgres => "(CAST(FLOOR(RANDOM() * 9007199254740992) AS BIGINT) * 1024 \
                     + CAST(FLOOR(RANDOM() * 1024) AS BIGINT))"
                    .to_owned(),
                Self::MySql => "(CAST(FLOOR(RAND() * 2147483648) AS SIGNED) * 4294967296 \
                     + CAST(FLOOR(RAND() * 4294967296) AS SIGNED))"
                    .to_owned(),
            },
            SqlDefault::Now => match self {
                Self::Sqlite | Self::Postgres => "CURRENT_TIMESTAMP".to_owned(),
                Self::MySql => "CURRENT_TIMESTAMP(6)".to_owned(),
            },
        }
    }

    /// A value as text.
    pub(crate) fn as_text(self, value: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => format!("CAST({value} AS TEXT)"),
            Self::MySql => format!("CAST({value} AS CHAR)"),
        }
    }

    /// Whether every database of this dialect has `INSERT … RETURNING`.
    pub(crate) const fn returns(self) -> bool {
        !matches!(self, Self::MySql)
    }

    /// Whether parameters have numbers, so that one can occur twice.
    pub(crate) const fn numbers_parameters(self) -> bool {
        !matches!(self, Self::MySql)
    }

    /// How an insert turns into an update where the row exists already.
    pub(crate) const fn on_conflict(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => "ON CONFLICT (digest) DO UPDATE SET",
            Self::MySql => "ON DUPLICATE KEY UPDATE",
        }
    }

    /// How a SELECT locks its rows until the end of the transaction. SQLite has one lock, which
    /// [`begin`](Self::begin) takes.
    pub(crate) const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres | Self::MySql => " FOR UPDATE",
        }
    }

    /// Whether the driver finds its way back when nobody waits for an answer any more. sqlx's for
    /// MySQL does not: it goes on reading the old answer as the new one, or waits for ever.
    pub(crate) const fn survives_cancellation(self) -> bool {
        !matches!(self, Self::MySql)
    }

    /// Begins a transaction that will write. SQLite takes its one lock at once: a transaction that
    /// reads first and writes later fails under concurrency, whatever the busy timeout.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres | Self::MySql => "BEGIN",
        }
    }
}
