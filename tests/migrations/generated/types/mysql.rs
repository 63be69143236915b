//! Types of MariaDB and MySQL.

use super::super::column::Form::{Boolean, Bytes, Json, Number, Text, Time, Uuid};
use super::super::column::Type;
use super::{Key, Place};

pub(super) const fn sound(place: Place) -> &'static [Type] {
    match place {
        Place::Id(Key::Counted) => &[
            Type("BIGINT AUTO_INCREMENT PRIMARY KEY", Number),
            Type("BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY", Number),
            Type("INT UNSIGNED AUTO_INCREMENT PRIMARY KEY", Number),
            Type("INT(11) AUTO_INCREMENT PRIMARY KEY", Number),
            Type("MEDIUMINT AUTO_INCREMENT PRIMARY KEY", Number),
            Type("SMALLINT UNSIGNED AUTO_INCREMENT UNIQUE", Number),
        ],
        Place::Id(Key::Uuid) => &[
            Type("BINARY(16) PRIMARY KEY", Bytes),
            Type("BINARY(16) NOT NULL UNIQUE", Bytes),
            Type("VARBINARY(16) PRIMARY KEY", Bytes),
        ],
        Place::Id(Key::Text) => &[
            Type("VARCHAR(26) PRIMARY KEY", Text),
            Type("CHAR(26) CHARACTER SET ascii PRIMARY KEY", Text),
            Type("VARCHAR(191) COLLATE utf8mb4_bin NOT NULL UNIQUE", Text),
            Type("VARCHAR(64) CHARACTER SET latin1 PRIMARY KEY", Text),
        ],
        Place::Name => &[
            Type("VARCHAR(255)", Text),
            Type("VARCHAR(255) COLLATE utf8mb4_general_ci", Text),
            Type("VARCHAR(191) COLLATE utf8mb4_unicode_ci", Text),
            Type("VARCHAR(255) COLLATE utf8mb4_bin", Text),
            Type("VARCHAR(255) CHARACTER SET utf8mb3", Text),
            Type("VARCHAR(255) CHARACTER SET latin1", Text),
            Type("VARCHAR(120) CHARACTER SET latin1 COLLATE latin1_bin", Text),
            Type("CHAR(120)", Text),
        ],
        Place::Hash => &[
            Type("VARCHAR(255)", Text),
            Type("VARCHAR(128) CHARACTER SET latin1", Text),
            Type("TEXT", Text),
            Type("CHAR(200)", Text),
            Type("VARCHAR(255) CHARACTER SET ascii", Text),
        ],
        Place::Flag => &[
            Type("BOOLEAN", Boolean),
            Type("TINYINT(1)", Number),
            Type("TINYINT(4)", Number),
            Type("TINYINT(1) UNSIGNED", Number),
        ],
        Place::Version => &[Type("INT", Number)],
        Place::Stamp => &[Type("BIGINT", Number)],
        Place::Time => &[
            Type("DATETIME", Time),
            Type("DATETIME(6)", Time),
            Type("TIMESTAMP NULL", Time),
            Type("DATE", Time),
        ],
        Place::Epoch => &[
            Type("BIGINT", Number),
            Type("INT UNSIGNED", Number),
            Type("INT", Number),
            Type("BIGINT UNSIGNED", Number),
        ],
        Place::Extra => &[
            Type("TEXT", Text),
            Type("DECIMAL(10,2)", Number),
            Type("BLOB", Bytes),
            Type("JSON", Json),
            Type("TIMESTAMP NULL", Time),
            Type("ENUM('text 0','text 1','text 2','text 9')", Text),
            Type("UUID", Uuid),
        ],
    }
}

pub(super) const fn doubtful(place: Place) -> &'static [Type] {
    match place {
        Place::Id(Key::Counted) => &[
            Type("BIGINT PRIMARY KEY", Number),
            Type("DECIMAL(20) PRIMARY KEY", Number),
            Type("VARCHAR(36) PRIMARY KEY", Text),
            Type("BIGINT AUTO_INCREMENT, KEY one (id)", Number),
            Type("BIGINT", Number),
            Type("DOUBLE AUTO_INCREMENT PRIMARY KEY", Number),
        ],
        Place::Id(Key::Uuid) => &[
            Type("CHAR(36) PRIMARY KEY", Text),
            Type("UUID PRIMARY KEY", Uuid),
            Type("BINARY(16)", Bytes),
            Type("VARBINARY(40) PRIMARY KEY", Bytes),
            Type("BINARY(20) PRIMARY KEY", Bytes),
            Type("BLOB", Bytes),
        ],
        Place::Id(Key::Text) => &[
            Type("VARCHAR(20) PRIMARY KEY", Text),
            Type("UUID PRIMARY KEY", Uuid),
            Type("BIGINT PRIMARY KEY", Number),
            Type("BINARY(16) PRIMARY KEY", Bytes),
            Type("TEXT", Text),
            Type("VARCHAR(40) CHARACTER SET utf16 PRIMARY KEY", Text),
        ],
        Place::Name => &[
            Type("TEXT", Text),
            Type("TINYTEXT", Text),
            Type("LONGTEXT", Text),
            Type("VARCHAR(1000)", Text),
            Type("VARBINARY(255)", Text),
            Type("BINARY(60)", Text),
            Type("INT", Number),
            // JSON of MariaDB is a text with a CHECK, and a plan reads no CHECK.
            Type("MEDIUMTEXT", Text),
            Type("VARCHAR(20)", Text),
            Type("VARCHAR(100) CHARACTER SET utf16", Text),
            Type("VARCHAR(100) CHARACTER SET ucs2", Text),
        ],
        Place::Hash => &[
            Type("VARCHAR(60)", Text),
            Type("CHAR(40)", Text),
            Type("VARBINARY(255)", Text),
            Type("BLOB", Bytes),
            Type("TINYTEXT", Text),
            Type("VARCHAR(150) CHARACTER SET utf16", Text),
            Type("INT", Number),
        ],
        Place::Flag => &[
            Type("BIT(1)", Number),
            Type("INT", Number),
            Type("CHAR(1)", Text),
            Type("ENUM('0','1')", Text),
            Type("DECIMAL(1)", Number),
        ],
        Place::Version => &[
            Type("BIGINT", Number),
            Type("INT UNSIGNED", Number),
            Type("SMALLINT", Number),
            Type("TINYINT UNSIGNED", Number),
            Type("VARCHAR(20)", Text),
            Type("DECIMAL(10)", Number),
        ],
        Place::Stamp => &[
            Type("INT", Number),
            Type("BIGINT UNSIGNED", Number),
            Type("SMALLINT", Number),
            Type("VARCHAR(40)", Text),
            Type("DECIMAL(20)", Number),
        ],
        Place::Time => &[
            Type("BIGINT", Number),
            Type("INT UNSIGNED", Number),
            Type("VARCHAR(40)", Time),
            Type("YEAR", Number),
            Type("TIME", Time),
            Type("TIMESTAMP", Time),
            Type("DECIMAL(20,6)", Number),
        ],
        Place::Epoch => &[
            Type("DATETIME", Time),
            Type("DOUBLE", Number),
            Type("DECIMAL(20)", Number),
            Type("VARCHAR(20)", Number),
        ],
        Place::Extra => &[Type("TEXT", Text)],
    }
}
