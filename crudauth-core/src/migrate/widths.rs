//! Whether the live columns are wide enough for what the library writes.

use super::live::LiveTable;
use super::subject::Subject;
use super::table::Table;
use super::{Blocker, BlockerKind};
use crate::model::{Shape, SqlDefault};
use crate::sql::{Backend, Dialect};

/// The hash of a new password has 97 characters, and more at higher costs. Django's column holds
/// 128.
const HASH_CHARS: usize = 128;

/// The column of the password hash, if it is too short. SQLite ignores the declared length.
pub(super) fn hash(table: &Table, live: &LiveTable) -> Option<Blocker> {
    if live.dialect == Dialect::Sqlite {
        return None;
    }
    let hash = live.column(table.shape?.companion.hash)?;
    let max_chars = hash.max_chars.filter(|chars| *chars < HASH_CHARS)?;
    Some(BlockerKind::TooShort { max_chars, needed: HASH_CHARS }.of(live, &hash.name))
}

/// The column of the key, if it cannot hold a key that the library makes.
pub(super) fn key<DB: Backend>(subject: &Subject<DB>, live: &LiveTable) -> Option<Blocker> {
    let column = live.column(subject.shape().id).filter(|_| live.dialect != Dialect::Sqlite)?;
    let key = subject.made_key.as_ref()?;
    // The text that is read back: other tables store it.
    let is_uuid = uuid::Uuid::parse_str(key).is_ok_and(|uuid| uuid.to_string() == *key);
    if column.is_uuid() && !is_uuid {
        let kind = BlockerKind::WrongType {
            actual: column.sql_type.clone(),
            expected: format!("VARCHAR({}) or keys of `#[auth(generate = uuid)]`", key.len()),
        };
        return Some(kind.of(live, &column.name));
    }
    let needed = key.len();
    let max_chars = column.max_chars.filter(|chars| *chars < needed)?;
    Some(BlockerKind::TooShort { max_chars, needed }.of(live, &column.name))
}

/// On MySQL, the column of a key of 16 bytes, if it is a text, a UUID, or padded to more bytes. The
/// driver reads each of these as bytes.
pub(super) fn uuid_key(table: &Table, live: &LiveTable) -> Option<Blocker> {
    let column = live.column(&table.key.column).filter(|_| live.dialect == Dialect::MySql)?;
    let expected = table.key.sql_type.clone();
    let mut types = ["binary(16)", "varbinary", "blob"].into_iter();
    let holds_key = expected != "BINARY(16)" || types.any(|one| column.sql_type.contains(one));
    let kind = BlockerKind::WrongType { actual: column.sql_type.clone(), expected };
    (!holds_key).then(|| kind.of(live, &column.name))
}

/// The columns that are shorter than the text that `#[auth(erase)]` gives them.
pub(super) fn erased(shape: &Shape, live: &LiveTable) -> Vec<Blocker> {
    let checked = shape.erased.iter().filter(|_| live.dialect != Dialect::Sqlite);
    let too_short = checked.filter_map(|(name, value)| {
        let Some(SqlDefault::Text(text)) = value else { return None };
        let (column, needed) = (live.column(name)?, text.chars().count());
        let max_chars = column.max_chars.filter(|chars| *chars < needed)?;
        Some(BlockerKind::TooShort { max_chars, needed }.of(live, &column.name))
    });
    too_short.collect()
}

/// The column of the security stamp, if it cannot hold every number of 64 bits.
pub(super) fn stamp(shape: &Shape, live: &LiveTable) -> Option<Blocker> {
    let stamp = live.column(shape.companion.epoch)?;
    let is_narrow = match live.dialect {
        Dialect::Sqlite => false,
        Dialect::Postgres => stamp.is_integer(live.dialect) && stamp.base != "bigint",
        Dialect::MySql => {
            stamp.is_integer(live.dialect)
                && (!stamp.sql_type.starts_with("bigint") || stamp.sql_type.contains("unsigned"))
        }
    };
    let actual = stamp.sql_type.clone();
    let kind = BlockerKind::WrongType { actual, expected: "BIGINT".to_owned() };
    is_narrow.then(|| kind.of(live, &stamp.name))
}
