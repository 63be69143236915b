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
use crate::model::{AccountId, AuthUser, Literal, Shape};

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
            self.word(&mut text, word);
            rest = after;
        }
        text.push_str(rest);
        numbered(&text, self.dialect)
    }

    fn word(&self, text: &mut String, word: &str) {
        if let Some(column) = self.column(word) {
            return self.quote(text, column, "");
        }
        match word.split(' ').collect::<Vec<_>>()[..] {
            ["table"] => self.quote(text, self.shape.table, ""),
            ["account"] => self.account(text),
            ["new", "columns"] => self.list(text, |names| names.new_columns()),
            ["new", "values"] => text.push_str(&self.new_values().join(", ")),
            ["identifier", at] => {
                let at = at.parse().unwrap_or(0);
                // Beyond the shape a statement is rendered for nothing, and never run.
                let identifier =
                    self.shape.identifiers.get(at).unwrap_or(&self.shape.identifiers[0]);
                self.quote(text, identifier.key, "");
            }
            ["on", "conflict"] => text.push_str(self.dialect.on_conflict()),
            ["for", "update"] => text.push_str(self.dialect.for_update()),
            ["returning", column] if self.dialect.returns() => {
                text.push_str(" RETURNING ");
                match self.column(column) {
                    Some(column) => self.quote(text, column, ""),
                    None => text.push_str(column),
                }
            }
            ["returning", _] => {}
            ["expired", table, key] => self.expired(text, table.trim_start_matches('+'), key),
            [suffix] if suffix.starts_with('+') => {
                self.quote(text, self.shape.table, &suffix.replacen('+', "_", 1));
            }
            // Shows up in the first test that runs the statement.
            _ => text.push_str(word),
        }
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

    fn quote(&self, text: &mut String, name: &str, suffix: &str) {
        let quote = self.dialect.quote();
        text.push_str(quote);
        text.push_str(name);
        text.push_str(suffix);
        text.push_str(quote);
    }

    fn list(&self, text: &mut String, columns: impl Fn(&Self) -> Vec<&'static str>) {
        for (at, column) in columns(self).into_iter().enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            self.quote(text, column, "");
        }
    }

    /// The columns of an account, in the order in which `rows::account` reads them.
    fn account(&self, text: &mut String) {
        for (at, column) in self.account_columns().enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            self.quote(text, self.shape.table, "");
            text.push('.');
            self.quote(text, column, "");
        }
    }

    fn account_columns(&self) -> impl Iterator<Item = &'static str> {
        let companion = self.shape.companion;
        let read = [companion.active, companion.superuser, companion.version, companion.epoch];
        let own = self.shape.columns.iter().copied();
        own.chain(read).chain(companion.verified)
    }

    /// The columns of a new account: the library's, the identifiers, the app's own.
    fn new_columns(&self) -> Vec<&'static str> {
        let companion = self.shape.companion;
        let mut columns = vec![
            companion.hash,
            companion.active,
            companion.superuser,
            companion.version,
            companion.epoch,
            companion.created,
        ];
        columns.extend(companion.verified);
        columns.extend((!self.is_id_counted).then_some(self.shape.id));
        for identifier in self.shape.identifiers {
            columns.push(identifier.column);
            columns.extend(identifier.has_own_key().then_some(identifier.key));
        }
        columns.extend(self.shape.defaults.iter().map(|(column, _)| *column));
        columns.extend(self.shape.written);
        columns
    }

    /// The values of [`new_columns`](Self::new_columns). The app's own are bound by position, so
    /// they come last.
    fn new_values(&self) -> Vec<String> {
        let mut values: Vec<_> =
            [":hash", "TRUE", "FALSE", "0", ":stamp", ":now"].map(str::to_owned).into();
        values.extend(self.shape.companion.verified.map(|_| "FALSE".to_owned()));
        values.extend((!self.is_id_counted).then(|| ":id".to_owned()));
        for (at, identifier) in self.shape.identifiers.iter().enumerate() {
            values.push(format!(":{}", identifier_name(at)));
            values.extend(identifier.has_own_key().then(|| format!(":{}", key_name(at))));
        }
        let literals = self.shape.defaults.iter().map(|(_, value)| self.literal(*value));
        values.extend(literals);
        values.extend(self.shape.written.iter().map(|column| format!(":{OWN}{column}")));
        values
    }

    /// A value from an attribute, as the database reads it.
    fn literal(&self, value: Literal) -> String {
        match value {
            Literal::Text(value) => {
                let escaped = value.replace('\'', "''");
                match self.dialect {
                    Dialect::MySql => format!("'{}'", escaped.replace('\\', "\\\\")),
                    Dialect::Sqlite | Dialect::Postgres => format!("'{escaped}'"),
                }
            }
            Literal::Integer(value) => value.to_string(),
            Literal::Boolean(value) => if value { "TRUE" } else { "FALSE" }.to_owned(),
        }
    }

    /// MySQL limits a DELETE. The form that the others understand makes it read, and lock, the whole
    /// table.
    fn expired(&self, text: &mut String, suffix: &str, key: &str) {
        if self.dialect == Dialect::MySql {
            return text.push_str("expires_at <= :now ORDER BY expires_at LIMIT :limit");
        }
        text.push_str(&format!("{key} IN (SELECT {key} FROM "));
        self.quote(text, self.shape.table, &format!("_{suffix}"));
        text.push_str(" WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)");
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
mod tests {
    use super::*;

    #[test]
    fn a_repeated_name_is_one_parameter_where_parameters_have_numbers() {
        let text = "SELECT :a, ':a', :b, :a";
        let postgres = numbered(text, Dialect::Postgres);
        assert_eq!(&*postgres.sql, "SELECT $1, ':a', $2, $1");
        assert_eq!(postgres.parameters, ["a", "b"]);
        let mysql = numbered(text, Dialect::MySql);
        assert_eq!(&*mysql.sql, "SELECT ?, ':a', ?, ?");
        assert_eq!(mysql.parameters, ["a", "b", "a"]);
    }
}
