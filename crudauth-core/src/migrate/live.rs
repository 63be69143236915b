//! A table as it is in the database.

use super::catalog;
use crate::sql::rows::Columns;
use crate::sql::{Backend, Dialect, Layout};

/// A table in the database. It has no columns if the table does not exist.
#[derive(Clone, Debug)]
pub(super) struct LiveTable {
    pub(super) name: String,
    /// The schema that statements name, if they name one.
    pub(super) schema: Option<&'static str>,
    /// The schema of the table, unless new tables are created there.
    pub(super) found_in: Option<String>,
    /// The schema that the search path of PostgreSQL led to.
    pub(super) resolved: Option<String>,
    /// `table`, or what it is instead.
    pub(super) kind: String,
    /// Whether SQLite checks the types of values.
    pub(super) is_strict: bool,
    /// The engine, if it has no transactions. Only on MySQL.
    pub(super) engine: Option<String>,
    /// Whether its row format has shorter indexes. Only on MySQL.
    pub(super) is_old_format: bool,
    pub(super) dialect: Dialect,
    /// Conversions for columns of other types than the library's.
    pub(super) layout: Layout,
    pub(super) columns: Vec<LiveColumn>,
    pub(super) indexes: Vec<LiveIndex>,
    /// Statements for the rights that the role of PostgreSQL lacks.
    pub(super) missing_rights: Vec<String>,
    /// Statements that show rows which PostgreSQL hides from the role.
    pub(super) hidden_rows: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LiveColumn {
    pub(super) name: String,
    /// As the database spells it.
    pub(super) sql_type: String,
    pub(super) is_nullable: bool,
    /// As the database spells it.
    pub(super) default: Option<String>,
    /// Whether the database assigns ascending numbers.
    pub(super) is_auto: bool,
    /// Whether the database computes it from other columns.
    pub(super) is_generated: bool,
    /// Maximum length, if there is one.
    pub(super) max_chars: Option<usize>,
    /// Maximum length in bytes. Only on MySQL.
    pub(super) max_bytes: Option<usize>,
    /// Whether an update of other columns changes it (ON UPDATE).
    pub(super) is_touched: bool,
    /// On MySQL. On PostgreSQL only one that takes different texts for equal.
    pub(super) collation: Option<String>,
    /// The type without length, of a domain the type below it. Only on PostgreSQL.
    pub(super) base: String,
    /// The category of the type. Only on PostgreSQL.
    pub(super) category: String,
    /// Whether the type is the app's own, which the driver has to look up. Only on PostgreSQL.
    pub(super) is_own_type: bool,
}

/// An index, or the primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LiveIndex {
    pub(super) name: String,
    pub(super) is_unique: bool,
    /// Whether it is ordered.
    pub(super) is_ordered: bool,
    /// The condition that its rows satisfy; `None` if it covers every row.
    pub(super) condition: Option<String>,
    /// Whether it takes different texts for equal. Only on SQLite.
    pub(super) is_coarse: bool,
    /// `None` for an expression or a prefix of a column.
    pub(super) columns: Vec<Option<String>>,
}

impl LiveTable {
    /// Reads tables, the user's first.
    pub(super) async fn read<DB: Backend>(
        connection: &mut DB::Connection,
        names: &[&str],
        schema: Option<&'static str>,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut tables: Vec<_> =
            names.iter().map(|name| Self::missing(DB::DIALECT, name, schema)).collect();
        let about = |sql| catalog::about::<DB>(sql, names, schema);
        for row in DB::fetch_all(connection, about(catalog::tables(DB::DIALECT))).await? {
            with_table::<DB>(&mut tables, &row, Self::describe)?;
        }
        for row in DB::fetch_all(connection, about(catalog::columns(DB::DIALECT))).await? {
            with_table::<DB>(&mut tables, &row, Self::add_column)?;
        }
        tables.iter_mut().for_each(Self::settle_own_key);
        for row in DB::fetch_all(connection, about(catalog::indexes(DB::DIALECT))).await? {
            with_table::<DB>(&mut tables, &row, Self::add_index_column)?;
        }
        if let (Dialect::Postgres, Some(user)) = (DB::DIALECT, names.first()) {
            let call = about(catalog::MISSING_RIGHTS).with((*user).to_owned());
            for row in DB::fetch_all(connection, call).await? {
                with_table::<DB>(&mut tables, &row, |table, mut row| {
                    row.next().map(|statement| table.missing_rights.push(statement))
                })?;
            }
            for row in DB::fetch_all(connection, about(catalog::HIDDEN_ROWS)).await? {
                with_table::<DB>(&mut tables, &row, |table, mut row| {
                    row.next().map(|statement| table.hidden_rows.push(statement))
                })?;
            }
        }
        Ok(tables)
    }

    /// A table that does not exist.
    fn missing(dialect: Dialect, table: &str, schema: Option<&'static str>) -> Self {
        Self {
            name: table.to_owned(),
            schema,
            found_in: schema.map(str::to_owned),
            resolved: None,
            kind: "table".to_owned(),
            is_strict: false,
            engine: None,
            is_old_format: false,
            dialect,
            layout: Layout::default(),
            columns: Vec::new(),
            indexes: Vec::new(),
            missing_rights: Vec::new(),
            hidden_rows: Vec::new(),
        }
    }

    /// Takes a row of [`catalog::tables`].
    fn describe<DB: Backend>(&mut self, mut row: Columns<'_, DB>) -> Result<(), sqlx::Error> {
        self.kind = row.next()?;
        self.found_in = row.next()?;
        self.is_strict = row.next::<i64>()? != 0;
        self.resolved = row.next()?;
        self.engine = row.next()?;
        self.is_old_format = row.next::<i64>()? != 0;
        Ok(())
    }

    /// Takes a row of [`catalog::columns`].
    fn add_column<DB: Backend>(&mut self, mut row: Columns<'_, DB>) -> Result<(), sqlx::Error> {
        let (column, is_in_key) = LiveColumn::read(&mut row)?;
        if is_in_key {
            self.own_key().columns.push(Some(column.name.clone()));
        }
        self.columns.push(column);
        Ok(())
    }

    /// SQLite's primary key, which is no index if it is the row id.
    fn own_key(&mut self) -> &mut LiveIndex {
        if self.indexes.is_empty() {
            self.indexes.push(LiveIndex::new(String::new(), true, Vec::new()));
        }
        &mut self.indexes[0]
    }

    /// A row id is never NULL, though its column may look so.
    fn settle_own_key(&mut self) {
        let Some([Some(only)]) = self.indexes.first().map(|key| &*key.columns) else { return };
        if let Some(column) = self.columns.iter_mut().find(|column| column.name == *only) {
            column.is_nullable &= !column.is_auto;
        }
    }

    /// Takes a row of [`catalog::indexes`].
    fn add_index_column<DB: Backend>(
        &mut self,
        mut row: Columns<'_, DB>,
    ) -> Result<(), sqlx::Error> {
        let name: String = row.next()?;
        let is_unique = row.next::<i64>()? != 0;
        let is_ordered = row.next::<i64>()? != 0;
        let column: Option<String> = row.next()?;
        let condition = row.next()?;
        let is_coarse = row.next::<i64>()? != 0;
        match self.indexes.last_mut() {
            Some(last) if last.name == name => {
                last.columns.push(column);
                last.is_coarse |= is_coarse;
            }
            _ => self.indexes.push(LiveIndex {
                is_ordered,
                condition,
                is_coarse,
                ..LiveIndex::new(name, is_unique, vec![column])
            }),
        }
        Ok(())
    }

    /// A name in quotes.
    pub(super) fn quoted(&self, name: &str) -> String {
        self.dialect.quoted(name)
    }

    /// The table in a statement.
    pub(super) fn qualified(&self) -> String {
        self.dialect.qualified(self.schema, &self.name)
    }

    /// The table in the statement that creates it.
    pub(super) fn created(&self) -> String {
        self.dialect.qualified(self.found_in.as_deref(), &self.name)
    }

    /// A column where it is selected.
    pub(super) fn selected(&self, column: &str) -> String {
        self.layout.read(column, self.quoted(column))
    }

    /// A parameter that is compared with or written to a column.
    pub(super) fn bound(&self, column: &str, parameter: String) -> String {
        self.layout.write(column, parameter)
    }

    pub(super) fn exists(&self) -> bool {
        !self.columns.is_empty()
    }

    pub(super) fn column(&self, name: &str) -> Option<&LiveColumn> {
        self.columns.iter().find(|column| self.is_same(&column.name, name))
    }

    pub(super) fn has_column(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// Whether an index or constraint makes the column unique. Names do not matter.
    pub(super) fn is_unique(&self, column: &str) -> bool {
        self.unique_indexes(column).any(|index| index.condition.is_none())
    }

    /// Whether an index makes the column unique among the rows in which another one is NULL.
    pub(super) fn is_unique_where_null(&self, column: &str, null: &str) -> bool {
        let wanted = format!("{null}isnull");
        self.unique_indexes(column).any(|index| match &index.condition {
            Some(condition) => {
                let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                let plain: String = condition.chars().filter(is_plain).collect();
                plain.eq_ignore_ascii_case(&wanted)
            }
            None => true,
        })
    }

    /// The unique indexes on this column alone.
    pub(super) fn unique_indexes(&self, column: &str) -> impl Iterator<Item = &LiveIndex> {
        let column = column.to_owned();
        self.indexes.iter().filter(move |index| {
            index.is_unique && index.columns.len() == 1 && self.begins_with(index, &[&column])
        })
    }

    /// Whether an index, or the type of its column, takes different texts for equal.
    pub(super) fn is_coarse(&self, index: &LiveIndex, column: &LiveColumn) -> bool {
        index.is_coarse || column.is_coarse(self.dialect)
    }

    /// Whether an index of every row begins with these columns.
    pub(super) fn is_searched_by(&self, columns: &[impl AsRef<str>]) -> bool {
        let mut whole = self.indexes.iter().filter(|index| index.condition.is_none());
        whole.any(|index| self.begins_with(index, columns))
    }

    /// Whether one of its indexes has that name.
    pub(super) fn has_index_named(&self, name: &str) -> bool {
        self.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name))
    }

    fn begins_with(&self, index: &LiveIndex, columns: &[impl AsRef<str>]) -> bool {
        let is_same = |(live, wanted): (&Option<String>, &_)| {
            live.as_ref().is_some_and(|live| self.is_same(live, AsRef::as_ref(wanted)))
        };
        index.is_ordered
            && index.columns.len() >= columns.len()
            && index.columns.iter().zip(columns).all(is_same)
    }

    /// Whether a quoted `name` refers to the live name.
    pub(super) fn is_same(&self, live: &str, name: &str) -> bool {
        match self.dialect {
            Dialect::Postgres => live == name,
            Dialect::Sqlite | Dialect::MySql => live.eq_ignore_ascii_case(name),
        }
    }
}

impl LiveIndex {
    fn new(name: String, is_unique: bool, columns: Vec<Option<String>>) -> Self {
        Self { name, is_unique, is_ordered: true, condition: None, is_coarse: false, columns }
    }
}

impl LiveColumn {
    /// A column, and whether it is part of SQLite's primary key.
    fn read<DB: Backend>(row: &mut Columns<'_, DB>) -> Result<(Self, bool), sqlx::Error> {
        let name = row.next()?;
        let sql_type: String = row.next()?;
        let is_nullable = row.next::<i64>()? == 0;
        let default = row.next()?;
        let is_auto = row.next::<i64>()? != 0;
        let is_generated = row.next::<i64>()? != 0;
        let max_chars = row.next().map(as_length)?;
        let is_touched = row.next::<i64>()? != 0;
        let is_in_key = row.next::<i64>()? > 0;
        let column = Self {
            name,
            max_chars: match DB::DIALECT {
                Dialect::Sqlite => declared_length(&sql_type),
                Dialect::Postgres | Dialect::MySql => max_chars,
            },
            sql_type,
            is_nullable,
            default,
            is_auto,
            is_generated,
            is_touched,
            collation: row.next()?,
            base: row.next()?,
            category: row.next()?,
            is_own_type: row.next::<i64>()? != 0,
            max_bytes: row.next().map(as_length)?,
        };
        Ok((column, is_in_key))
    }
}

/// Gives the rest of a row to the table that it names.
fn with_table<DB: Backend>(
    tables: &mut [LiveTable],
    row: &DB::Row,
    take: impl FnOnce(&mut LiveTable, Columns<'_, DB>) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    let mut row = Columns::new(row, 0);
    let name: String = row.next()?;
    // MySQL may return the name in other case. The names are distinct without it.
    match tables.iter_mut().find(|table| table.name.eq_ignore_ascii_case(&name)) {
        Some(table) => take(table, row),
        None => Ok(()),
    }
}

fn as_length(number: Option<i64>) -> Option<usize> {
    usize::try_from(number?).ok()
}

/// The length in a declared type such as `VARCHAR(64)`. SQLite stores the declaration only.
pub(super) fn declared_length(declared: &str) -> Option<usize> {
    let (name, rest) = declared.split_once('(')?;
    let is_text = name.to_ascii_uppercase().contains("CHAR");
    let length = rest.split([')', ',']).next()?.trim();
    length.parse().ok().filter(|_| is_text)
}

#[cfg(test)]
impl LiveTable {
    /// A table for tests without a database.
    pub(super) fn of(dialect: Dialect, columns: &[(&str, &str)]) -> Self {
        let column = |&(name, sql_type): &(&str, &str)| LiveColumn {
            name: name.to_owned(),
            sql_type: sql_type.trim_end_matches(" NOT NULL").to_owned(),
            is_nullable: !sql_type.ends_with(" NOT NULL"),
            default: None,
            is_auto: false,
            is_generated: false,
            max_chars: None,
            max_bytes: None,
            is_touched: false,
            collation: None,
            base: String::new(),
            category: String::new(),
            is_own_type: false,
        };
        let columns = columns.iter().map(column).collect();
        Self { columns, ..Self::missing(dialect, "users", None) }
    }

    /// The table with one more index.
    pub(super) fn index(mut self, name: &str, is_unique: bool, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| Some(column.to_owned())).collect();
        self.indexes.push(LiveIndex::new(name.to_owned(), is_unique, columns));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> LiveTable {
        LiveTable::of(Dialect::Sqlite, &[("id", "INTEGER"), ("email", "TEXT"), ("name", "TEXT")])
    }

    #[test]
    fn uniqueness_depends_on_the_columns_of_an_index() {
        assert!(users().index("whatever", true, &["Email"]).is_unique("email"));
        assert!(!users().index("ix_users_email", false, &["email"]).is_unique("email"));
        assert!(!users().index("ix_users_email", true, &["email", "name"]).is_unique("email"));
        let mut partial = users().index("ix_users_email", true, &["email"]);
        partial.indexes[0].condition = Some("(email IS NOT NULL)".to_owned());
        assert!(!partial.is_unique("email"));
        let mut expression = users().index("ix_users_email", true, &["email"]);
        expression.indexes[0].columns = vec![None];
        assert!(!expression.is_unique("email"));
    }

    #[test]
    fn an_index_that_begins_with_the_columns_counts() {
        let by = |columns: &[&str]| columns.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let table = users().index("one", false, &["email", "name"]);
        assert!(table.is_searched_by(&by(&["email"])));
        assert!(table.is_searched_by(&by(&["email", "name"])));
        assert!(!table.is_searched_by(&by(&["name"])));
        assert!(!table.is_searched_by(&by(&["email", "name", "id"])));
    }

    #[test]
    fn only_postgres_distinguishes_names_by_case() {
        let table = |dialect| LiveTable::of(dialect, &[("Email", "text")]);
        assert!(!table(Dialect::Postgres).has_column("email"));
        assert!(table(Dialect::Sqlite).has_column("email"));
        assert!(table(Dialect::MySql).has_column("email"));
    }

    #[test]
    fn the_declared_length_of_a_text_is_parsed() {
        for (declared, length) in [
            ("VARCHAR(64)", Some(64)),
            ("character varying ( 320 )", Some(320)),
            ("NCHAR(55)", Some(55)),
            ("TEXT", None),
            ("DECIMAL(10, 2)", None),
            ("VARCHAR(x)", None),
            ("", None),
        ] {
            assert_eq!(declared_length(declared), length, "{declared}");
        }
    }
}
