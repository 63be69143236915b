//! A table as the statements need it: its key, its columns, its indexes.

use sha2::{Digest as _, Sha256};

use super::column::ColumnPlan;
use crate::model::Shape;

/// A table with its key and its indexes.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) key: Key,
    pub(super) columns: Vec<ColumnPlan>,
    pub(super) indexes: Vec<Index>,
    /// What is read of it, as what.
    pub(super) reads: Vec<ColumnPlan>,
    /// The columns that an insert of ours names.
    pub(super) written: Vec<String>,
    /// What the derive told, for the user's table.
    pub(super) shape: Option<Shape>,
}

/// The primary key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) column: String,
    pub(super) sql_type: String,
    /// Whether the database counts it up, never using a number twice.
    pub(super) is_counted: bool,
}

/// An index that the statements use.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) is_unique: bool,
}

impl Table {
    /// Whether it is the compared form of an identifier, beside the one that is shown.
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
        }
    }
}

/// The same name wherever it is short enough, else one that is as much its own: PostgreSQL cuts
/// names off after 63 bytes, and MySQL refuses those of more than 64.
pub(super) fn short_name(name: String) -> String {
    const LONGEST: usize = 63;
    if name.len() <= LONGEST {
        return name;
    }
    let digest = hex::encode(&Sha256::digest(&name)[..4]);
    format!("{}_{digest}", &name[..LONGEST - 1 - digest.len()])
}
