//! Types of SQLite, where the affinity of a declared type decides.

use super::super::column::Form::{Boolean, Bytes, Number, Text, Time};
use super::super::column::Type;
use super::{Key, Place};

pub(super) const fn sound(place: Place) -> &'static [Type] {
    match place {
        Place::Id(Key::Counted) => &[
            Type("INTEGER PRIMARY KEY", Number),
            Type("INTEGER PRIMARY KEY AUTOINCREMENT", Number),
            Type("INTEGER NOT NULL PRIMARY KEY", Number),
            Type("integer primary key", Number),
        ],
        Place::Id(Key::Uuid) => &[
            Type("BLOB PRIMARY KEY", Bytes),
            Type("BLOB NOT NULL UNIQUE", Bytes),
            Type("BLOB NOT NULL PRIMARY KEY", Bytes),
        ],
        Place::Id(Key::Text) => &[
            Type("TEXT PRIMARY KEY", Text),
            Type("VARCHAR(26) NOT NULL PRIMARY KEY", Text),
            Type("TEXT NOT NULL UNIQUE", Text),
        ],
        Place::Name => &[
            Type("TEXT", Text),
            Type("VARCHAR(255)", Text),
            Type("TEXT COLLATE NOCASE", Text),
            Type("CHARACTER VARYING(20)", Text),
            Type("CLOB", Text),
        ],
        Place::Hash => &[Type("TEXT", Text), Type("VARCHAR(60)", Text), Type("CHAR(200)", Text)],
        Place::Flag => &[
            Type("BOOLEAN", Number),
            Type("INTEGER", Number),
            Type("TINYINT(1)", Number),
            Type("BOOL", Boolean),
        ],
        Place::Version | Place::Stamp => &[Type("INTEGER", Number), Type("BIGINT", Number)],
        Place::Time => &[
            Type("DATETIME", Time),
            Type("TEXT", Time),
            Type("TIMESTAMP", Time),
            Type("VARCHAR(40)", Time),
        ],
        Place::Epoch => &[Type("INTEGER", Number), Type("BIGINT", Number)],
        Place::Extra => &[
            Type("TEXT", Text),
            Type("REAL", Number),
            Type("BLOB", Bytes),
            Type("NUMERIC", Number),
            Type("JSON", Text),
            Type("DATETIME", Time),
        ],
    }
}

pub(super) const fn doubtful(place: Place) -> &'static [Type] {
    match place {
        Place::Id(Key::Counted) => &[
            Type("BIGINT PRIMARY KEY", Number),
            Type("INT PRIMARY KEY", Number),
            Type("INTEGER PRIMARY KEY DESC", Number),
            Type("INTEGER UNIQUE", Number),
            Type("INTEGER", Number),
            Type("TEXT PRIMARY KEY", Text),
            Type("NUMERIC PRIMARY KEY", Number),
        ],
        Place::Id(Key::Uuid) => &[
            Type("TEXT PRIMARY KEY", Text),
            Type("BLOB", Bytes),
            Type("UUID PRIMARY KEY", Bytes),
            Type("INTEGER PRIMARY KEY", Number),
        ],
        Place::Id(Key::Text) => &[
            Type("TEXT", Text),
            Type("TEXT COLLATE NOCASE PRIMARY KEY", Text),
            Type("BLOB PRIMARY KEY", Text),
            Type("INTEGER PRIMARY KEY", Number),
            Type("ULID PRIMARY KEY", Text),
        ],
        Place::Name => &[
            Type("BLOB", Text),
            Type("INTEGER", Number),
            Type("NUMERIC", Text),
            Type("STRING", Text),
            Type("TEXT COLLATE RTRIM", Text),
            Type("", Text),
        ],
        Place::Hash => {
            &[Type("BLOB", Bytes), Type("", Text), Type("INTEGER", Number), Type("PASSWORD", Text)]
        }
        Place::Flag => &[Type("TEXT", Text), Type("REAL", Number), Type("BLOB", Number)],
        Place::Version | Place::Stamp => {
            &[Type("TEXT", Number), Type("REAL", Number), Type("NUMERIC", Number), Type("", Number)]
        }
        Place::Time => &[
            Type("INTEGER", Number),
            Type("REAL", Number),
            Type("BLOB", Bytes),
            Type("NUMERIC", Number),
            Type("", Time),
            Type("DATETIME", Number),
        ],
        Place::Epoch => &[
            Type("DATETIME", Time),
            Type("TEXT", Number),
            Type("REAL", Number),
            Type("NUMERIC", Number),
        ],
        Place::Extra => &[Type("", Text)],
    }
}
