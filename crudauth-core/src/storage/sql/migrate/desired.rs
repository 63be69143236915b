//! The tables that a struct and the library need.

use sha2::{Digest as _, Sha256};

use super::super::{AuthRow, Backend, Dialect, Stores};
use super::column::{ColumnPlan, SqlDefault};
use crate::model::{AccountId, AuthUser, IdentifierColumn, IdentifierKind};

/// A table with its key and its indexes.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) key: Key,
    pub(super) columns: Vec<ColumnPlan>,
    pub(super) indexes: Vec<Index>,
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

/// All of them, the user's table first.
pub(super) fn tables<DB: Backend + Stores<U::Id>, U: AuthRow<DB>>() -> Vec<Table> {
    let types = Types(DB::DIALECT);
    let id = types.key::<DB, U>();
    vec![
        user_table::<DB, U>(types, id.clone()),
        sessions(types, U::SHAPE.table, &id),
        grants(types, U::SHAPE.table, &id),
        api_keys(types, U::SHAPE.table, &id),
        tokens(types, U::SHAPE.table, &id),
        allowances(types, U::SHAPE.table),
        lockouts(types, U::SHAPE.table),
    ]
}

fn user_table<DB: Backend + Stores<U::Id>, U: AuthRow<DB>>(types: Types, id: String) -> Table {
    let shape = U::SHAPE;
    let ours = companion::<U>(types);
    let is_ours = |name: &str| ours.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let is_identifier = |name: &str| shape.identifiers.iter().any(|one| one.column == name);
    let mut columns = Vec::new();
    let mut indexes = Vec::new();
    for identifier in shape.identifiers {
        let (shown, key) = identifier_columns(types, identifier);
        let compared = key.as_ref().unwrap_or(&shown).name.clone();
        indexes.push(Index::on(shape.table, &[&compared], true));
        columns.push(shown);
        columns.extend(key);
    }
    // What the struct declares of the library's columns is the library's to make.
    let app = U::plan().into_iter().filter(|column| {
        column.name != shape.id && !is_ours(&column.name) && !is_identifier(&column.name)
    });
    columns.extend(app);
    columns.extend(ours);
    let key = Key {
        column: shape.id.to_owned(),
        sql_type: id,
        is_counted: <U::Id as AccountId>::IS_COUNTED,
    };
    Table { name: shape.table.to_owned(), key, columns, indexes }
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

fn sessions(types: Types, user_table: &str, id: &str) -> Table {
    let name = format!("{user_table}_sessions");
    let columns = vec![
        ColumnPlan::own("handle", types.text(64)),
        ColumnPlan::own("user_id", id),
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
    Table { key: digest_key(types), columns, indexes, name }
}

fn grants(types: Types, user_table: &str, id: &str) -> Table {
    let name = format!("{user_table}_grants");
    let columns = vec![
        ColumnPlan::own("user_id", id),
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
    let key = Key { column: "family".to_owned(), ..digest_key(types) };
    Table { key, columns, indexes, name }
}

fn api_keys(types: Types, user_table: &str, id: &str) -> Table {
    let name = format!("{user_table}_api_keys");
    let columns = vec![
        ColumnPlan::own("handle", types.text(64)),
        ColumnPlan::own("user_id", id),
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
    Table { key: digest_key(types), columns, indexes, name }
}

fn tokens(types: Types, user_table: &str, id: &str) -> Table {
    let name = format!("{user_table}_tokens");
    let columns = vec![
        ColumnPlan::own("user_id", id),
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
    Table { key: digest_key(types), columns, indexes, name }
}

fn allowances(types: Types, user_table: &str) -> Table {
    let name = format!("{user_table}_allowances");
    let columns = vec![
        ColumnPlan::own("hits", types.long_text()),
        ColumnPlan::own("is_used_up", "BOOLEAN"),
        ColumnPlan::own("expires_at", "BIGINT"),
    ];
    let indexes = vec![Index::on(&name, &["expires_at"], false)];
    Table { key: digest_key(types), columns, indexes, name }
}

fn lockouts(types: Types, user_table: &str) -> Table {
    let name = format!("{user_table}_lockouts");
    let columns = vec![
        ColumnPlan::own("misses", "BIGINT"),
        ColumnPlan::own("window_ends_at", "BIGINT"),
        ColumnPlan::own("rounds", "INTEGER"),
        ColumnPlan::own("rounds_until", "BIGINT"),
        ColumnPlan::own("locked_until", "BIGINT"),
        ColumnPlan::own("expires_at", "BIGINT"),
    ];
    let indexes = vec![Index::on(&name, &["expires_at"], false)];
    Table { key: digest_key(types), columns, indexes, name }
}

fn digest_key(types: Types) -> Key {
    Key { column: "digest".to_owned(), sql_type: types.digest().to_owned(), is_counted: false }
}

impl Index {
    fn on(table: &str, columns: &[&str], is_unique: bool) -> Self {
        Self {
            name: short_name(format!("ix_{table}_{}", columns.join("_"))),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            is_unique,
        }
    }
}

/// The same name wherever it is short enough, else one that is as much its own: PostgreSQL cuts
/// names off after 63 bytes, and MySQL refuses those of more than 64.
fn short_name(name: String) -> String {
    const LONGEST: usize = 63;
    if name.len() <= LONGEST {
        return name;
    }
    let digest = hex::encode(&Sha256::digest(&name)[..4]);
    format!("{}_{digest}", &name[..LONGEST - 1 - digest.len()])
}

/// What the library's columns are called on a database.
#[derive(Clone, Copy)]
struct Types(Dialect);

impl Types {
    fn text(self, chars: u16) -> String {
        match self.0 {
            Dialect::Sqlite | Dialect::Postgres => format!("VARCHAR({chars})"),
            Dialect::MySql => format!("VARCHAR({chars}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        }
    }

    fn long_text(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite | Dialect::Postgres => "TEXT",
            Dialect::MySql => "TEXT CHARACTER SET ascii COLLATE ascii_bin",
        }
    }

    fn digest(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "BLOB",
            Dialect::Postgres => "BYTEA",
            Dialect::MySql => "VARBINARY(32)",
        }
    }

    fn time(self) -> &'static str {
        match self.0 {
            Dialect::Sqlite => "DATETIME",
            Dialect::Postgres => "TIMESTAMPTZ",
            Dialect::MySql => "DATETIME(6)",
        }
    }

    /// The key of the user's table, and of whatever points there.
    fn key<DB: Backend + Stores<U::Id>, U: AuthUser>(self) -> String {
        match (self.0, &*<DB as Stores<U::Id>>::sql_type()) {
            (Dialect::MySql, "BLOB" | "BINARY" | "VARBINARY") => "BINARY(16)".to_owned(),
            (Dialect::MySql, "VARCHAR" | "TEXT") => self.text(64),
            (_, name) => name.to_owned(),
        }
    }
}
