//! Whether the live columns can be read and written as the struct wants, from the catalog alone.
//!
//! Only certain errors are reported. A doubtful type is left to the first row that is read.

use sqlx::{Column as _, Row as _};

use super::affinity::{Affinity, takes};
use super::blocker::asks_for_type;
use super::live::{LiveColumn, LiveTable};
use super::table::Table;
use super::table_diff::TableDiff;
use super::{Blocker, BlockerKind, alike, catalog, queries, storage, widths};
use crate::model::{Shape, SqlDefault};
use crate::sql::{Backend, Call, ColumnPlan, Dialect};

/// The longest text that MySQL can index, if each character has four bytes.
const INDEXED_CHARS: usize = storage::INDEX_BYTES / 4;

impl<DB: Backend> TableDiff<'_, DB> {
    /// The blockers that do not depend on the rows.
    pub(super) async fn catalog_blockers(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        if self.live.kind != "table" {
            let kind = BlockerKind::NotATable { kind: self.live.kind.clone() };
            return Ok(vec![kind.of(self.live, &self.table.key.column)]);
        }
        let mut blockers = from_catalog(self.table, self.live);
        blockers.extend(storage::engine(self.table, self.live));
        if self.table.shape.is_some() {
            blockers.extend(widths::key(self.subject, self.live));
            blockers.extend(self.coarse().await?);
        }
        // The type that can be indexed is the narrower of two that a column should have.
        let types = self.types().await?;
        let new: Vec<_> =
            types.into_iter().filter(|one| !asks_for_type(&blockers, &one.column)).collect();
        blockers.extend(new);
        let mut unset = not_written(self.table, self.live);
        unset.extend(alike::same_for_all(self.table, self.live));
        // A trigger may set the columns; which ones is not known.
        if !unset.is_empty() {
            let sql = catalog::insert_trigger(DB::DIALECT);
            let call = catalog::about(sql, &[&self.live.name], self.live.schema);
            if DB::fetch_optional(self.connection, call).await?.is_none() {
                blockers.extend(unset);
            }
        }
        Ok(blockers)
    }

    /// The columns with types that do not decode.
    ///
    /// The driver judges the types that a statement returns. SQLite decodes each value by itself, so
    /// there the affinity of the column decides.
    async fn types(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        let Self { table, live, .. } = *self;
        let reads = table.reads.iter().filter(|read| live.has_column(&read.name));
        let mut reads: Vec<&ColumnPlan> = reads.collect();
        if DB::DIALECT == Dialect::Sqlite {
            reads.retain(|read| {
                let Some(column) = live.column(&read.name) else { return false };
                let declared = &*column.sql_type;
                // A key is 16 bytes, a text or a number, and one is never found as the other.
                let is_key = live.is_same(&read.name, &table.key.column);
                let is_other = matches!(Affinity::of(declared), Affinity::Text | Affinity::Integer);
                is_key && is_other && read.sql_type == "BLOB"
                    || !takes(declared, &read.sql_type, is_identifier(table, &read.name))
            });
        } else if !reads.is_empty() {
            let names: Vec<&str> = reads.iter().map(|read| &*read.name).collect();
            let mut call = Call::migration(queries::types_of(live, &names));
            // sqlx looks unknown types up before it runs a statement, and loses one without a name.
            if live.columns.iter().any(|column| column.is_own_type) {
                call = call.kept();
            }
            let Some(row) = DB::fetch_optional(self.connection, call).await? else {
                return Ok(Vec::new());
            };
            let mut columns = row.columns().iter();
            reads.retain(|read| {
                columns.next().is_some_and(|column| !(read.reads)(column.type_info()))
                    || takes_few_texts(table, live, read)
            });
        }
        let mut blockers: Vec<_> = reads.into_iter().map(|read| wrong_type(live, read)).collect();
        blockers.dedup();
        Ok(blockers)
    }
}

/// Whether a column of names or hashes takes UUIDs or the texts of an enum only. The driver reads both
/// as texts.
fn takes_few_texts(table: &Table, live: &LiveTable, read: &ColumnPlan) -> bool {
    let is_hash = table.shape.is_some_and(|shape| live.is_same(&read.name, shape.companion.hash));
    let takes_few = |column: &LiveColumn| {
        column.is_uuid() || column.category == "E" || column.sql_type.starts_with("enum(")
    };
    (is_hash || is_identifier(table, &read.name)) && live.column(&read.name).is_some_and(takes_few)
}

/// The key, generated columns, and columns that are too short or cannot be indexed.
fn from_catalog(table: &Table, live: &LiveTable) -> Vec<Blocker> {
    let mut blockers = Vec::new();
    if !live.is_unique(&table.key.column) {
        blockers.push(BlockerKind::NoUniqueKey.of(live, &table.key.column));
    }
    for column in &live.columns {
        // A change of the account sets its time, even if sign-up does not.
        let is_updated =
            table.shape.is_some_and(|one| live.is_same(&column.name, one.companion.updated));
        let erased = erased(table, live, column);
        if column.is_generated && (is_updated || erased.is_some() || live.is_written(table, column))
        {
            blockers.push(BlockerKind::Generated.of(live, &column.name));
        } else if !column.is_nullable && erased == Some(None) {
            blockers.push(BlockerKind::NotErasable.of(live, &column.name));
        }
    }
    blockers.extend(widths::hash(table, live));
    blockers.extend(widths::uuid_key(table, live));
    if let Some(shape) = &table.shape {
        blockers.extend(times(shape, live));
        blockers.extend(widths::stamp(shape, live));
        blockers.extend(widths::erased(shape, live));
    }
    if live.dialect == Dialect::MySql {
        blockers.extend(unindexable(table, live));
    }
    blockers
}

/// The columns of times that are numbers without a unit, or the other way round.
fn times(shape: &Shape, live: &LiveTable) -> Vec<Blocker> {
    let names = [shape.companion.created, shape.companion.updated];
    let columns = names.into_iter().filter_map(|name| live.column(name));
    let misfits = columns.filter_map(|column| {
        let is_number = column.is_integer(live.dialect);
        let actual = column.sql_type.clone();
        let kind = match shape.companion.times {
            Some(_) if column.may_count(live.dialect) => return None,
            None if column.is_time(live.dialect) => return None,
            None if !is_number => {
                BlockerKind::WrongType { actual, expected: "a type of times".to_owned() }
            }
            _ => BlockerKind::TimeUnit { actual, is_number },
        };
        Some(kind.of(live, &column.name))
    });
    misfits.collect()
}

/// On MySQL, texts without a length, and long ones, that lack a unique index.
fn unindexable(table: &Table, live: &LiveTable) -> Vec<Blocker> {
    let unique = table.indexes.iter().filter(|index| index.is_unique);
    let missing = unique.flat_map(|index| &index.columns).filter(|name| !live.is_unique(name));
    let columns = missing.filter_map(|name| live.column(name));
    let unindexable = columns.filter(|column| {
        let has_no_length = ["text", "blob"].iter().any(|word| column.sql_type.contains(word));
        has_no_length || column.max_bytes.is_some_and(|bytes| bytes > storage::INDEX_BYTES)
    });
    let blockers = unindexable.map(|column| {
        let expected = format!("VARCHAR({INDEXED_CHARS}) or shorter");
        let actual = column.sql_type.clone();
        BlockerKind::WrongType { actual, expected }.of(live, &column.name)
    });
    blockers.collect()
}

/// The live columns without which an INSERT of the library fails, or leaves a NULL that is read as
/// a value.
fn not_written(table: &Table, live: &LiveTable) -> Vec<Blocker> {
    let unset = live.columns.iter().filter(|column| {
        let is_set = column.default.is_some() || column.is_auto || column.is_generated;
        let is_required = !column.is_nullable || is_read_as_value(table, live, column);
        is_required && !is_set && !live.is_written(table, column)
    });
    let blockers = unset.map(|unset| {
        let is_key = live.is_same(&unset.name, &table.key.column);
        let kind = if is_key { BlockerKind::KeyNotGenerated } else { BlockerKind::NotWritten };
        kind.of(live, &unset.name)
    });
    blockers.collect()
}

/// The value that `#[auth(erase)]` gives a column, if it is one of these.
fn erased(table: &Table, live: &LiveTable, column: &LiveColumn) -> Option<Option<SqlDefault>> {
    let mut erased = table.shape?.erased.iter();
    erased.find(|(name, _)| live.is_same(&column.name, name)).map(|(_, value)| *value)
}

fn is_read_as_value(table: &Table, live: &LiveTable, column: &LiveColumn) -> bool {
    let mut values = table.reads.iter().filter(|read| !read.is_nullable);
    values.any(|read| live.is_same(&column.name, &read.name))
}

pub(super) fn wrong_type(live: &LiveTable, read: &ColumnPlan) -> Blocker {
    let type_name = read.sql_type.split(" COLLATE ").next().unwrap_or_default();
    let actual = live.column(&read.name).map(|column| column.sql_type.clone());
    let actual = actual.unwrap_or_default();
    BlockerKind::WrongType { actual, expected: type_name.to_owned() }.of(live, &read.name)
}

fn is_identifier(table: &Table, column: &str) -> bool {
    table.shape.is_some_and(|shape| {
        shape.identifiers.iter().any(|one| one.column == column || one.key == column)
    })
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test fails at the first surprise")]
mod tests {
    use super::super::table::{Index, Key};
    use super::*;

    fn table(written: &[&str], reads: &[ColumnPlan]) -> Table {
        Table {
            name: "users".to_owned(),
            key: Key { column: "id".to_owned(), sql_type: "BIGINT".to_owned(), is_counted: true },
            columns: Vec::new(),
            indexes: Vec::new(),
            reads: reads.to_vec(),
            written: written.iter().map(|&name| name.to_owned()).collect(),
            shape: None,
        }
    }

    fn columns(blockers: &[Blocker]) -> Vec<&str> {
        let columns = blockers.iter().map(|blocker| match blocker.kind {
            BlockerKind::NotWritten | BlockerKind::KeyNotGenerated => &*blocker.column,
            _ => panic!("{blocker}"),
        });
        columns.collect()
    }

    #[test]
    fn required_columns_that_sign_up_does_not_set_are_reported() {
        let mut live = LiveTable::of(
            Dialect::Postgres,
            &[
                ("id", "bigint NOT NULL"),
                ("email", "text NOT NULL"),
                ("team", "text NOT NULL"),
                ("note", "text"),
                ("plan", "text"),
                ("made", "date NOT NULL"),
                ("size", "int NOT NULL"),
            ],
        );
        live.columns[5].default = Some("now()".to_owned());
        live.columns[6].is_generated = true;
        let read =
            [ColumnPlan::typed("plan", "text"), ColumnPlan::typed("note", "text").nullable()];
        let blockers = not_written(&table(&["email"], &read), &live);
        assert_eq!(columns(&blockers), ["id", "team", "plan"], "NULL does not decode as a plan");
        assert_eq!(blockers[0].kind, BlockerKind::KeyNotGenerated);
        live.columns[0].is_auto = true;
        let blockers = not_written(&table(&["email"], &read), &live);
        assert_eq!(columns(&blockers), ["team", "plan"]);
        assert!(not_written(&table(&["email", "team", "plan"], &read), &live).is_empty());
    }

    #[test]
    fn a_key_must_be_unique_and_a_generated_column_unwritten() {
        let mut live = LiveTable::of(Dialect::MySql, &[("id", "bigint NOT NULL"), ("k", "text")]);
        live.columns[1].is_generated = true;
        let blockers = from_catalog(&table(&["k"], &[]), &live);
        let kinds: Vec<_> = blockers.into_iter().map(|blocker| blocker.kind).collect();
        assert_eq!(kinds, [BlockerKind::NoUniqueKey, BlockerKind::Generated]);
        let live = live.index("PRIMARY", true, &["id"]);
        assert!(from_catalog(&table(&[], &[]), &live).is_empty());
    }

    #[test]
    fn mysql_texts_without_a_short_length_cannot_be_unique() {
        let mut live = LiveTable::of(
            Dialect::MySql,
            &[("a", "text"), ("b", "varchar(900)"), ("c", "varchar(191)"), ("d", "longtext")],
        );
        live.columns[1].max_bytes = Some(3600);
        let live = live.index("whatever", true, &["d"]);
        let mut wanted = table(&[], &[]);
        wanted.indexes = ["a", "b", "c", "d"].map(|name| Index::on("users", &[name], true)).into();
        let blockers = unindexable(&wanted, &live);
        assert_eq!(blockers.len(), 2, "c is short and d has an index: {blockers:?}");
    }
}
