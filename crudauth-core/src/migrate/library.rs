//! The library's own tables beside the user's.

use super::column::ColumnPlan;
use super::table::{Index, Key, Table};
use super::types::Types;
use crate::sql::{AuthRow, Backend, Stores};

pub(super) fn tables<DB: Backend + Stores<U::Id>, U: AuthRow<DB>>(
    types: Types,
    id_type: &str,
) -> Vec<Table> {
    let of = U::SHAPE.table;
    let id = ColumnPlan::of::<DB, U::Id>("user_id").typed(id_type);
    vec![
        sessions(types, of, &id),
        grants(types, of, &id),
        api_keys(types, of, &id),
        tokens(types, of, &id),
        allowances(types, of),
        lockouts(types, of),
    ]
}

fn sessions(types: Types, user_table: &str, id: &ColumnPlan) -> Table {
    let name = format!("{user_table}_sessions");
    let columns = vec![
        ColumnPlan::own("handle", types.text(64)),
        id.clone(),
        ColumnPlan::own("csrf_digest", types.digest()),
        ColumnPlan::own("token_version", "INTEGER"),
        ColumnPlan::own("auth_epoch", "BIGINT"),
        ColumnPlan::own("ip", types.text(45)).nullable(),
        ColumnPlan::own("user_agent", types.text(512)).nullable(),
        ColumnPlan::own("is_remembered", "BOOLEAN"),
        ColumnPlan::own("created_at", "BIGINT"),
        ColumnPlan::own("last_activity_at", "BIGINT"),
        ColumnPlan::own("expires_at", "BIGINT"),
        ColumnPlan::own("ends_at", "BIGINT").nullable(),
    ];
    let indexes =
        vec![Index::on(&name, &["user_id"], false), Index::on(&name, &["expires_at"], false)];
    library_table(types, name, "digest", columns, indexes)
}

fn grants(types: Types, user_table: &str, id: &ColumnPlan) -> Table {
    let name = format!("{user_table}_token_families");
    let columns = vec![
        id.clone(),
        ColumnPlan::own("token_digest", types.digest()),
        ColumnPlan::own("previous_digest", types.digest()).nullable(),
        ColumnPlan::own("successor", types.digest()).nullable(),
        ColumnPlan::own("rotated_at", "BIGINT").nullable(),
        ColumnPlan::own("scopes", types.long_text()),
        ColumnPlan::own("token_version", "INTEGER"),
        ColumnPlan::own("auth_epoch", "BIGINT"),
        ColumnPlan::own("ip", types.text(45)).nullable(),
        ColumnPlan::own("user_agent", types.text(512)).nullable(),
        ColumnPlan::own("created_at", "BIGINT"),
        ColumnPlan::own("last_used_at", "BIGINT"),
        ColumnPlan::own("expires_at", "BIGINT"),
        ColumnPlan::own("ends_at", "BIGINT").nullable(),
    ];
    let indexes =
        vec![Index::on(&name, &["user_id"], false), Index::on(&name, &["expires_at"], false)];
    library_table(types, name, "family", columns, indexes)
}

fn api_keys(types: Types, user_table: &str, id: &ColumnPlan) -> Table {
    let name = format!("{user_table}_api_keys");
    let columns = vec![
        ColumnPlan::own("handle", types.text(64)),
        id.clone(),
        ColumnPlan::own("name", types.text(64)),
        ColumnPlan::own("hint", types.text(8)),
        ColumnPlan::own("scopes", types.long_text()),
        ColumnPlan::own("token_version", "INTEGER"),
        ColumnPlan::own("auth_epoch", "BIGINT"),
        ColumnPlan::own("created_at", "BIGINT"),
        ColumnPlan::own("last_used_at", "BIGINT").nullable(),
        ColumnPlan::own("expires_at", "BIGINT").nullable(),
    ];
    let indexes =
        vec![Index::on(&name, &["user_id"], false), Index::on(&name, &["expires_at"], false)];
    library_table(types, name, "digest", columns, indexes)
}

fn tokens(types: Types, user_table: &str, id: &ColumnPlan) -> Table {
    let name = format!("{user_table}_one_time_tokens");
    let columns = vec![
        id.clone(),
        ColumnPlan::own("purpose", types.text(16)),
        ColumnPlan::own("bound_to", types.text(320)),
        ColumnPlan::own("new_address", types.text(320)).nullable(),
        ColumnPlan::own("redirect_to", types.text(2048)).nullable(),
        ColumnPlan::own("token_version", "INTEGER"),
        ColumnPlan::own("auth_epoch", "BIGINT"),
        ColumnPlan::own("created_at", "BIGINT"),
        ColumnPlan::own("expires_at", "BIGINT"),
        ColumnPlan::own("used_at", "BIGINT").nullable(),
    ];
    let indexes =
        vec![Index::on(&name, &["user_id"], false), Index::on(&name, &["expires_at"], false)];
    library_table(types, name, "digest", columns, indexes)
}

fn allowances(types: Types, user_table: &str) -> Table {
    let name = format!("{user_table}_rate_limits");
    let columns = vec![
        ColumnPlan::own("hits", types.long_text()),
        ColumnPlan::own("is_used_up", "BOOLEAN"),
        ColumnPlan::own("expires_at", "BIGINT"),
    ];
    let indexes = vec![Index::on(&name, &["expires_at"], false)];
    library_table(types, name, "digest", columns, indexes)
}

fn lockouts(types: Types, user_table: &str) -> Table {
    let name = format!("{user_table}_lockouts");
    let columns = vec![
        ColumnPlan::own("failures", "BIGINT"),
        ColumnPlan::own("window_ends_at", "BIGINT"),
        ColumnPlan::own("level", "INTEGER"),
        ColumnPlan::own("level_until", "BIGINT"),
        ColumnPlan::own("locked_until", "BIGINT"),
        ColumnPlan::own("expires_at", "BIGINT"),
    ];
    let indexes = vec![Index::on(&name, &["expires_at"], false)];
    library_table(types, name, "digest", columns, indexes)
}

fn library_table(
    types: Types,
    name: String,
    key: &str,
    columns: Vec<ColumnPlan>,
    indexes: Vec<Index>,
) -> Table {
    let key =
        Key { column: key.to_owned(), sql_type: types.digest().to_owned(), is_counted: false };
    let mut written: Vec<_> = columns.iter().map(|column| column.name.clone()).collect();
    written.push(key.column.clone());
    let reads = columns.iter().filter(|column| column.name == "user_id").cloned().collect();
    Table { name, key, columns, indexes, reads, written, shape: None }
}
