//! The library's own tables, built from their [`TableSpec`]s.

use super::subject::Subject;
use super::table::{Index, Key, Table};
use super::types::Types;
use crate::sql::{Backend, ColumnKind, ColumnPlan, ColumnSpec, TableSpec};

/// The table of `spec` beside the user's table.
pub(super) fn table<DB: Backend>(subject: &Subject<DB>, spec: &TableSpec) -> Table {
    let types = Types(DB::DIALECT);
    let name = spec.name(subject.shape().table);
    let columns = spec.columns.iter().map(|column| column_of(subject, types, column));
    let columns: Vec<_> = columns.collect();
    let indexes = spec.indexes().map(|columns| Index::on(&name, &columns, false)).collect();
    let names = spec.columns.iter().map(|column| column.name);
    let written = names.chain([spec.key]).map(str::to_owned).collect();
    let key = Key { column: spec.key.to_owned(), sql_type: types.digest(), is_counted: false };
    Table { name, key, indexes, reads: columns.clone(), columns, written, shape: None }
}

fn column_of<DB: Backend>(subject: &Subject<DB>, types: Types, spec: &ColumnSpec) -> ColumnPlan {
    let name = spec.name;
    let column = match spec.kind {
        ColumnKind::Owner => {
            let owner = ColumnPlan { name: name.to_owned(), ..subject.owner.clone() };
            owner.stored_as(types.key(&subject.owner))
        }
        ColumnKind::Text(max) => ColumnPlan::of::<DB, String>(name).stored_as(types.text(max)),
        ColumnKind::LongText => ColumnPlan::of::<DB, String>(name).stored_as(types.long_text()),
        ColumnKind::Bytes(max) => ColumnPlan::of::<DB, Vec<u8>>(name).stored_as(types.bytes(max)),
        ColumnKind::Integer => ColumnPlan::of::<DB, i32>(name).stored_as("INTEGER"),
        ColumnKind::Expiry | ColumnKind::Instant | ColumnKind::BigInteger => {
            ColumnPlan::of::<DB, i64>(name).stored_as("BIGINT")
        }
        ColumnKind::Flag => ColumnPlan::of::<DB, bool>(name).stored_as("BOOLEAN"),
    };
    if spec.is_nullable { column.nullable() } else { column }
}
