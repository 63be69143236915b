//! What a migration cannot decide by itself.

use std::fmt;

/// Something that cannot be done without a decision of yours. Each says what is in the way and
/// what to do about it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blocked {
    /// The struct requires a column that the rows which are there have no value for.
    NoValue {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Values that must be unique are there more than once.
    Duplicates {
        /// The table.
        table: String,
        /// The column that shows them.
        column: String,
        /// How many values are there more than once, in the form that is compared.
        count: u64,
        /// The first of them.
        first: Vec<String>,
        /// Whether they differ as they are written, so that `#[auth(exact)]` tells them apart.
        is_told_apart_exactly: bool,
    },
    /// Rows show an identifier in a form that no login looks for.
    NotNormal {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How many rows.
        count: u64,
        /// What the first of them hold.
        first: Vec<String>,
        /// The statement that puts them right, where SQL can.
        update: Option<String>,
    },
    /// Rows hold NULL where the struct, or the library, reads a value.
    Nulls {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How many rows.
        count: u64,
    },
    /// The table requires a column that a sign-up says nothing about.
    Unfilled {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Nothing gives a new row its key.
    Uncounted {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A sign-up writes a column that the database computes by itself.
    Generated {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The column's type does not decode into the struct's, or takes no unique index.
    Type {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Its type.
        is: String,
        /// The type that is wanted.
        wants: String,
    },
    /// The column takes fewer characters than the library writes.
    TooShort {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// How many characters it takes.
        is: usize,
        /// How many are needed.
        wants: usize,
    },
    /// The column of the key is not there, or two rows may have the same key.
    Key {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

/// The sentence as well: a `main` that ends in an error prints it so.
impl fmt::Debug for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue { table, column } => write!(
                f,
                "the rows of `{table}` have no `{column}`: make the field an `Option`, give it \
                 a literal `#[auth(default = ..)]`, or add and fill the column yourself"
            ),
            Self::Duplicates { table, column, count, first, is_told_apart_exactly } => {
                write!(
                    f,
                    "{count} of the values in `{table}`.`{column}` are there more than once, and \
                     must be unique: {}; give all rows but one another value",
                    Few(first, *count)
                )?;
                if *is_told_apart_exactly {
                    f.write_str(
                        ", or put `#[auth(exact)]` on the field to compare names as they are written",
                    )?;
                }
                Ok(())
            }
            Self::NotNormal { table, column, count, first, update } => {
                write!(
                    f,
                    "{count} rows of `{table}` hold a `{column}` that is not in the form that is \
                     compared, so no login would find them: {}; ",
                    Few(first, *count)
                )?;
                match update {
                    Some(update) => write!(f, "run `{update}`")?,
                    None => f.write_str("put them in that form")?,
                }
                write!(
                    f,
                    ", or put `#[auth(key = \"{column}_key\")]` on the field to keep the compared \
                     form in a column of its own"
                )
            }
            Self::Nulls { table, column, count } => write!(
                f,
                "{count} rows of `{table}` hold no `{column}`, and it is read as a value: fill \
                 them, or, where it is a field of the struct other than its key or its only \
                 identifier, make that an `Option`"
            ),
            Self::Unfilled { table, column } => write!(
                f,
                "a sign-up says nothing about `{table}`.`{column}`, which must hold a value: \
                 declare it with `#[auth(register)]` or `#[auth(default = ..)]`, or give the \
                 column a default in the database"
            ),
            Self::Uncounted { table, column } => write!(
                f,
                "nothing counts `{table}`.`{column}` up for a new row: make it an identity column \
                 (PostgreSQL), AUTO_INCREMENT (MySQL) or INTEGER PRIMARY KEY (SQLite)"
            ),
            Self::Generated { table, column } => write!(
                f,
                "the database computes `{table}`.`{column}`, which a sign-up writes: name another \
                 column with `#[auth(column = \"..\")]`, or make it an ordinary one"
            ),
            Self::Type { table, column, is, wants } => write!(
                f,
                "`{table}`.`{column}` is {is}, where {wants} is wanted: change the field's type to \
                 what is there, or change the column's"
            ),
            Self::TooShort { table, column, is, wants } => write!(
                f,
                "`{table}`.`{column}` takes {is} characters, and {wants} are needed: make it \
                 VARCHAR(255)"
            ),
            Self::Key { table, column } => write!(
                f,
                "`{table}` has no unique key `{column}`: name the column of its key with \
                 `#[auth(id, column = \"..\")]`, or make it one; a table that is another's must \
                 have another name"
            ),
        }
    }
}

/// The first few of many, on one line whatever is in them.
struct Few<'a>(&'a [String], u64);

impl fmt::Display for Few<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, value) in self.0.iter().enumerate() {
            write!(f, "{}{value:?}", if at == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.0.len() as u64 == self.1 { "" } else { ", .." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rows_hold_stays_on_its_line() {
        let first = vec!["a\n; DROP TABLE users".to_owned()];
        let blocked = Blocked::NotNormal {
            table: "users".to_owned(),
            column: "email".to_owned(),
            count: 9,
            first,
            update: None,
        };
        let text = blocked.to_string();
        assert!(
            !text.contains('\n') && text.contains(r"a\n; DROP") && text.contains(", .."),
            "{text}"
        );
    }

    #[test]
    fn names_that_differ_in_case_alone_may_be_told_apart_by_a_word() {
        let blocked = |is_told_apart_exactly| Blocked::Duplicates {
            table: "users".to_owned(),
            column: "username".to_owned(),
            count: 1,
            first: vec!["ada".to_owned()],
            is_told_apart_exactly,
        };
        assert!(blocked(true).to_string().contains("#[auth(exact)]"));
        assert!(!blocked(false).to_string().contains("#[auth(exact)]"));
    }
}
