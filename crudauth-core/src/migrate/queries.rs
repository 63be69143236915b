//! The queries that read rows, and the update that fills a column.
//!
//! Table and column names come from attributes, which the derive has checked. Values are bound.

use sha2::{Digest as _, Sha256};

use super::live::LiveTable;
use crate::model::{IdentifierColumn, Shape};
use crate::sql::Dialect;

/// Rows per query.
pub(super) const PAGE: usize = 1000;

/// How many values a blocker shows.
pub(super) const SAMPLES: usize = 5;

/// One row of NULLs with the types of the columns, even if the table is empty.
///
/// The driver caches the columns of a statement by its text, so the text contains a digest of the
/// types.
pub(super) fn types_of(table: &LiveTable, columns: &[&str]) -> String {
    let name = table.qualified();
    let types: Vec<_> = table.columns.iter().map(|column| &*column.sql_type).collect();
    let types = hex::encode(&Sha256::digest(types.join("\n"))[..8]);
    let columns: Vec<_> = columns
        .iter()
        .map(|column| table.layout.read(column, format!("{name}.{}", table.quoted(column))))
        .collect();
    let columns = columns.join(", ");
    format!("SELECT {columns} FROM (SELECT '{types}' AS one) AS one LEFT JOIN {name} ON 1 = 0")
}

/// A row if the table has rows.
pub(super) fn any_row(table: &LiveTable) -> String {
    format!("SELECT 1 FROM {} LIMIT 1", table.qualified())
}

/// A row if one has the shown form of an identifier but not the compared one.
pub(super) fn any_unfilled(table: &LiveTable, identifier: &IdentifierColumn) -> String {
    let name = table.qualified();
    format!("SELECT 1 FROM {name} WHERE {} LIMIT 1", unfilled(table, identifier))
}

/// The condition that a row has the shown form of an identifier but not the compared one.
pub(super) fn unfilled(table: &LiveTable, identifier: &IdentifierColumn) -> String {
    let key = table.quoted(identifier.key);
    let shown = table.quoted(identifier.column);
    let blank =
        if identifier.is_blank_null { format!(" AND {shown} <> ''") } else { String::new() };
    format!("{key} IS NULL AND {shown} IS NOT NULL{blank}")
}

/// The condition that a row is not deleted, if the struct names a column for that.
fn living(table: &LiveTable, shape: &Shape) -> Option<String> {
    let deleted = shape.companion.deleted.filter(|name| table.has_column(name))?;
    Some(format!("{} IS NULL", table.quoted(deleted)))
}

/// A row if a column of SQLite takes different texts for equal. The first part of a compound gives
/// the collation.
pub(super) fn takes_texts_for_equal(table: &LiveTable, column: &str) -> String {
    let column = table.quoted(column);
    let name = table.qualified();
    format!(
        "SELECT 1 FROM (SELECT {column} AS x FROM {name} WHERE 0 UNION ALL SELECT 'a') \
         WHERE x = 'A' OR x = 'a '"
    )
}

/// The number of rows.
pub(super) fn count(table: &LiveTable) -> String {
    format!("SELECT COUNT(*) FROM {}", table.qualified())
}

/// A row if a sequence of PostgreSQL will return a number that a row has, or a smaller one.
pub(super) fn is_sequence_behind(table: &LiveTable, column: &str, sequence: &str) -> String {
    let column = table.quoted(column);
    format!(
        "SELECT 1 FROM {sequence} AS s WHERE s.last_value + s.is_called::int <= \
         (SELECT MAX({column}) FROM {})",
        table.qualified()
    )
}

/// The statement that lets a sequence of PostgreSQL continue after the rows.
pub(super) fn set_sequence(table: &LiveTable, column: &str, sequence: &str) -> String {
    let sequence = sequence.replace('\'', "''");
    let column = table.quoted(column);
    format!("SELECT setval('{sequence}', (SELECT MAX({column}) FROM {}))", table.qualified())
}

/// The number of NULLs in each column.
pub(super) fn nulls(table: &LiveTable, columns: &[&str]) -> String {
    let counts: Vec<_> = columns
        .iter()
        .map(|column| format!("COUNT(*) - COUNT({})", table.quoted(column)))
        .collect();
    format!("SELECT {} FROM {}", counts.join(", "), table.qualified())
}

/// The number of values that have duplicates, as the database compares them.
pub(super) fn count_duplicates(table: &LiveTable, column: &str, shape: &Shape) -> String {
    format!("SELECT COUNT(*) FROM ({}) AS duplicates", grouped(table, column, shape))
}

/// The first of these values, as text.
pub(super) fn duplicates(table: &LiveTable, column: &str, shape: &Shape) -> String {
    let text = match table.dialect {
        Dialect::Sqlite | Dialect::Postgres => "TEXT",
        Dialect::MySql => "CHAR",
    };
    let grouped = grouped(table, column, shape);
    format!(
        "SELECT CAST(value AS {text}) FROM ({grouped}) AS duplicates ORDER BY value LIMIT {SAMPLES}"
    )
}

fn grouped(table: &LiveTable, column: &str, shape: &Shape) -> String {
    let name = table.qualified();
    let column = table.quoted(column);
    let living = living(table, shape).map_or_else(String::new, |living| format!(" AND {living}"));
    format!(
        "SELECT {column} AS value FROM {name} WHERE {column} IS NOT NULL{living} \
         GROUP BY {column} HAVING COUNT(*) > 1"
    )
}

/// The columns of the struct in the first row.
pub(super) fn first_row(table: &LiveTable, columns: &[&str]) -> String {
    let columns: Vec<_> = columns.iter().map(|column| table.selected(column)).collect();
    format!("SELECT {} FROM {} LIMIT 1", columns.join(", "), table.qualified())
}

/// Whether the first value of a column of SQLite is a number.
pub(super) fn is_first_a_number(table: &LiveTable, column: &str) -> String {
    let column = table.quoted(column);
    let name = table.qualified();
    format!(
        "SELECT TYPEOF({column}) IN ('integer', 'real') FROM {name} WHERE {column} IS NOT NULL LIMIT 1"
    )
}

/// The largest key.
pub(super) fn largest_key(table: &LiveTable, id: &str) -> String {
    let shown = table.selected(id);
    format!("SELECT {shown} FROM {} ORDER BY {} DESC LIMIT 1", table.qualified(), table.quoted(id))
}

/// Rows in the order of their keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    pub(super) id: &'a str,
    pub(super) columns: &'a [&'a str],
    /// Selects the rows that lack the compared form of this identifier.
    pub(super) unfilled: Option<&'a IdentifierColumn>,
    /// Selects the rows that are not deleted.
    pub(super) living: Option<&'a Shape>,
}

impl Page<'_> {
    /// The query of a page. Binds the last key of the page before and the largest key, if there are such.
    pub(super) fn text(&self, table: &LiveTable, has_last: bool, has_end: bool) -> String {
        let id = table.quoted(self.id);
        let shown_id = table.selected(self.id);
        let columns: String =
            self.columns.iter().map(|column| format!(", {}", table.selected(column))).collect();
        let mut conditions = Vec::new();
        conditions.extend(self.unfilled.map(|identifier| unfilled(table, identifier)));
        conditions.extend(self.living.and_then(|shape| living(table, shape)));
        let bounds = [(">", has_last), ("<=", has_end)];
        for (at, (sign, _)) in bounds.into_iter().filter(|(_, is_bound)| *is_bound).enumerate() {
            let bound = table.bound(self.id, parameter(table.dialect, at + 1));
            conditions.push(format!("{id} {sign} {bound}"));
        }
        let conditions = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let name = table.qualified();
        format!("SELECT {shown_id}{columns} FROM {name}{conditions} ORDER BY {id} LIMIT {PAGE}")
    }
}

/// Assignments that keep columns with ON UPDATE: MySQL does not touch a column that is assigned.
pub(super) fn kept(table: &LiveTable) -> String {
    let q = table.dialect.quote();
    let touched = table.columns.iter().filter(|column| column.is_touched);
    // The derive has not checked these names: the columns are the app's.
    let names = touched.map(|column| table.quoted(&column.name.replace(q, &q.repeat(2))));
    names.map(|name| format!(", {name} = {name}")).collect()
}

/// Sets a column in several rows. Binds the key and value of each row, then all keys again.
pub(super) fn fill(table: &LiveTable, id: &str, column: &str, rows: usize) -> String {
    let name = table.qualified();
    let key = |number| table.bound(id, parameter(table.dialect, number));
    let value = |number| table.bound(column, parameter(table.dialect, number));
    let whens: String = (0..rows)
        .map(|row| format!(" WHEN {} THEN {}", key(2 * row + 1), value(2 * row + 2)))
        .collect();
    let ids: Vec<_> = (0..rows).map(|row| key(2 * rows + row + 1)).collect();
    let id = table.quoted(id);
    let column = table.quoted(column);
    let ids = ids.join(", ");
    let kept = kept(table);
    format!("UPDATE {name} SET {column} = CASE {id}{whens} END{kept} WHERE {id} IN ({ids})")
}

pub(super) fn parameter(dialect: Dialect, number: usize) -> String {
    if dialect.numbers_parameters() { format!("${number}") } else { "?".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdentifierKind;

    #[test]
    fn a_backfill_keeps_columns_with_on_update() {
        let mut table = LiveTable::of(Dialect::MySql, &[("id", "int"), ("chan`ged", "timestamp")]);
        table.columns[1].is_touched = true;
        assert_eq!(
            fill(&table, "id", "k", 2),
            "UPDATE `users` SET `k` = CASE `id` WHEN ? THEN ? WHEN ? THEN ? END, \
             `chan``ged` = `chan``ged` WHERE `id` IN (?, ?)"
        );
    }

    #[test]
    fn the_next_page_is_between_the_bound_keys() {
        let table = LiveTable::of(Dialect::Postgres, &[("id", "int8")]);
        let identifier = IdentifierColumn {
            name: "name",
            column: "name",
            key: "k",
            kind: IdentifierKind::Username,
            max_chars: None,
            is_optional: false,
            is_login: true,
            is_blank_null: false,
        };
        let unfilled = Some(&identifier);
        let page = Page { id: "id", columns: &["name"], unfilled, living: None };
        assert_eq!(
            page.text(&table, true, true),
            "SELECT \"id\", \"name\" FROM \"users\" WHERE \"k\" IS NULL AND \"name\" IS NOT NULL \
             AND \"id\" > $1 AND \"id\" <= $2 ORDER BY \"id\" LIMIT 1000"
        );
    }
}
