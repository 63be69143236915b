//! Whether what is there can be read and written as the struct wants it, by the catalogue alone.
//!
//! Only what is surely wrong is told: a doubtful type is left to the first row that is read.

use sqlx::{Column as _, Row as _};

use super::column::ColumnPlan;
use super::live::{LiveColumn, LiveTable};
use super::table::Table;
use super::{Blocked, catalog, queries};
use crate::sql::{Backend, Call, Dialect};

/// The hash of a new password takes 97 characters, and more with higher costs; Django's column
/// has 128.
const HASH_CHARS: usize = 128;

/// The most characters of a text in an index of MySQL's: 3,072 bytes of four each.
const INDEXED_CHARS: usize = 768;

/// What is in the way, whatever the rows hold.
pub(super) async fn blocked<DB: Backend>(
    connection: &mut DB::Connection,
    table: &Table,
    live: &LiveTable,
) -> Result<Vec<Blocked>, sqlx::Error> {
    let mut blocked = by_catalogue(table, live);
    blocked.extend(types::<DB>(connection, table, live).await?);
    let unfilled = unfilled(table, live);
    // What a trigger fills is not known; no stand on what the table requires then.
    if !unfilled.is_empty() {
        let call = Call::new(catalog::insert_trigger(DB::DIALECT)).with(table.name.clone());
        if DB::fetch_optional(connection, call).await?.is_none() {
            blocked.extend(unfilled);
        }
    }
    Ok(blocked)
}

/// The key, what is computed, and what is too short or cannot be indexed.
fn by_catalogue(table: &Table, live: &LiveTable) -> Vec<Blocked> {
    let mut blocked = Vec::new();
    let name = || table.name.clone();
    if !live.is_unique(&table.key.column) {
        blocked.push(Blocked::Key { table: name(), column: table.key.column.clone() });
    }
    for column in &live.columns {
        if column.is_generated && is_written(table, live, column) {
            blocked.push(Blocked::Generated { table: name(), column: column.name.clone() });
        }
    }
    if let Some(shape) = &table.shape
        && live.dialect != Dialect::Sqlite
        && let Some(hash) = live.column(shape.companion.hash)
        && let Some(is) = hash.max_chars.filter(|chars| *chars < HASH_CHARS)
    {
        let column = hash.name.clone();
        blocked.push(Blocked::TooShort { table: name(), column, is, wants: HASH_CHARS });
    }
    if live.dialect == Dialect::MySql {
        blocked.extend(unindexable(table, live));
    }
    blocked
}

/// MySQL's texts without a length, and long ones, where an index is missing.
fn unindexable(table: &Table, live: &LiveTable) -> Vec<Blocked> {
    let missing = table.indexes.iter().filter(|index| index.is_unique);
    let columns = missing.flat_map(|index| &index.columns).filter(|column| !live.is_unique(column));
    let found = columns.filter_map(|name| {
        let column = live.column(name)?;
        let is_endless = ["text", "blob"].iter().any(|word| column.sql_type.contains(word));
        let is_long = column.max_chars.is_some_and(|chars| chars > INDEXED_CHARS);
        (is_endless || is_long).then(|| Blocked::Type {
            table: table.name.clone(),
            column: column.name.clone(),
            is: column.sql_type.clone(),
            wants: format!("VARCHAR({INDEXED_CHARS}) or shorter"),
        })
    });
    found.collect()
}

/// The live columns that an insert of ours would fail on, or leave without what is read again.
fn unfilled(table: &Table, live: &LiveTable) -> Vec<Blocked> {
    let is_read = |column: &LiveColumn| {
        table.reads.iter().any(|read| !read.is_nullable && live.is_same(&column.name, &read.name))
    };
    let fails = |column: &&LiveColumn| {
        let says_nothing = !column.has_default && !column.is_auto && !column.is_generated;
        says_nothing && (!column.is_nullable || is_read(column)) && !is_written(table, live, column)
    };
    let found = live.columns.iter().filter(fails);
    let blocked = found.map(|found| {
        let (table_name, column) = (table.name.clone(), found.name.clone());
        if live.is_same(&found.name, &table.key.column) {
            Blocked::Uncounted { table: table_name, column }
        } else {
            Blocked::Unfilled { table: table_name, column }
        }
    });
    blocked.collect()
}

fn is_written(table: &Table, live: &LiveTable, column: &LiveColumn) -> bool {
    table.written.iter().any(|name| live.is_same(&column.name, name))
}

/// The columns whose types do not decode. The driver is asked, which knows them by what a
/// statement would answer; SQLite decodes by what a row holds, so there the affinity is judged.
async fn types<DB: Backend>(
    connection: &mut DB::Connection,
    table: &Table,
    live: &LiveTable,
) -> Result<Vec<Blocked>, sqlx::Error> {
    let there = |read: &&ColumnPlan| live.has_column(&read.name);
    let reads: Vec<&ColumnPlan> = table.reads.iter().filter(there).collect();
    let mut is_wrong = vec![false; reads.len()];
    if DB::DIALECT == Dialect::Sqlite {
        for (read, wrong) in reads.iter().zip(&mut is_wrong) {
            let is = live.column(&read.name).map_or("", |column| &column.sql_type);
            *wrong = !takes(is, &read.sql_type, is_identifier(table, &read.name));
        }
    } else if !reads.is_empty() {
        let names: Vec<&str> = reads.iter().map(|read| &*read.name).collect();
        let call = Call::migration(queries::types_of(live, &names));
        let Some(row) = DB::fetch_optional(connection, call).await? else { return Ok(Vec::new()) };
        for ((read, wrong), column) in reads.iter().zip(&mut is_wrong).zip(row.columns()) {
            *wrong = !(read.reads)(column.type_info());
        }
    }
    let wrong = reads.iter().zip(is_wrong).filter(|(_, is_wrong)| *is_wrong);
    let mut blocked: Vec<Blocked> = wrong.map(|(read, _)| type_of(table, live, read)).collect();
    blocked.dedup();
    Ok(blocked)
}

pub(super) fn type_of(table: &Table, live: &LiveTable, read: &ColumnPlan) -> Blocked {
    Blocked::Type {
        table: table.name.clone(),
        column: read.name.clone(),
        is: live.column(&read.name).map_or_else(String::new, |column| column.sql_type.clone()),
        // A collation says nothing about a type.
        wants: read.sql_type.split(" COLLATE ").next().unwrap_or_default().to_owned(),
    }
}

fn is_identifier(table: &Table, column: &str) -> bool {
    table.shape.is_some_and(|shape| {
        shape.identifiers.iter().any(|one| one.column == column || one.key == column)
    })
}

/// Whether a column of SQLite's, declared so, keeps such values as they are: a number becomes a
/// text in a text column, and a text of digits a number in a column of numbers.
fn takes(declared: &str, wants: &str, is_identifier: bool) -> bool {
    let affinity = Affinity::of(declared);
    match wants {
        "INTEGER" | "BOOLEAN" => !matches!(affinity, Affinity::Text | Affinity::Real),
        "REAL" => affinity != Affinity::Text,
        // A date is declared as what has this affinity, and is no number; a name may well be.
        "TEXT" if affinity == Affinity::Numeric => !is_identifier,
        "TEXT" => !matches!(affinity, Affinity::Integer | Affinity::Real),
        _ => true,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// SQLite's own rules, in its own order (datatype3.html, section 3.1).
    fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        match () {
            () if has(&["INT"]) => Self::Integer,
            () if has(&["CHAR", "CLOB", "TEXT"]) => Self::Text,
            () if declared.is_empty() || has(&["BLOB"]) => Self::Blob,
            () if has(&["REAL", "FLOA", "DOUB"]) => Self::Real,
            () => Self::Numeric,
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test ends at the first surprise")]
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

    fn names(blocked: &[Blocked]) -> Vec<&str> {
        let name = |blocked| match blocked {
            &Blocked::Unfilled { ref column, .. } | &Blocked::Uncounted { ref column, .. } => {
                column
            }
            other => panic!("{other}"),
        };
        blocked.iter().map(|blocked| &**name(blocked)).collect()
    }

    #[test]
    fn what_must_hold_a_value_and_gets_none_is_told() {
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
        live.columns[5].has_default = true;
        live.columns[6].is_generated = true;
        let read = [ColumnPlan::own("plan", "text"), ColumnPlan::own("note", "text").nullable()];
        let told = unfilled(&table(&["email"], &read), &live);
        assert_eq!(names(&told), ["id", "team", "plan"], "NULL would not read as a plan");
        assert!(matches!(told[0], Blocked::Uncounted { .. }));
        live.columns[0].is_auto = true;
        assert_eq!(names(&unfilled(&table(&["email"], &read), &live)), ["team", "plan"]);
        let told = unfilled(&table(&["email", "team", "plan"], &read), &live);
        assert!(told.is_empty());
    }

    #[test]
    fn a_key_is_unique_and_what_is_computed_is_not_written() {
        let mut live = LiveTable::of(Dialect::MySql, &[("id", "bigint NOT NULL"), ("k", "text")]);
        live.columns[1].is_generated = true;
        let told = by_catalogue(&table(&["k"], &[]), &live);
        assert!(matches!(&*told, [Blocked::Key { .. }, Blocked::Generated { .. }]), "{told:?}");
        let live = live.index("PRIMARY", true, &["id"]);
        assert!(by_catalogue(&table(&[], &[]), &live).is_empty());
    }

    #[test]
    fn sqlite_is_told_by_affinity_and_only_what_is_surely_wrong() {
        for (declared, wants, is_taken) in [
            ("VARCHAR(20)", "INTEGER", false),
            ("BIGINT", "INTEGER", true),
            ("", "INTEGER", true),
            ("DECIMAL", "INTEGER", true),
            ("DOUBLE", "BOOLEAN", false),
            ("INTEGER", "TEXT", false),
            ("FLOAT", "TEXT", false),
            ("DATETIME", "TEXT", true),
            ("JSON", "TEXT", true),
            ("TEXT", "REAL", false),
            ("TEXT", "BLOB", true),
            ("TEXT", "DATETIME", true),
        ] {
            assert_eq!(takes(declared, wants, false), is_taken, "{wants} in {declared}");
        }
        assert!(!takes("STRING", "TEXT", true), "a name of digits would become a number");
    }

    #[test]
    fn only_texts_that_mysql_can_index_are_made_unique() {
        let mut live = LiveTable::of(
            Dialect::MySql,
            &[("a", "text"), ("b", "varchar(900)"), ("c", "varchar(191)"), ("d", "longtext")],
        );
        live.columns[1].max_chars = Some(900);
        let live = live.index("whatever", true, &["d"]);
        let mut wanted = table(&[], &[]);
        wanted.indexes = ["a", "b", "c", "d"].map(|name| Index::on("users", &[name], true)).into();
        assert_eq!(
            unindexable(&wanted, &live).len(),
            2,
            "a and b; c is short, d is unique already"
        );
    }
}
