//! Applies the fix that the sentence of a blocker gives.

use crudauth::{Blocker, BlockerKind};
use crudauth_tests::{Database, Kind};

use super::column::{Column, Form, Role, Type, bytes};
use super::subjects::{Key, Subject};
use super::table::Table;
use super::types::{Place, sound};

/// What is to be done after a remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The rows and columns of the model were changed: create the table anew.
    InModel,
    /// A statement of the sentence was executed.
    InDatabase,
}

/// Applies the fix of a blocker.
pub(super) async fn apply<S: Subject>(
    table: &mut Table,
    database: &Database,
    blocker: &Blocker,
) -> Result<Done, String> {
    let statement = match &blocker.kind {
        BlockerKind::NotNormalized { update: Some(update), .. }
        | BlockerKind::SequenceBehind { update } => update,
        BlockerKind::NoTransactions { alter, .. } | BlockerKind::OldRowFormat { alter } => {
            // Another remedy may create the table anew.
            table.options = "";
            alter
        }
        _ => return in_model::<S>(table, blocker).map(|()| Done::InModel),
    };
    let done = database.try_execute(statement).await;
    done.map(|()| Done::InDatabase).map_err(|error| format!("{statement}: {error}"))
}

fn in_model<S: Subject>(table: &mut Table, blocker: &Blocker) -> Result<(), String> {
    let name = &*blocker.column;
    let kind = table.kind;
    match &blocker.kind {
        BlockerKind::MissingValue => add::<S>(table, name)?,
        BlockerKind::Duplicates { .. } | BlockerKind::NotNormalized { .. } => rename(table, name),
        BlockerKind::Nulls { .. } => {
            rename(table, name);
            column(table, name)?.nulls.clear();
        }
        BlockerKind::NotWritten => {
            let column = column(table, name)?;
            column.default = Some(default_of(kind, column));
        }
        BlockerKind::SameForAll => column(table, name)?.tail = "",
        BlockerKind::KeyNotGenerated | BlockerKind::NoUniqueKey => usual_key(table, S::KEY)?,
        BlockerKind::Generated => {
            let column = column(table, name)?;
            column.generated = None;
            column.is_named = true;
            column.is_required &= column.role != Role::Hash;
        }
        BlockerKind::WrongType { expected, .. } if name == "id" => {
            let place = Place::Id(S::KEY);
            let is_one = sound(kind, place).iter().any(|one| is_type(one.0, expected));
            usual_key(table, S::KEY)?;
            if !is_one {
                return Err(format!("{expected} is no type of a key"));
            }
        }
        BlockerKind::WrongType { expected, .. } => retype(table, name, expected)?,
        BlockerKind::TimeUnit { is_number, .. } => {
            let place = if *is_number { Place::Time } else { Place::Epoch };
            let mut usual = sound(kind, place)[0];
            if *is_number && table.options == "STRICT" {
                usual.0 = "TEXT";
            }
            let column = column(table, name)?;
            column.retype(usual);
            column.default = None;
        }
        BlockerKind::ComparesWithoutCase { .. } => {
            let exact = match kind {
                Kind::Sqlite | Kind::Postgres => "TEXT",
                Kind::MySql => "VARCHAR(120) COLLATE utf8mb4_bin",
            };
            column(table, name)?.retype(Type(exact, Form::Text));
        }
        BlockerKind::TooShort { .. } if name == "id" => usual_key(table, S::KEY)?,
        BlockerKind::TooShort { .. } => {
            column(table, name)?.retype(Type("VARCHAR(255)", Form::Text))
        }
        other => return Err(format!("no remedy is known for {other}")),
    }
    Ok(())
}

fn is_type(of_key: &str, expected: &str) -> bool {
    let integers = ["INTEGER", "INT8", "BIGINT", "BIGSERIAL"];
    let first = of_key.split([' ', '(']).next().unwrap_or_default();
    let expected = expected.split('(').next().unwrap_or_default();
    first == expected
        || integers.contains(&first) && integers.contains(&expected)
        || matches!((first, expected), ("TEXT" | "VARCHAR", "TEXT" | "VARCHAR"))
}

fn column<'a>(table: &'a mut Table, name: &str) -> Result<&'a mut Column, String> {
    table.column(name).ok_or_else(|| format!("the table has no column {name}"))
}

/// Adds a column that the table lacks.
fn add<S: Subject>(table: &mut Table, name: &str) -> Result<(), String> {
    let (name, role, place) = match name {
        "email" => ("email", Role::Email, Place::Name),
        "username" => ("username", Role::Username, Place::Name),
        "created_at" => ("created_at", Role::Time, Place::Epoch),
        _ => return Err(format!("{name} is missing")),
    };
    let mut column = Column::new(name, role, sound(table.kind, place)[0]);
    column.is_required = role != Role::Email || !S::IS_EMAIL_OPTIONAL;
    if table.kind == Kind::MySql && column.form == Form::Text {
        column.sql_type += " CHARACTER SET utf8mb4";
    }
    table.columns.push(column);
    Ok(())
}

/// Gives each row another name.
fn rename(table: &mut Table, column: &str) {
    for (at, person) in table.people.iter_mut().enumerate() {
        if column.starts_with("email") {
            person.email = Some(format!("renamed{at}@example.com"));
        } else if column.starts_with("username") {
            person.username = Some(format!("renamed{at}"));
        } else if column == "hashed_password" && person.hash.is_none() {
            person.hash = Some("!".to_owned());
        }
    }
}

fn default_of(kind: Kind, column: &Column) -> String {
    match (column.role, column.form) {
        (Role::Time, Form::Time) if kind == Kind::MySql && column.sql_type.ends_with("(6)") => {
            "CURRENT_TIMESTAMP(6)".to_owned()
        }
        (Role::Time, Form::Time) => "CURRENT_TIMESTAMP".to_owned(),
        (Role::Flag(value), Form::Boolean) => value.to_string(),
        (Role::Flag(value), Form::Number) => i64::from(value).to_string(),
        (_, Form::Number) => "0".to_owned(),
        (_, Form::Boolean) => "TRUE".to_owned(),
        (_, Form::Json) => "'{}'".to_owned(),
        (_, Form::Time) => "'2020-01-01 00:00:00'".to_owned(),
        (_, Form::Uuid) => "'67e55044-10b1-426f-9247-bb680e5fe0c8'".to_owned(),
        (_, Form::Text) if column.sql_type.contains("'text 0'") || column.sql_type == "mood" => {
            "'text 0'".to_owned()
        }
        (_, Form::Text) => "''".to_owned(),
        // A STRICT table takes no text for bytes.
        (_, Form::Bytes) => bytes(kind, &[]),
    }
}

fn usual_key(table: &mut Table, key: Key) -> Result<(), String> {
    let usual = sound(table.kind, Place::Id(key))[0];
    table.options = if table.options == "WITHOUT ROWID" { "" } else { table.options };
    let id = column(table, "id")?;
    id.retype(usual);
    id.generated = None;
    id.is_named = key != Key::Counted;
    Ok(())
}

/// Gives a column the type that the sentence names.
fn retype(table: &mut Table, name: &str, expected: &str) -> Result<(), String> {
    let kind = table.kind;
    let is_strict = table.options == "STRICT";
    let role = column(table, name)?.role;
    let expected = match expected {
        "a type of times" if is_strict => "TEXT",
        "a type of times" => sound(kind, Place::Time)[0].0,
        "BOOLEAN" if is_strict => "INTEGER",
        "VARCHAR" if kind == Kind::MySql => "VARCHAR(255)",
        other => other.trim_end_matches(" or shorter"),
    };
    let form = match role {
        _ if expected.contains("BOOL") => Form::Boolean,
        _ if expected.contains("INT") => Form::Number,
        Role::Time => Form::Time,
        _ if expected.contains("CHAR") || expected.contains("TEXT") => Form::Text,
        other => return Err(format!("{expected} for {other:?}")),
    };
    let column = column(table, name)?;
    expected.clone_into(&mut column.sql_type);
    if kind == Kind::MySql && form == Form::Text {
        // The names need not be of the set of the table, and were compared by bytes.
        column.sql_type += " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    }
    column.form = form;
    column.generated = None;
    column.default = column.default.is_some().then(|| default_of(kind, column));
    Ok(())
}
