//! A generated table: its definition, its rows, and what it looks like in the database.

use std::collections::BTreeSet;
use std::fmt;

use crudauth_tests::{Database, Kind};

use super::column::{Column, quoted};
use super::people::Person;

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) people: Vec<Person>,
    /// Statements after `CREATE TABLE`.
    pub(super) indexes: Vec<String>,
    /// What follows the columns, such as `STRICT`.
    pub(super) options: &'static str,
    /// The columns that a blocker may name.
    pub(super) doubtful: BTreeSet<&'static str>,
}

impl Table {
    pub(super) fn column(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// Whether a row may hold a value in a column.
    pub(super) fn holds(&self, name: &str, row: usize) -> bool {
        self.columns.iter().any(|column| column.name == name && !column.nulls.contains(&row))
    }

    fn create_statement(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|one| one.definition(self.kind)).collect();
        format!("CREATE TABLE {} ({}) {}", self.name, columns.join(", "), self.options)
    }

    /// The INSERT of the app, which names only its own columns.
    pub(super) fn insert_statement(&self, at: usize, person: &Person) -> String {
        let named: Vec<_> = self.columns.iter().filter(|column| column.is_named).collect();
        let names: Vec<_> = named.iter().map(|column| quoted(self.kind, column.name)).collect();
        let values: Vec<_> =
            named.iter().map(|column| column.literal(self.kind, at, person)).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.name, names.join(", "), values.join(", "))
    }

    fn statements(&self) -> Vec<String> {
        let mut statements = vec![self.create_statement()];
        statements.extend(self.indexes.iter().cloned());
        let people = self.people.iter().enumerate();
        statements.extend(people.map(|(at, person)| self.insert_statement(at, person)));
        statements
    }

    /// Creates the table anew. Fails if the database knows no such table, or no such row in it.
    pub(super) async fn create(&self, database: &Database) -> Result<(), sqlx::Error> {
        database.forget_statements().await;
        database.try_run_script(&format!("DROP TABLE IF EXISTS {};\n{self}", self.name)).await
    }

    /// The rows as texts, with the columns that `is_shown` selects.
    pub(super) async fn lines(
        &self,
        database: &Database,
        is_shown: impl Fn(&Column) -> bool,
    ) -> BTreeSet<String> {
        let columns = self.columns.iter().filter(|column| is_shown(column));
        let names: Vec<_> = columns.map(|column| quoted(self.kind, column.name)).collect();
        let each = |before: &str, after: &str| {
            let each: Vec<_> =
                names.iter().map(|name| format!("COALESCE({before}{name}{after}, '-')")).collect();
            each.join(", ")
        };
        let table = self.name;
        let sql = match self.kind {
            Kind::Sqlite => format!(
                "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS('|', {}), CHAR(10)), '') FROM {table}",
                each("QUOTE(", ")")
            ),
            Kind::Postgres => format!(
                "SELECT COALESCE(STRING_AGG(CONCAT_WS('|', {}), E'\\n'), '') FROM {table}",
                each("CAST(", " AS text)")
            ),
            Kind::MySql => format!(
                "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS('|', {}) SEPARATOR '\\n'), '') FROM {table}",
                each("HEX(", ")")
            ),
        };
        database.text(&sql).await.lines().map(str::to_owned).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.statements().join(";\n"))
    }
}
