//! How MySQL stores a table.

use super::live::LiveTable;
use super::table::Table;
use super::{Blocker, BlockerKind};

/// A table whose engine has no transactions.
pub(super) fn engine(table: &Table, live: &LiveTable) -> Option<Blocker> {
    let engine = live.engine.clone()?;
    let alter = format!("ALTER TABLE {} ENGINE = InnoDB", live.qualified());
    Some(BlockerKind::NoTransactions { engine, alter }.of(live, &table.key.column))
}
