//! The text of what a migration asks of rows, and of the update by which it fills a column.
//!
//! Names are the derive's, which has checked them; values are bound.

use sha2::{Digest as _, Sha256};

use super::ddl;
use super::live::LiveTable;
use crate::model::Shape;
use crate::sql::Dialect;

/// How many rows are read at once.
pub(super) const PAGE: usize = 1000;

/// How many of the values that are in the way are told.
pub(super) const FEW: usize = 5;

/// One row of NULLs that carries the columns' types, whatever the table holds.
///
/// A driver remembers a statement's columns by its text, so another type is another text. It cannot
/// be asked only once: sqlx asks PostgreSQL for types that it does not know in between, and loses
/// a statement without a name by that.
pub(super) fn types_of(table: &LiveTable, columns: &[&str]) -> String {
    let name = quoted(table, &table.name);
    let types: Vec<_> = table.columns.iter().map(|column| &*column.sql_type).collect();
    let types = hex::encode(&Sha256::digest(types.join("\n"))[..8]);
    let columns: Vec<_> =
        columns.iter().map(|column| format!("{name}.{}", quoted(table, column))).collect();
    let columns = columns.join(", ");
    format!("SELECT {columns} FROM (SELECT '{types}' AS one) AS one LEFT JOIN {name} ON 1 = 0")
}

/// A row if the table holds one.
pub(super) fn any_row(table: &LiveTable) -> String {
    format!("SELECT 1 FROM {} LIMIT 1", quoted(table, &table.name))
}

/// A row if one shows something and lacks its compared form.
pub(super) fn any_unfilled(table: &LiveTable, shown: &str, key: &str) -> String {
    let (name, shown, key) = (quoted(table, &table.name), quoted(table, shown), quoted(table, key));
    format!("SELECT 1 FROM {name} WHERE {key} IS NULL AND {shown} IS NOT NULL LIMIT 1")
}

/// How many rows hold NULL, column by column.
pub(super) fn nulls(table: &LiveTable, columns: &[&str]) -> String {
    let counts: Vec<_> = columns
        .iter()
        .map(|column| format!("COUNT(*) - COUNT({})", quoted(table, column)))
        .collect();
    format!("SELECT {} FROM {}", counts.join(", "), quoted(table, &table.name))
}

/// How many values are there more than once, as the database compares them.
pub(super) fn count_duplicates(table: &LiveTable, column: &str) -> String {
    format!("SELECT COUNT(*) FROM ({}) AS duplicates", grouped(table, column))
}

/// The first few of them, as text.
pub(super) fn duplicates(table: &LiveTable, column: &str) -> String {
    let text = match table.dialect {
        Dialect::Sqlite | Dialect::Postgres => "TEXT",
        Dialect::MySql => "CHAR",
    };
    let grouped = grouped(table, column);
    format!(
        "SELECT CAST(value AS {text}) FROM ({grouped}) AS duplicates ORDER BY value LIMIT {FEW}"
    )
}

fn grouped(table: &LiveTable, column: &str) -> String {
    let (name, column) = (quoted(table, &table.name), quoted(table, column));
    format!(
        "SELECT {column} AS value FROM {name} WHERE {column} IS NOT NULL \
         GROUP BY {column} HAVING COUNT(*) > 1"
    )
}

/// The first row, as the struct reads it.
pub(super) fn first_row(table: &LiveTable, columns: &[&str]) -> String {
    let columns: Vec<_> = columns.iter().map(|column| quoted(table, column)).collect();
    format!("SELECT {} FROM {} LIMIT 1", columns.join(", "), quoted(table, &table.name))
}

/// Some rows in the order of their keys: the first, or those after a key that is bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    pub(super) id: &'a str,
    pub(super) columns: &'a [&'a str],
    /// Only those that show something and lack the compared form: columns of both.
    pub(super) unfilled: Option<(&'a str, &'a str)>,
}

impl Page<'_> {
    pub(super) fn text(&self, table: &LiveTable, is_first: bool) -> String {
        let id = quoted(table, self.id);
        let columns: String =
            self.columns.iter().map(|column| format!(", {}", quoted(table, column))).collect();
        let mut only = Vec::new();
        if let Some((shown, key)) = self.unfilled {
            only.push(format!("{} IS NULL", quoted(table, key)));
            only.push(format!("{} IS NOT NULL", quoted(table, shown)));
        }
        if !is_first {
            only.push(format!("{id} > {}", parameter(table.dialect, 1)));
        }
        let only =
            if only.is_empty() { String::new() } else { format!(" WHERE {}", only.join(" AND ")) };
        let name = quoted(table, &table.name);
        format!("SELECT {id}{columns} FROM {name}{only} ORDER BY {id} LIMIT {PAGE}")
    }
}

/// Sets a column of so many rows at once. Bound are key and value of each row, and then the keys
/// again.
pub(super) fn fill(table: &LiveTable, id: &str, column: &str, rows: usize) -> String {
    let (name, id, column) = (quoted(table, &table.name), quoted(table, id), quoted(table, column));
    let parameter = |number| parameter(table.dialect, number);
    let whens: String = (0..rows)
        .map(|row| format!(" WHEN {} THEN {}", parameter(2 * row + 1), parameter(2 * row + 2)))
        .collect();
    let ids: Vec<_> = (0..rows).map(|row| parameter(2 * rows + row + 1)).collect();
    let (ids, kept) = (ids.join(", "), ddl::kept(table));
    format!("UPDATE {name} SET {column} = CASE {id}{whens} END{kept} WHERE {id} IN ({ids})")
}

/// A row if a hash is none of ours and begins with none of so many prefixes.
pub(super) fn any_unread_hash(dialect: Dialect, shape: &Shape, prefixes: usize) -> String {
    let q = dialect.quote();
    let (table, hash) = (shape.table, shape.companion.hash);
    let read: String = (1..=prefixes)
        .map(|number| {
            format!(" AND {q}{hash}{q} NOT LIKE {} ESCAPE '|'", parameter(dialect, number))
        })
        .collect();
    format!(
        "SELECT 1 FROM {q}{table}{q} WHERE {q}{hash}{q} NOT LIKE '_argon2%' \
         AND {q}{hash}{q} NOT LIKE '!%' AND {q}{hash}{q} <> ''{read} LIMIT 1"
    )
}

/// A row if a hash matches a pattern.
pub(super) fn any_hash_like(dialect: Dialect, shape: &Shape) -> String {
    let q = dialect.quote();
    let (table, hash) = (shape.table, shape.companion.hash);
    let pattern = parameter(dialect, 1);
    format!("SELECT 1 FROM {q}{table}{q} WHERE {q}{hash}{q} LIKE {pattern} ESCAPE '|' LIMIT 1")
}

fn quoted(table: &LiveTable, name: &str) -> String {
    let q = table.dialect.quote();
    format!("{q}{name}{q}")
}

fn parameter(dialect: Dialect, number: usize) -> String {
    if dialect.numbers_parameters() { format!("${number}") } else { "?".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_that_fills_touches_no_column_that_dates_itself() {
        let mut table = LiveTable::of(Dialect::MySql, &[("id", "int"), ("chan`ged", "timestamp")]);
        table.columns[1].is_touched = true;
        assert_eq!(
            fill(&table, "id", "k", 2),
            "UPDATE `users` SET `k` = CASE `id` WHEN ? THEN ? WHEN ? THEN ? END, \
             `chan``ged` = `chan``ged` WHERE `id` IN (?, ?)"
        );
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        let table = LiveTable::of(Dialect::Postgres, &[("id", "int8")]);
        let page = Page { id: "id", columns: &["name"], unfilled: Some(("name", "k")) };
        assert_eq!(
            page.text(&table, false),
            "SELECT \"id\", \"name\" FROM \"users\" WHERE \"k\" IS NULL AND \"name\" IS NOT NULL \
             AND \"id\" > $1 ORDER BY \"id\" LIMIT 1000"
        );
    }
}
