//! The tables that a struct and the library need.

use super::column::{ColumnPlan, SqlDefault};
use super::library;
use super::table::{Index, Key, Table};
use super::types::Types;
use crate::model::{AccountId, AuthUser, Companion, IdentifierColumn, IdentifierKind, Shape};
use crate::sql::{AuthRow, Backend, Stores};

/// The library's own tables.
pub(super) fn library_tables<DB: Backend + Stores<U::Id>, U: AuthRow<DB>>() -> Vec<Table> {
    let types = Types(DB::DIALECT);
    library::tables::<DB, U>(types, &types.key::<DB, U>())
}

/// The user's table.
pub(super) fn user_table<DB: Backend + Stores<U::Id>, U: AuthRow<DB>>() -> Table {
    let types = Types(DB::DIALECT);
    let shape = U::SHAPE;
    let mut columns = Vec::new();
    let mut indexes = Vec::new();
    for identifier in shape.identifiers {
        let (shown, key) = identifier_columns(types, identifier);
        indexes.push(Index::on(shape.table, &[identifier.key], true));
        columns.push(shown);
        columns.extend(key);
    }
    let ours = companion::<U>(types);
    // What the struct declares of the library's columns is the library's to make.
    let is_made = |name: &str, columns: &[ColumnPlan]| {
        columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    };
    for column in U::plan() {
        if column.name != shape.id
            && !is_made(&column.name, &ours)
            && !is_made(&column.name, &columns)
        {
            columns.push(if shape.unique.contains(&&*column.name) {
                types.indexed(column)
            } else {
                column
            });
        }
    }
    columns.extend(ours);
    indexes.extend(shape.unique.iter().map(|column| Index::on(shape.table, &[column], true)));
    let key = Key {
        column: shape.id.to_owned(),
        sql_type: types.key::<DB, U>(),
        is_counted: <U::Id as AccountId>::IS_COUNTED,
    };
    let mut reads = U::plan();
    reads.extend(read_companion::<DB>(&shape.companion));
    let kept = shape.identifiers.iter().filter(|one| one.has_own_key());
    reads.extend(kept.map(|one| ColumnPlan::of::<DB, Option<String>>(one.key).nullable()));
    let written = written(&shape, key.is_counted);
    Table {
        name: shape.table.to_owned(),
        key,
        columns,
        indexes,
        reads,
        written,
        shape: Some(shape),
    }
}

/// The columns of the library's that are read with every account, as what `rows.rs` reads them.
fn read_companion<DB: Backend>(names: &Companion) -> Vec<ColumnPlan> {
    let mut columns = vec![
        ColumnPlan::of::<DB, Option<String>>(names.hash).nullable(),
        ColumnPlan::of::<DB, bool>(names.active),
        ColumnPlan::of::<DB, bool>(names.superuser),
        ColumnPlan::of::<DB, i32>(names.version),
        ColumnPlan::of::<DB, i64>(names.epoch),
    ];
    columns.extend(names.verified.map(ColumnPlan::of::<DB, bool>));
    columns
}

/// What a sign-up writes, as `{new columns}` of `text.rs` lists it.
fn written(shape: &Shape, is_counted: bool) -> Vec<String> {
    let names = &shape.companion;
    let ours =
        [names.hash, names.active, names.superuser, names.version, names.epoch, names.created];
    let identifiers = shape.identifiers.iter().flat_map(|one| [one.column, one.key]);
    let id = (!is_counted).then_some(shape.id);
    let all = ours.into_iter().chain(names.verified).chain(id).chain(identifiers);
    let defaults = shape.defaults.iter().map(|(column, _)| *column);
    all.chain(shape.written.iter().copied()).chain(defaults).map(str::to_owned).collect()
}

/// What is shown of an identifier, and what is compared where that is another column.
fn identifier_columns(
    types: Types,
    identifier: &IdentifierColumn,
) -> (ColumnPlan, Option<ColumnPlan>) {
    let chars = match identifier.kind {
        // crudauth-py's length.
        IdentifierKind::Email => 320,
        IdentifierKind::Username | IdentifierKind::Code => 64,
        IdentifierKind::Phone => 32,
    };
    let column = |name, chars| {
        let column = ColumnPlan::own(name, types.text(chars));
        if identifier.is_optional { column.nullable() } else { column }
    };
    // The compared form may be longer than the shown one: a ligature is two letters.
    let key = identifier.has_own_key().then(|| column(identifier.key, chars.max(255)));
    (column(identifier.column, chars), key)
}

/// The columns that the library keeps in the user's table, with defaults, so that a row which was
/// inserted by other means is a valid account that nobody can sign in to yet.
fn companion<U: AuthUser>(types: Types) -> Vec<ColumnPlan> {
    let names = U::SHAPE.companion;
    let flag =
        |name: &str, value| ColumnPlan::own(name, "BOOLEAN").default(SqlDefault::Boolean(value));
    let mut columns = vec![
        ColumnPlan::own(names.hash, types.text(255)).default(SqlDefault::Text("!")),
        flag(names.active, true),
        flag(names.superuser, false),
        ColumnPlan::own(names.version, "INTEGER").default(SqlDefault::Integer(0)),
        ColumnPlan::own(names.epoch, "BIGINT").default(SqlDefault::Integer(0)),
        ColumnPlan::own(names.created, types.time()).default(SqlDefault::Now),
        ColumnPlan::own(names.updated, types.time()).nullable(),
    ];
    columns.extend(names.verified.map(|name| flag(name, false)));
    columns
}
