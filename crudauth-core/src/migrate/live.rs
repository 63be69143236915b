//! A table as it is in the database.

use super::table::Table;
use crate::sql::{Dialect, Layout};

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
    /// A table that does not exist.
    pub(super) fn missing(dialect: Dialect, table: &str, schema: Option<&'static str>) -> Self {
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

    /// Whether the library's `INSERT` sets the column.
    pub(super) fn is_written(&self, table: &Table, column: &LiveColumn) -> bool {
        let updated = table.shape.filter(|_| self.layout.sets_updated);
        let updated = updated.map(|shape| shape.companion.updated);
        let mut written = table.written.iter().map(|name| &**name).chain(updated);
        written.any(|name| self.is_same(&column.name, name))
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
    pub(super) fn new(name: String, is_unique: bool, columns: Vec<Option<String>>) -> Self {
        Self { name, is_unique, is_ordered: true, condition: None, is_coarse: false, columns }
    }
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
