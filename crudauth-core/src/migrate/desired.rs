//! The user's table as it should be: the struct's columns and the library's.

use super::subject::Subject;
use super::table::{Index, Key, Table, short_name};
use super::types::Types;
use crate::model::{Companion, IdentifierColumn, IdentifierKind, KeySource, Shape, SqlDefault};
use crate::sql::{Backend, ColumnPlan, Dialect};

/// The user's table.
pub(super) fn user_table<DB: Backend>(subject: &Subject<DB>) -> Table {
    let types = Types(DB::DIALECT);
    let shape = *subject.shape();
    let key = Key {
        column: shape.id.to_owned(),
        sql_type: types.key(&subject.owner),
        is_counted: subject.names.key_source == KeySource::Counted,
    };
    let row = subject.names.new_row().into_iter();
    Table {
        name: shape.table.to_owned(),
        columns: columns(types, &shape, &subject.columns),
        indexes: indexes(DB::DIALECT, &shape),
        reads: reads::<DB>(&shape, subject.columns.clone()),
        written: row.map(|(column, _)| column.to_owned()).collect(),
        key,
        shape: Some(shape),
    }
}

/// Identifiers, the struct's own columns, and the library's.
fn columns(types: Types, shape: &Shape, own: &[ColumnPlan]) -> Vec<ColumnPlan> {
    let mut columns: Vec<_> =
        shape.identifiers.iter().flat_map(|one| identifier_columns(types, one)).collect();
    let companion = companion_columns(types, &shape.companion);
    for column in own {
        // A field may show a column of the library. The library chooses its type.
        let mut known = columns.iter().chain(&companion);
        let is_known = known.any(|known| known.name.eq_ignore_ascii_case(&column.name));
        if column.name == shape.id || is_known {
            continue;
        }
        let is_unique = shape.unique.contains(&&*column.name);
        let column = column.clone();
        columns.push(if is_unique { types.indexed(column) } else { column });
    }
    columns.extend(companion);
    columns
}

/// The unique indexes: among the accounts that are not deleted, where the database has such indexes.
/// Administrators search the deleted ones, too, and SQLite uses no index of a part of the rows in a
/// search for one of two forms, so each compared form then has an index of every row as well.
fn indexes(dialect: Dialect, shape: &Shape) -> Vec<Index> {
    let null = shape.companion.deleted.filter(|_| dialect != Dialect::MySql);
    let keys = shape.identifiers.iter().map(|identifier| identifier.key);
    let unique = keys.clone().chain(shape.unique.iter().copied());
    let unique = unique.map(|column| Index { null, ..Index::on(shape.table, &[column], true) });
    let every = keys.filter(|_| null.is_some()).map(|column| {
        let name = short_name(format!("ix_{}_{column}_all", shape.table));
        Index { name, ..Index::on(shape.table, &[column], false) }
    });
    unique.chain(every).collect()
}

/// The columns that queries decode, with the types that they decode to.
fn reads<DB: Backend>(shape: &Shape, own: Vec<ColumnPlan>) -> Vec<ColumnPlan> {
    let mut reads = own;
    let names = &shape.companion;
    reads.push(ColumnPlan::of::<DB, Option<String>>(names.hash).nullable());
    for flag in [names.active, names.superuser].into_iter().chain(names.verified) {
        reads.push(ColumnPlan::of::<DB, bool>(flag));
    }
    reads.push(ColumnPlan::of::<DB, i32>(names.version));
    reads.push(ColumnPlan::of::<DB, i64>(names.epoch));
    let own_keys = shape.identifiers.iter().filter(|one| one.has_own_key());
    reads.extend(own_keys.map(|one| ColumnPlan::of::<DB, Option<String>>(one.key).nullable()));
    reads
}

/// The shown form of an identifier, and the compared form if that is another column.
fn identifier_columns(types: Types, identifier: &IdentifierColumn) -> Vec<ColumnPlan> {
    let max_chars = match identifier.kind {
        // crudauth-py's length.
        IdentifierKind::Email => 320,
        IdentifierKind::Username | IdentifierKind::Code => 64,
        IdentifierKind::Phone => 32,
    };
    let mut columns = vec![ColumnPlan::typed(identifier.column, types.text(max_chars))];
    if identifier.has_own_key() {
        // The compared form may be longer than the shown one: a ligature becomes two letters.
        columns.push(ColumnPlan::typed(identifier.key, types.text(max_chars.max(255))));
    }
    if identifier.is_optional {
        columns = columns.into_iter().map(ColumnPlan::nullable).collect();
    }
    columns
}

/// The columns that the library keeps in the user's table. They have defaults, so that a row
/// inserted by the app is a valid account without a usable password.
fn companion_columns(types: Types, names: &Companion) -> Vec<ColumnPlan> {
    let mut columns = vec![
        ColumnPlan::typed(names.hash, types.text(255)).default(SqlDefault::Text("!")),
        flag(names.active, true),
        flag(names.superuser, false),
        ColumnPlan::typed(names.version, "INTEGER").default(SqlDefault::Integer(0)),
        ColumnPlan::typed(names.epoch, "BIGINT").default(SqlDefault::Random),
    ];
    columns.extend(match names.times {
        None => [
            ColumnPlan::typed(names.created, types.time()).default(SqlDefault::Now),
            ColumnPlan::typed(names.updated, types.time()).nullable(),
        ],
        Some(_) => [
            ColumnPlan::typed(names.created, "BIGINT").default(SqlDefault::Integer(0)),
            ColumnPlan::typed(names.updated, "BIGINT").nullable(),
        ],
    });
    columns.extend(names.deleted.map(|name| {
        let sql_type = if names.times.is_some() { "BIGINT" } else { types.time() };
        ColumnPlan::typed(name, sql_type).nullable()
    }));
    columns.extend(names.verified.map(|name| flag(name, false)));
    columns
}

fn flag(name: &str, default: bool) -> ColumnPlan {
    ColumnPlan::typed(name, "BOOLEAN").default(SqlDefault::Boolean(default))
}
