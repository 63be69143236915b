//! Renders the template of a statement for a table and a dialect.
//!
//! Templates are constants beside the code that binds their values. Nothing in them is input: names
//! come from attributes and were checked by the derive, values are bound by name.
//!
//! | in a template | becomes |
//! | --- | --- |
//! | `{table}` | the user's table |
//! | `{+sessions}` | the library's table with that suffix |
//! | `{id}`, `{hash}`, `{active}`, `{version}`, `{stamp}`, `{verified}`, `{updated}`, `{deleted}` | a column of the user's table |
//! | `{own city}` … | a column of the app in the user's table |
//! | `{read hash}`, `{read identifier 0}` … | such a column where it is selected |
//! | `{:key identifier 0}`, `{:account id}` … | the value bound under that name, where it is compared with or written to the column |
//! | `{text created}` … | such a column as text, as the database writes it |
//! | `{owner +sessions}` | the owner of a row of that table, where it is compared with `{id}` |
//! | `{and living}` | the further condition that an account is not deleted; nothing without such a column |
//! | `{is active}` | whether the account may sign in, as a condition |
//! | `{account}` | the columns that an account is read from |
//! | `{new columns}`, `{new values}` | the columns and values that a sign-up writes |
//! | `{erased}` | the assignments of the identifiers and of the columns with `#[auth(erase)]` |
//! | `{identifier 0}` … | the compared column of that identifier |
//! | `{unfilled 0}` … | the condition that an account lacks the compared form of that identifier |
//! | `{by identifier 0}` … | the condition that selects the account with the identifier `:key`, typed as `:typed` |
//! | `{recovery}`, `{shown_recovery}` | the compared and the shown column of the recovery contact |
//! | `{on conflict}`, `{for update}`, `{returning ..}` | what the dialect has for it |
//! | `{expired +sessions digest}` | a bounded choice of expired rows; binds `:now` and `:limit` |
//! | `:name` | the value bound under that name |
//!
//! An assignment sees the values of before it only on PostgreSQL and SQLite. MySQL works from left
//! to right, so no assignment in a template reads a column that an earlier one has set.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Dialect, Layout, rows};
use crate::model::{AuthUser, IdentifierColumn, KeySource, Shape};

/// A table and the dialect to write it in.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) dialect: Dialect,
    pub(crate) shape: Shape,
    pub(crate) key_source: KeySource,
    pub(crate) layout: Layout,
}

/// A rendered statement.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: Arc<str>,
    /// The name of each parameter, in the order in which the database counts them.
    pub(crate) parameters: Vec<Cow<'static, str>>,
}

impl Names {
    pub(crate) fn of<U: AuthUser>(dialect: Dialect, layout: Layout) -> Self {
        const { U::SHAPE.assert_names() };
        Self { dialect, shape: U::SHAPE, key_source: U::KEY_SOURCE, layout }
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
            ["table"] => self.table(),
            ["account"] => self.account(),
            ["is", "active"] => self.is_active(),
            ["and", "living"] => self.and_living(),
            ["by", "identifier", at] => self.by_identifier(self.identifier(at)),
            ["unfilled", at] => self.unfilled(self.identifier(at)),
            ["new", "columns"] => {
                let row = self.new_row().into_iter();
                row.map(|(column, _)| self.dialect.quoted(column)).collect::<Vec<_>>().join(", ")
            }
            ["new", "values"] => {
                let row = self.new_row().into_iter();
                row.map(|(_, value)| value).collect::<Vec<_>>().join(", ")
            }
            ["erased"] => self.erased(),
            ["read", ..] => self.read(self.column(&word["read ".len()..]).unwrap_or(self.shape.id)),
            ["text", ..] => {
                let column = self.column(&word["text ".len()..]).unwrap_or(self.shape.id);
                self.dialect.as_text(&self.read(column))
            }
            ["owner", table] => self.owner(table, "user_id"),
            ["owner", table, column] => self.owner(table, column),
            ["on", "conflict"] => self.dialect.on_conflict().to_owned(),
            ["for", "update"] => self.dialect.for_update().to_owned(),
            ["returning", _] if !self.dialect.returns() => String::new(),
            ["returning", word] => {
                let column = self.column(word);
                let column = column.map(|name| self.layout.read(name, self.dialect.quoted(name)));
                format!(" RETURNING {}", column.as_deref().unwrap_or(word))
            }
            ["expired", table, key] => self.expired(table, key),
            [table] if table.starts_with('+') => self.library_table(table),
            [parameter, ..] if parameter.starts_with(':') => {
                let column = self.column(word[parameter.len()..].trim_start());
                self.layout.write(column.unwrap_or(self.shape.id), parameter.to_owned())
            }
            // Shows up in the first test that runs the statement.
            _ => word.to_owned(),
        }
    }

    /// The user's table.
    pub(super) fn table(&self) -> String {
        self.dialect.qualified(self.schema_of(self.shape.table), self.shape.table)
    }

    /// The schema that statements name for a table.
    pub(super) fn schema_of(&self, table: &str) -> Option<&str> {
        self.shape.schema.or_else(|| self.layout.schema_of(table))
    }

    /// The library's table of `+suffix`.
    fn library_table(&self, word: &str) -> String {
        let name = format!("{}{}", self.shape.table, word.replacen('+', "_", 1));
        self.dialect.qualified(self.schema_of(&name), &name)
    }

    /// The owner of a row in a library's table, as it is compared with the key of an account.
    fn owner(&self, table: &str, column: &str) -> String {
        self.layout.write(self.shape.id, format!("{}.{column}", self.library_table(table)))
    }

    /// A column of the user's table by its word.
    fn column(&self, word: &str) -> Option<&'static str> {
        let companion = &self.shape.companion;
        let recovery = self.shape.recovery_column();
        match word.split_once(' ') {
            Some(("identifier", at)) => return Some(self.identifier(at).key),
            Some(("shown", at)) => return Some(self.identifier(at).column),
            Some(("own", name)) => {
                return self.shape.columns.iter().copied().find(|column| *column == name);
            }
            _ => {}
        }
        Some(match word {
            "id" => self.shape.id,
            "hash" => companion.hash,
            "active" => companion.active,
            "superuser" => companion.superuser,
            "version" => companion.version,
            "stamp" => companion.epoch,
            "created" => companion.created,
            "updated" => companion.updated,
            // Without such a column this is not run.
            "deleted" => companion.deleted.unwrap_or(companion.updated),
            // Without a recovery contact the column is assigned FALSE at most.
            "verified" => companion.verified.unwrap_or(companion.active),
            "recovery" => recovery.map_or(self.shape.id, |column| column.key),
            "shown_recovery" => recovery.map_or(self.shape.id, |column| column.column),
            _ => return None,
        })
    }

    /// A column of the user's table where it is selected.
    fn read(&self, column: &str) -> String {
        self.layout.read(column, format!("{}.{}", self.table(), self.dialect.quoted(column)))
    }

    /// The columns of an account, in the order in which `rows::account` reads them.
    fn account(&self) -> String {
        let companion = self.shape.companion;
        let own = self.shape.columns.iter().map(|column| self.read(column));
        let state = [companion.version, companion.epoch].map(|column| self.read(column));
        own.chain([self.flags()]).chain(state).collect::<Vec<_>>().join(", ")
    }

    /// The flags of an account, as one number.
    fn flags(&self) -> String {
        let companion = self.shape.companion;
        let flag = |condition: String, value: i32| match self.dialect {
            Dialect::Sqlite | Dialect::MySql => format!("({condition} IS TRUE) * {value}"),
            Dialect::Postgres => format!("CAST({condition} IS TRUE AS INTEGER) * {value}"),
        };
        let active = flag(self.is_active(), rows::ACTIVE);
        let superuser = flag(self.read(companion.superuser), rows::SUPERUSER);
        let verified = companion.verified.map(|column| flag(self.read(column), rows::VERIFIED));
        [active, superuser].into_iter().chain(verified).collect::<Vec<_>>().join(" + ")
    }

    /// Whether an account may sign in. A deleted one may not.
    fn is_active(&self) -> String {
        let active = self.read(self.shape.companion.active);
        match self.shape.companion.deleted {
            Some(deleted) => {
                let deleted = self.dialect.quoted(deleted);
                format!("({active} AND {}.{deleted} IS NULL)", self.table())
            }
            None => active,
        }
    }

    /// Whether an account is not deleted, after another condition.
    fn and_living(&self) -> String {
        let deleted = self.shape.companion.deleted;
        deleted.map_or_else(String::new, |deleted| {
            format!(" AND {} IS NULL", self.dialect.quoted(deleted))
        })
    }

    /// The identifier at that position.
    fn identifier(&self, at: &str) -> &'static IdentifierColumn {
        let at = at.parse().unwrap_or(0);
        // Beyond the shape a statement is rendered for nothing, and never run.
        self.shape.identifiers.get(at).unwrap_or(&self.shape.identifiers[0])
    }

    /// The condition that an account lacks the compared form of an identifier that it has.
    fn unfilled(&self, column: &IdentifierColumn) -> String {
        let [key, shown] = [column.key, column.column].map(|name| self.dialect.quoted(name));
        let blank =
            if column.is_blank_null { format!(" AND {shown} <> ''") } else { String::new() };
        format!("{key} IS NULL AND {shown} IS NOT NULL{blank}")
    }

    /// The condition that selects the account with the identifier `:key`.
    ///
    /// A program that does not know the library inserts rows without a compared form. Such a row is
    /// found by the shown form, which is `:key` or `:typed`. A row with the compared form comes first.
    fn by_identifier(&self, column: &IdentifierColumn) -> String {
        let living = self.and_living();
        let compared = self.dialect.quoted(column.key);
        let key = self.layout.write(column.key, ":key".to_owned());
        if !self.layout.unfilled.contains(&column.key) {
            return format!("{compared} = {key}{living}");
        }
        let shown = self.dialect.quoted(column.column);
        let forms =
            [":key", ":typed"].map(|form| self.layout.write(column.column, form.to_owned()));
        let forms = forms.join(", ");
        // A collation of MySQL may find several rows: the one that was typed comes first.
        let exact = match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => String::new(),
            Dialect::MySql => {
                format!(", CONVERT({shown} USING utf8mb4) COLLATE utf8mb4_bin NOT IN ({forms})")
            }
        };
        format!(
            "({compared} = {key} OR ({compared} IS NULL AND {shown} IN ({forms}))){living} \
             ORDER BY {compared} IS NULL{exact} LIMIT 1"
        )
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
        let updated = self.layout.sets_updated.then_some((companion.updated, ":now"));
        let verified = companion.verified.map(|column| (column, "FALSE"));
        let is_made = self.key_source == KeySource::Library;
        let id = is_made.then_some((self.shape.id, ":id"));
        let fixed = library.into_iter().chain(updated).chain(verified).chain(id);
        let mut row: Vec<_> = fixed.map(|(column, value)| (column, value.to_owned())).collect();
        row.extend(self.names());
        let defaults = self.shape.defaults.iter();
        row.extend(defaults.map(|&(column, value)| (column, self.dialect.literal(value))));
        row.extend(self.shape.written.iter().map(|&column| (column, format!(":{OWN}{column}"))));
        let converted = row.into_iter().map(|(column, value)| {
            let is_bound = value.starts_with(':');
            (column, if is_bound { self.layout.write(column, value) } else { value })
        });
        converted.collect()
    }

    /// The columns of the identifiers and their parameters.
    fn names(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.shape.identifiers.iter().enumerate().flat_map(|(at, identifier)| {
            let key = (identifier.key, format!(":{}", key_name(at)));
            let shown = (identifier.column, format!(":{}", identifier_name(at)));
            [shown].into_iter().chain(identifier.has_own_key().then_some(key))
        })
    }

    /// The assignments that take the owner out of a row which stays.
    fn erased(&self) -> String {
        let names = self.names().map(|(column, value)| (column, self.layout.write(column, value)));
        let own = self.shape.erased.iter().map(|&(column, value)| {
            (column, value.map_or_else(|| "NULL".to_owned(), |value| self.dialect.literal(value)))
        });
        let assigned = names
            .chain(own)
            .map(|(column, value)| format!("{} = {value}", self.dialect.quoted(column)));
        assigned.collect::<Vec<_>>().join(", ")
    }

    /// A form that searches the table by its key on each database. MySQL limits a DELETE; PostgreSQL
    /// reads the whole table for a subquery whose LIMIT it does not know.
    fn expired(&self, table: &str, key: &str) -> String {
        let choice = "expires_at <= :now ORDER BY expires_at LIMIT :limit";
        let table = self.library_table(table);
        let keys = format!("SELECT {key} FROM {table} WHERE {choice}");
        match self.dialect {
            Dialect::Sqlite => format!("{key} IN ({keys})"),
            Dialect::Postgres => format!("{key} = ANY (ARRAY({keys}))"),
            Dialect::MySql => choice.to_owned(),
        }
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

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
