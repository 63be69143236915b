//! The columns of a live user's table whose types differ from those that the library binds and reads.
//!
//! Migrations read the catalog and describe the differences once, at the start of the app. Statements
//! convert such a column where they read it, and the parameter where they compare or write it, so that
//! the database can use the indexes of the column.

use std::collections::HashMap;

/// Conversions for the columns of a live user's table. Empty for a table that the library created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    conversions: HashMap<String, Conversion>,
    /// The schemas of tables, on PostgreSQL.
    schemas: HashMap<String, String>,
    /// Columns of compared forms in which NULL may mean that other software has not filled it.
    pub(crate) unfilled: Vec<&'static str>,
    /// Whether a sign-up must set the time of the last change.
    pub(crate) sets_updated: bool,
    pub(crate) keeps_deleted: bool,
    /// Columns of optional identifiers that take no NULL.
    pub(crate) never_null: Vec<&'static str>,
}

/// The two conversions of a column, as SQL in which `{}` stands for the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conversion {
    /// From the column to the type that the library reads.
    pub(crate) read: Option<String>,
    /// From the type that the library binds to the column.
    pub(crate) write: Option<String>,
}

impl Layout {
    /// Whether the row of a deleted account can stay: there is a column of the time of its deletion.
    #[must_use]
    pub fn keeps_deleted(&self) -> bool {
        self.keeps_deleted
    }

    /// Whether every account has the optional identifier in that column.
    #[must_use]
    pub fn is_never_null(&self, column: &str) -> bool {
        self.never_null.contains(&column)
    }

    pub(crate) fn insert(&mut self, column: &str, conversion: Conversion) {
        if conversion != Conversion::default() {
            self.conversions.insert(column.to_owned(), conversion);
        }
    }

    /// Names the schema of a table in every statement: the search paths of two connections may differ,
    /// and a schema that is made later may come first. A schema whose name is not plain is left out.
    pub(crate) fn locate(&mut self, table: &str, schema: Option<&str>) {
        let is_plain =
            |name: &&str| name.chars().all(|c| c.is_alphanumeric() || "_-.$".contains(c));
        if let Some(schema) = schema.filter(is_plain) {
            self.schemas.insert(table.to_owned(), schema.to_owned());
        }
    }

    pub(crate) fn schema_of(&self, table: &str) -> Option<&str> {
        self.schemas.get(table).map(String::as_str)
    }

    /// Stores an empty text in place of NULL in a column.
    pub(crate) fn blank(&mut self, column: &str) {
        let value = self.write(column, "COALESCE({}, '')".to_owned());
        self.conversions.entry(column.to_owned()).or_default().write = Some(value);
    }

    /// Reads a column: `expression` is its quoted name.
    pub(crate) fn read(&self, column: &str, expression: String) -> String {
        let conversion = self.conversions.get(column).and_then(|found| found.read.as_deref());
        conversion.map_or_else(|| expression.clone(), |sql| sql.replace("{}", &expression))
    }

    /// Converts a value for a column: `expression` is a parameter or a column of the library's tables.
    pub(crate) fn write(&self, column: &str, expression: String) -> String {
        let conversion = self.conversions.get(column).and_then(|found| found.write.as_deref());
        conversion.map_or_else(|| expression.clone(), |sql| sql.replace("{}", &expression))
    }
}

impl Conversion {
    pub(crate) fn cast(read: &str, write: &str) -> Self {
        Self::reading(read).and_writing(&format!("CAST({{}} AS {write})"))
    }

    /// Reads the column as another type.
    pub(crate) fn reading(sql_type: &str) -> Self {
        Self { read: Some(format!("CAST({{}} AS {sql_type})")), write: None }
    }

    /// Converts values by this SQL.
    pub(crate) fn and_writing(self, sql: &str) -> Self {
        Self { write: Some(sql.to_owned()), ..self }
    }
}
