//! Renders the template of a statement for a table and a dialect.
//!
//! Templates are constants beside the code that binds their values. Nothing in them is input: names
//! come from attributes and were checked by the derive, values are bound by name.
//!
//! | in a template | becomes |
//! | --- | --- |
//! | `{table}` | the user's table |
//! | `{+sessions}` | the library's table with that suffix |
//! | `{id}`, `{hash}`, `{active}`, `{version}`, `{stamp}`, `{verified}`, `{updated}` | a column of the user's table |
//! | `{account}` | the columns that an account is read from |
//! | `{new columns}`, `{new values}` | the columns and values that a sign-up writes |
//! | `{identifier 0}` … | the compared column of that identifier |
//! | `{recovery}`, `{shown_recovery}` | the compared and the shown column of the recovery contact |
//! | `{on conflict}`, `{for update}`, `{returning ..}` | what the dialect has for it |
//! | `{expired +sessions digest}` | a bounded choice of expired rows; binds `:now` and `:limit` |
//! | `:name` | the value bound under that name |
//!
//! An assignment sees the values of before it only on PostgreSQL and SQLite. MySQL works from left
//! to right, so no assignment in a template reads a column that an earlier one has set.

use std::borrow::Cow;
use std::sync::Arc;

use super::Dialect;
use crate::model::{AccountId, AuthUser, Shape};

/// A table and the dialect to write it in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) dialect: Dialect,
    pub(crate) shape: Shape,
    is_id_counted: bool,
}

/// A rendered statement.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: Arc<str>,
    /// The name of each parameter, in the order in which the database counts them.
    pub(crate) parameters: Vec<Cow<'static, str>>,
}

impl Names {
    pub(crate) fn of<U: AuthUser>(dialect: Dialect) -> Self {
        const { U::SHAPE.assert_names() };
        Self { dialect, shape: U::SHAPE, is_id_counted: <U::Id as AccountId>::IS_COUNTED }
    }

    /// Renders a template.
    pub(crate) fn render(&self, template: &str) -> Statement {
        let mut text = String::with_capacity(2 * template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}').unwrap_or((after, ""));
            text.push_str(before);
            text.push_str(&self.word(word));
            rest = after;
        }
        text.push_str(rest);
        numbered(&text, self.dialect)
    }

    fn word(&self, word: &str) -> String {
        if let Some(column) = self.column(word) {
            return self.dialect.quoted(column);
        }
        match word.split(' ').collect::<Vec<_>>()[..] {
            ["table"] => self.dialect.quoted(self.shape.table),
            ["account"] => self.account(),
            ["new", "columns"] => {
                let row = self.new_row().into_iter();
                row.map(|(column, _)| self.dialect.quoted(column)).collect::<Vec<_>>().join(", ")
            }
            ["new", "values"] => {
                let row = self.new_row().into_iter();
                row.map(|(_, value)| value).collect::<Vec<_>>().join(", ")
            }
            ["identifier", at] => {
                let at = at.parse().unwrap_or(0);
                // Beyond the shape a statement is rendered for nothing, and never run.
                let identifier =
                    self.shape.identifiers.get(at).unwrap_or(&self.shape.identifiers[0]);
                self.dialect.quoted(identifier.key)
            }
            ["on", "conflict"] => self.dialect.on_conflict().to_owned(),
            ["for", "update"] => self.dialect.for_update().to_owned(),
            ["returning", _] if !self.dialect.returns() => String::new(),
            ["returning", word] => {
                let column = self.column(word).map(|column| self.dialect.quoted(column));
                format!(" RETURNING {}", column.as_deref().unwrap_or(word))
            }
            ["expired", table, key] => self.expired(table, key),
            [table] if table.starts_with('+') => self.library_table(table),
            // Shows up in the first test that runs the statement.
            _ => word.to_owned(),
        }
    }

    /// The library's table of `+suffix`.
    fn library_table(&self, word: &str) -> String {
        self.dialect.quoted(&format!("{}{}", self.shape.table, word.replacen('+', "_", 1)))
    }

    /// A column of the user's table by its word.
    fn column(&self, word: &str) -> Option<&'static str> {
        let companion = &self.shape.companion;
        let recovery = self.shape.recovery_column();
        Some(match word {
            "id" => self.shape.id,
            "hash" => companion.hash,
            "active" => companion.active,
            "superuser" => companion.superuser,
            "version" => companion.version,
            "stamp" => companion.epoch,
            "updated" => companion.updated,
            // Without a recovery contact these are rendered and never run.
            "verified" => companion.verified.unwrap_or(companion.active),
            "recovery" => recovery.map_or(self.shape.id, |column| column.key),
            "shown_recovery" => recovery.map_or(self.shape.id, |column| column.column),
            _ => return None,
        })
    }

    /// The columns of an account, in the order in which `rows::account` reads them.
    fn account(&self) -> String {
        let companion = self.shape.companion;
        let read = [companion.active, companion.superuser, companion.version, companion.epoch];
        let own = self.shape.columns.iter().copied();
        let columns = own.chain(read).chain(companion.verified);
        let table = self.dialect.quoted(self.shape.table);
        let qualified = columns.map(|column| format!("{table}.{}", self.dialect.quoted(column)));
        qualified.collect::<Vec<_>>().join(", ")
    }

    /// The columns of a new account and their values: the library's, the identifiers, the app's own.
    /// The values of the last are bound by position, so they come last.
    pub(crate) fn new_row(&self) -> Vec<(&'static str, String)> {
        let companion = self.shape.companion;
        let library = [
            (companion.hash, ":hash"),
            (companion.active, "TRUE"),
            (companion.superuser, "FALSE"),
            (companion.version, "0"),
            (companion.epoch, ":stamp"),
            (companion.created, ":now"),
        ];
        let verified = companion.verified.map(|column| (column, "FALSE"));
        let id = (!self.is_id_counted).then_some((self.shape.id, ":id"));
        let fixed = library.into_iter().chain(verified).chain(id);
        let mut row: Vec<_> = fixed.map(|(column, value)| (column, value.to_owned())).collect();
        for (at, identifier) in self.shape.identifiers.iter().enumerate() {
            row.push((identifier.column, format!(":{}", identifier_name(at))));
            if identifier.has_own_key() {
                row.push((identifier.key, format!(":{}", key_name(at))));
            }
        }
        let defaults = self.shape.defaults.iter();
        row.extend(defaults.map(|&(column, value)| (column, self.dialect.literal(value))));
        row.extend(self.shape.written.iter().map(|&column| (column, format!(":{OWN}{column}"))));
        row
    }

    /// MySQL limits a DELETE. The form that the others understand makes it read, and lock, the whole
    /// table.
    fn expired(&self, table: &str, key: &str) -> String {
        let choice = "expires_at <= :now ORDER BY expires_at LIMIT :limit";
        if self.dialect == Dialect::MySql {
            return choice.to_owned();
        }
        let table = self.library_table(table);
        format!("{key} IN (SELECT {key} FROM {table} WHERE {choice})")
    }
}

/// Prefix of the parameters that [`AuthRow::write`](super::AuthRow::write) binds by position.
const OWN: &str = "own_";

/// Whether a parameter is one of the app's own columns.
pub(crate) fn is_own(parameter: &str) -> bool {
    parameter.starts_with(OWN)
}

/// Name of the parameter with the shown form of an identifier.
pub(crate) fn identifier_name(at: usize) -> String {
    format!("identifier{at}")
}

/// Name of the parameter with the compared form of an identifier.
pub(crate) fn key_name(at: usize) -> String {
    format!("key{at}")
}

/// Replaces `:name` by the parameters of the dialect. A name that comes again is the same parameter,
/// except on MySQL, which knows parameters by position only.
fn numbered(text: &str, dialect: Dialect) -> Statement {
    let mut sql = String::with_capacity(text.len());
    let mut parameters: Vec<Cow<'static, str>> = Vec::new();
    let mut is_quoted = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        is_quoted ^= character == '\'';
        if character != ':' || is_quoted {
            sql.push(character);
            continue;
        }
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let (name, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
        rest = after;
        let known = parameters.iter().position(|known| known == name);
        let at = known.filter(|_| dialect.numbers_parameters()).unwrap_or_else(|| {
            parameters.push(Cow::Owned(name.to_owned()));
            parameters.len() - 1
        });
        if dialect.numbers_parameters() {
            sql.push_str(&format!("${}", at + 1));
        } else {
            sql.push('?');
        }
    }
    Statement { sql: sql.into(), parameters }
}

impl Shape {
    /// Longest name that every database takes: PostgreSQL cuts longer ones off.
    const LONGEST_NAME: usize = 63;

    /// Longest suffix of a table of the library's.
    const LONGEST_SUFFIX: usize = "_one_time_tokens".len();

    /// Stops the build if a name is not plain or too long. The derive has checked names already;
    /// this is the second line, for structs that implement [`AuthUser`] by hand.
    #[expect(clippy::panic, reason = "a panic in a constant is a compile error")]
    pub(crate) const fn assert_names(&self) {
        if self.table.len() + Self::LONGEST_SUFFIX > Self::LONGEST_NAME {
            panic!("a table's name may have at most 47 characters");
        }
        assert_plain(self.table);
        assert_plain(self.id);
        let mut at = 0;
        while at < self.columns.len() {
            assert_plain(self.columns[at]);
            at += 1;
        }
        let mut at = 0;
        while at < self.identifiers.len() {
            assert_plain(self.identifiers[at].column);
            assert_plain(self.identifiers[at].key);
            at += 1;
        }
    }
}

#[expect(clippy::panic, reason = "a panic in a constant is a compile error")]
const fn assert_plain(name: &str) {
    if name.len() > Shape::LONGEST_NAME {
        panic!("a column's name may have at most 63 characters, a username's 59");
    }
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() && bytes[at] != b'_' {
            panic!("a table or column name may hold letters, digits and `_` only");
        }
        at += 1;
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
