//! A table as it should be: key, columns, indexes.

use sha2::{Digest as _, Sha256};

use crate::model::Shape;
use crate::sql::ColumnPlan;

/// A table as it should be.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) key: Key,
    /// The columns beside the key.
    pub(super) columns: Vec<ColumnPlan>,
    pub(super) indexes: Vec<Index>,
    /// The columns that queries decode, with the types that they decode to.
    pub(super) reads: Vec<ColumnPlan>,
    /// The columns that the library's INSERT lists.
    pub(super) written: Vec<String>,
    /// The derived description, for the user's table.
    pub(super) shape: Option<Shape>,
}

/// The primary key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) column: String,
    pub(super) sql_type: String,
    /// Whether the database assigns ascending numbers, each once.
    pub(super) is_counted: bool,
}

/// An index that the library's statements use.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) is_unique: bool,
    /// The column that is NULL in the rows that the index covers; `None` if it covers every row.
    pub(super) null: Option<&'static str>,
}

impl Table {
    /// Whether `column` holds the compared form of an identifier, beside a column of the shown
    /// form.
    pub(super) fn is_own_key(&self, column: &str) -> bool {
        self.shape.is_some_and(|shape| {
            shape.identifiers.iter().any(|one| one.has_own_key() && one.key == column)
        })
    }
}

impl Index {
    pub(super) fn on(table: &str, columns: &[&str], is_unique: bool) -> Self {
        Self {
            name: short_name(format!("ix_{table}_{}", columns.join("_"))),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            is_unique,
            null: None,
        }
    }
}

/// The name, shortened by a digest if it is too long: PostgreSQL truncates names after 63 bytes,
/// and MySQL rejects names of more than 64 characters.
pub(super) fn short_name(name: String) -> String {
    const LONGEST: usize = 63;
    if name.len() <= LONGEST {
        return name;
    }
    let digest = hex::encode(&Sha256::digest(&name)[..4]);
    format!("{}_{digest}", &name[..LONGEST - 1 - digest.len()])
}
