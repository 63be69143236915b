//! Values that the database refused: by a constraint or a trigger of the app, by a unique index, or
//! because a column cannot hold them.

use sqlx::error::ErrorKind;

use super::errors::{code, mysql_number, postgres_column};

/// Why the database refused a row.
#[derive(Debug)]
pub(crate) struct RefusedRow {
    pub(crate) kind: RefusalKind,
    /// Name of the constraint, if the driver tells it.
    pub(crate) name: Option<String>,
    /// The table, if the driver names it.
    table: Option<String>,
    /// The reason for a log. It holds no values of the row.
    pub(crate) reason: String,
    /// Text in which the names of the columns may occur.
    hint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// A unique index, or an exclusion constraint.
    Taken,
    /// A column without a value.
    Null,
    /// A CHECK or a foreign key.
    Constraint,
    /// A trigger.
    Trigger,
    /// A value that its column cannot hold.
    Value,
}

impl RefusedRow {
    /// Returns `None` for an error of another cause than the values.
    pub(crate) fn of(error: &sqlx::Error) -> Option<Self> {
        let kind = kind(error)?;
        let cause = error.as_database_error()?;
        let message = cause.message();
        let name = cause.constraint().map(str::to_owned).or_else(|| named(kind, message));
        let table = cause.table().or_else(|| sqlite_table(message)).map(str::to_owned);
        let column = postgres_column(error).unwrap_or_default();
        let (reason, text) = match kind {
            // MySQL's message has the values before the name of the index.
            RefusalKind::Taken => (name.clone().unwrap_or_default(), ""),
            RefusalKind::Null | RefusalKind::Constraint => (message.to_owned(), message),
            // The text of the app may be a sentence with any words.
            RefusalKind::Trigger => (message.to_owned(), ""),
            // MySQL's message has a value.
            RefusalKind::Value => (format!("code {}", code(error).unwrap_or_default()), message),
        };
        let hint = format!("{column} {} {text}", name.as_deref().unwrap_or_default());
        Some(Self { kind, name, table, reason, hint })
    }

    /// Whether the driver names another table than this one: a trigger of the app failed there.
    pub(crate) fn is_elsewhere(&self, table: &str) -> bool {
        self.table.as_ref().is_some_and(|one| !one.eq_ignore_ascii_case(table))
    }

    /// Returns the name of a column that the driver tells, among those of `table`.
    pub(crate) fn column(&self, table: &str, columns: &[&'static str]) -> Option<&'static str> {
        column_in(&self.hint, table, columns)
    }
}

fn kind(error: &sqlx::Error) -> Option<RefusalKind> {
    let cause = error.as_database_error()?;
    Some(match cause.kind() {
        ErrorKind::UniqueViolation | ErrorKind::ExclusionViolation => RefusalKind::Taken,
        ErrorKind::NotNullViolation => RefusalKind::Null,
        ErrorKind::CheckViolation | ErrorKind::ForeignKeyViolation => RefusalKind::Constraint,
        // Other errors have no kind of their own in sqlx.
        _ => match (&*code(error)?, mysql_number(error)) {
            // RAISE of PostgreSQL and SQLite, SIGNAL of MySQL.
            ("P0001" | "1811", None) | ("45000", _) => RefusalKind::Trigger,
            (_, Some(_)) if is_value_of_mysql(error) => RefusalKind::Value,
            // PostgreSQL: too long, out of range, no such date, not in the encoding, not a value of
            // the type. SQLite: not of the type of a STRICT table.
            (
                "22001" | "22003" | "22007" | "22008" | "22021" | "22P02" | "22P05" | "3091",
                None,
            ) => RefusalKind::Value,
            _ => return None,
        },
    })
}

/// Out of range, truncated, no such date, too long, not in the character set.
fn is_value_of_mysql(error: &sqlx::Error) -> bool {
    matches!(mysql_number(error), Some(1264 | 1265 | 1292 | 1366 | 1406)) || cannot_hold(error)
}

/// Returns `true` if a column cannot hold a text, because its character set lacks a character. No
/// row has such a text.
pub(crate) fn cannot_hold(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| matches!(&*code, "22021" | "22P05"))
        || matches!(mysql_number(error), Some(1267 | 1270 | 1271 | 3988))
}

/// The table in a message of SQLite about a column.
fn sqlite_table(message: &str) -> Option<&str> {
    let starts = ["UNIQUE constraint failed: ", "NOT NULL constraint failed: "];
    let column = starts.iter().find_map(|start| message.strip_prefix(start))?;
    column.split_once('.').map(|(table, _)| table).filter(|table| !table.starts_with("index '"))
}

/// The name of a constraint in a message of MySQL or SQLite.
fn named(kind: RefusalKind, message: &str) -> Option<String> {
    let name = match kind {
        RefusalKind::Taken => message
            .rsplit_once(" for key ")
            .or_else(|| message.split_once("UNIQUE constraint failed: "))
            .map(|(_, name)| name)?,
        RefusalKind::Constraint => message
            .split_once("CHECK constraint failed: ")
            .map(|(_, name)| name)
            .or_else(|| message.split(['\'', '`']).nth(1))?,
        RefusalKind::Null | RefusalKind::Trigger | RefusalKind::Value => return None,
    };
    Some(name.trim_matches(['\'', '`', ' ']).trim_start_matches("index '").to_owned())
}

/// Returns the column whose name occurs in a text, alone or as a part of the name of a constraint
/// (`users_age_check`). Of several, the longest counts.
pub(crate) fn column_in(text: &str, table: &str, columns: &[&'static str]) -> Option<&'static str> {
    let is_end = |c: char| !c.is_alphanumeric() && c != '_';
    let names = |column: &str| {
        text.split(is_end).any(|word| {
            let word = word.strip_prefix(table).unwrap_or(word).to_lowercase();
            format!("_{word}_").contains(&format!("_{}_", column.to_lowercase()))
        })
    };
    columns.iter().copied().filter(|column| names(column)).max_by_key(|column| column.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 4] = ["email", "age", "name", "full_name"];

    #[test]
    fn a_column_is_found_in_a_message_and_in_the_name_of_a_constraint() {
        for (text, column) in [
            ("users_age_check", Some("age")),
            ("users_full_name_check", Some("full_name")),
            ("CHECK constraint failed: age >= 18", Some("age")),
            ("CONSTRAINT `users.age` failed for `db`.`users`", Some("age")),
            ("Incorrect string value: '?' for column `db`.`users`.`NAME` at row 1", Some("name")),
            ("UNIQUE constraint failed: users.email", Some("email")),
            ("users_chk_1", None),
            ("message_of_average", None),
            ("", None),
        ] {
            assert_eq!(column_in(text, "users", &COLUMNS), column, "{text}");
        }
    }

    #[test]
    fn the_name_of_the_table_is_not_a_column() {
        assert_eq!(column_in("name_lists_age_check", "name_lists", &COLUMNS), Some("age"));
    }

    #[test]
    fn the_name_of_a_constraint_is_found_in_a_message() {
        for (kind, message, name) in [
            (
                RefusalKind::Taken,
                "Duplicate entry 'a for key b' for key 'users.badge'",
                "users.badge",
            ),
            (RefusalKind::Taken, "Duplicate entry '7' for key 'PRIMARY'", "PRIMARY"),
            (RefusalKind::Taken, "UNIQUE constraint failed: users.badge", "users.badge"),
            (RefusalKind::Taken, "UNIQUE constraint failed: index 'one_badge'", "one_badge"),
            (RefusalKind::Constraint, "Check constraint 'adult' is violated.", "adult"),
            (RefusalKind::Constraint, "CONSTRAINT `adult` failed for `db`.`users`", "adult"),
            (RefusalKind::Constraint, "CHECK constraint failed: adult", "adult"),
        ] {
            assert_eq!(named(kind, message).as_deref(), Some(name), "{message}");
        }
    }
}
