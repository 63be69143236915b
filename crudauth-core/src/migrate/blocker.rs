//! Conditions that a migration cannot resolve by itself.

use std::fmt;

use super::live::LiveTable;

/// A condition that needs a decision before a migration can run.
///
/// Both `Display` and `Debug` name the problem and the fix: a `main` that returns an error prints
/// it by `Debug`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{table}.{column}` {kind}")]
#[non_exhaustive]
pub struct Blocker {
    /// The table.
    pub table: String,
    /// The column. For an identifier with several columns, the one that shows the problem.
    pub column: String,
    /// The condition.
    pub kind: BlockerKind,
}

/// The kinds of a [`Blocker`]. `Display` is its sentence without the column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockerKind {
    /// The struct requires a column for which existing rows have no value.
    #[error(
        "is required, but the table has rows without a value for it: make the field an `Option`, \
         give it a literal `#[auth(default = ..)]`, or add and fill the column yourself"
    )]
    MissingValue,
    /// A column that must be unique has duplicate values.
    #[error(
        "must be unique but has duplicates of {}; change all but one of each{}",
        Samples(.samples, *.count),
        if *.differ_as_written {
            ", or put `#[auth(exact)]` on the field to compare names as they are written"
        } else {
            ""
        }
    )]
    Duplicates {
        /// How many values have duplicates, in the form that is compared.
        count: u64,
        /// The first of these values.
        samples: Vec<String>,
        /// Whether they differ as they are written, so that `#[auth(exact)]` distinguishes them.
        differ_as_written: bool,
    },
    /// Rows store an identifier in a form that no login searches for.
    #[error(
        "is not in the form that logins compare in {count} row(s): {}; {}{}",
        Samples(.samples, *.count),
        match .update {
            Some(update) => format!("run `{update}`"),
            None => "convert them".to_owned(),
        },
        match .key {
            Some(key) => format!(
                ", or put `#[auth(key = \"{key}_key\")]` on the field to keep the compared form in a \
                 column of its own"
            ),
            None => String::new(),
        }
    )]
    NotNormalized {
        /// How many rows.
        count: u64,
        /// The first of these values.
        samples: Vec<String>,
        /// The statement that converts them, if SQL can.
        update: Option<String>,
        /// The column, unless it keeps nothing but the compared form.
        key: Option<&'static str>,
    },
    /// Rows hold NULL where the struct or the library reads a value.
    #[error(
        "is NULL in {count} row(s) but is read as a value: fill these rows, or make the field an \
         `Option` unless it is the key or the only identifier"
    )]
    Nulls {
        /// How many rows.
        count: u64,
    },
    /// A column requires a value that sign-up does not set.
    #[error(
        "requires a value but has no default, and sign-up does not set it: declare it with \
         `#[auth(register)]` or `#[auth(default = ..)]`, or give the column a default in the \
         database"
    )]
    NotWritten,
    /// A unique column in which every sign-up stores the same value.
    #[error(
        "is unique, but every sign-up stores the same value in it: ask for it with \
         `#[auth(register)]`, give the column a default that differs from row to row, or drop the unique \
         index"
    )]
    SameForAll,
    /// The database does not generate the key of a new row.
    #[error(
        "is not generated for new rows: make it an identity column (PostgreSQL), AUTO_INCREMENT \
         (MySQL) or INTEGER PRIMARY KEY (SQLite)"
    )]
    KeyNotGenerated,
    /// The library writes a column that the database computes.
    #[error(
        "is a generated column, but the library writes it: use another column with `#[auth(column = \
         \"..\")]`, or make it an ordinary one"
    )]
    Generated,
    /// A column that `#[auth(erase)]` sets to NULL takes no NULL.
    #[error(
        "is NOT NULL, but `#[auth(erase)]` sets it to NULL: drop the NOT NULL, or give the attribute a \
         literal, such as `erase = \"\"`"
    )]
    NotErasable,
    /// A column's type does not decode to the field's, or cannot have a unique index.
    #[error(
        "has type {actual}, expected {expected}: change the type of the field or of the column"
    )]
    WrongType {
        /// Type of the column.
        actual: String,
        /// Type that is needed.
        expected: String,
    },
    /// Times are numbers, or are not.
    #[error(
        "has type {actual}, {}",
        if *.is_number {
            "so times are numbers: name their unit with `#[auth(times = \"seconds\")]` on the \
             struct, or `milliseconds`, `microseconds`, `nanoseconds`"
        } else {
            "so times are no numbers: remove `times` from the struct, or change the column to BIGINT"
        }
    )]
    TimeUnit {
        /// Type of the column.
        actual: String,
        /// Whether it holds numbers.
        is_number: bool,
    },
    /// The database takes names for equal that the library distinguishes.
    #[error(
        "is unique without regard to case, so accounts that `exact` and codes distinguish would \
         collide: compare it by bytes ({fix}), or remove `#[auth(exact)]`"
    )]
    ComparesWithoutCase {
        /// How to change the column.
        fix: &'static str,
    },
    /// The table is a view, a partitioned table or a foreign one.
    #[error(
        "belongs to a {kind}, which cannot have the unique indexes that accounts need: name a \
         table with `#[auth(table = \"..\")]`"
    )]
    NotATable {
        /// What the name stands for.
        kind: String,
    },
    /// The engine of the table has no transactions.
    #[error(
        "belongs to a table of the engine {engine}, which has no transactions, so that a sign-up could \
         leave half an account: run `{alter}`"
    )]
    NoTransactions {
        /// The engine of MySQL or MariaDB.
        engine: String,
        /// The statement that changes the engine.
        alter: String,
    },
    /// The row format of the table has indexes that are too short for a column.
    #[error(
        "is longer than the 767 bytes that an index takes in the row format of the table: run `{alter}`"
    )]
    OldRowFormat {
        /// The statement that changes the row format.
        alter: String,
    },
    /// The database role of the pool lacks a right.
    #[error(
        "needs a right that the database role of this pool lacks: run `{statement}` as the owner{}",
        if *.is_to_migrate { ", or the migration itself" } else { "" }
    )]
    MissingRight {
        /// The statement that gives the right.
        statement: String,
        /// Whether only a migration needs the right, not the app.
        is_to_migrate: bool,
    },
    /// Row level security hides rows.
    #[error(
        "belongs to a table whose row level security hides rows from the database role of this pool: \
         run `{statement}`"
    )]
    HiddenRows {
        /// The statement that shows every row to the role.
        statement: String,
    },
    /// The database counts keys up from a number that rows have already.
    #[error(
        "is counted by a sequence that is behind the rows, so sign-ups would fail: run `{update}`"
    )]
    SequenceBehind {
        /// The statement that sets the sequence.
        update: String,
    },
    /// A column holds fewer characters than the library writes.
    #[error("holds {max_chars} characters, but {needed} are needed: make it VARCHAR(255)")]
    TooShort {
        /// Length of the column.
        max_chars: usize,
        /// Length that is needed.
        needed: usize,
    },
    /// The key column does not exist, or is not unique.
    #[error(
        "is not a unique key: name the key column of the table with `#[auth(id, column = \
         \"..\")]`, or make this column unique; if the table is not the library's, rename it"
    )]
    NoUniqueKey,
}

impl BlockerKind {
    /// The blocker of this kind for a column.
    pub(super) fn of(self, live: &LiveTable, column: &str) -> Blocker {
        Blocker { table: live.name.clone(), column: column.to_owned(), kind: self }
    }
}

/// Whether a blocker asks for another type of the column.
pub(super) fn asks_for_type(blockers: &[Blocker], column: &str) -> bool {
    let mut types = blockers.iter().filter(|one| matches!(one.kind, BlockerKind::WrongType { .. }));
    types.any(|one| one.column == column)
}

impl fmt::Debug for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number of values and the first of them, escaped so that they stay on one line.
pub(super) struct Samples<'a>(pub(super) &'a [String], pub(super) u64);

impl fmt::Display for Samples<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, value) in self.0.iter().enumerate() {
            write!(f, "{}{value:?}", if at == 0 { "" } else { ", " })?;
        }
        let more = self.1.saturating_sub(self.0.len() as u64);
        if more == 0 { Ok(()) } else { write!(f, " and {more} more") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocker(column: &str, kind: BlockerKind) -> String {
        Blocker { table: "users".to_owned(), column: column.to_owned(), kind }.to_string()
    }

    fn duplicates(differ_as_written: bool) -> String {
        let samples = vec!["ada".to_owned()];
        blocker("username", BlockerKind::Duplicates { count: 1, samples, differ_as_written })
    }

    #[test]
    fn values_stay_on_one_line() {
        let samples = vec!["a\n; DROP TABLE users".to_owned()];
        let key = Some("email");
        assert_eq!(
            blocker("email", BlockerKind::NotNormalized { count: 9, samples, update: None, key }),
            "`users.email` is not in the form that logins compare in 9 row(s): \
             \"a\\n; DROP TABLE users\" and 8 more; convert them, or put \
             `#[auth(key = \"email_key\")]` on the field to keep the compared form in a column \
             of its own"
        );
    }

    #[test]
    fn names_that_differ_as_written_have_a_second_fix() {
        assert_eq!(
            duplicates(false),
            "`users.username` must be unique but has duplicates of \"ada\"; change all but one of \
             each"
        );
        assert!(duplicates(true).ends_with(
            "each, or put `#[auth(exact)]` on the field to compare names as they are written"
        ));
    }
}
