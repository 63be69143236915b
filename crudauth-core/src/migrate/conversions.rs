//! Conversions between the types of live columns and those that the library reads and binds.
//!
//! A conversion loses nothing and keeps the index of the column usable. Where there is none, `fits`
//! reports the column.

use super::affinity::{Affinity, is_blob};
use super::live::{LiveColumn, LiveTable};
use super::table::Table;
use crate::model::TimeUnit;
use crate::sql::{Conversion, Dialect, Layout};

/// The layout of a live user's table.
pub(super) fn layout(table: &Table, live: &LiveTable) -> Layout {
    let mut layout = Layout::default();
    let Some(shape) = table.shape else { return layout };
    for read in &table.reads {
        if let Some(column) = live.column(&read.name) {
            layout.insert(&read.name, conversion(live.dialect, &read.sql_type, column));
        }
    }
    let key = live.column(shape.id).filter(|_| live.dialect == Dialect::MySql);
    if let Some(write) = key.and_then(collated) {
        layout.insert(shape.id, Conversion::default().and_writing(&write));
    }
    let names = shape.companion;
    for name in [names.created, names.updated].into_iter().chain(names.deleted) {
        let Some(column) = live.column(name) else { continue };
        let read = layout.read(name, "{}".to_owned());
        let read = Some(read).filter(|read| read != "{}");
        let write = time(live.dialect, names.times, column);
        layout.insert(name, Conversion { read, write });
    }
    for identifier in shape.identifiers {
        let shown = live.column(identifier.column);
        if identifier.is_blank_null && shown.is_some_and(|shown| !shown.is_nullable) {
            layout.blank(identifier.column);
        }
        let key = live.column(identifier.key);
        if identifier.has_own_key() && key.is_some_and(|key| key.is_nullable) {
            layout.unfilled.push(identifier.key);
        }
        let is_required = |one: Option<&LiveColumn>| one.is_some_and(|one| !one.is_nullable);
        let takes_blank = identifier.is_blank_null || !is_required(shown);
        let has_required_key = identifier.has_own_key() && is_required(key);
        if identifier.is_optional && (!takes_blank || has_required_key) {
            layout.never_null.push(identifier.column);
        }
    }
    layout.sets_updated = live
        .column(shape.companion.updated)
        .is_some_and(|updated| !updated.is_nullable && updated.default.is_none());
    layout.keeps_deleted = names.deleted.is_some_and(|name| {
        live.column(name).is_none_or(|column| is_instant(live.dialect, names.times, column))
    });
    layout
}

/// Whether the library can write a time to a column.
fn is_instant(dialect: Dialect, unit: Option<TimeUnit>, column: &LiveColumn) -> bool {
    let has_type = match unit {
        Some(_) => column.may_count(dialect),
        None => column.is_time(dialect),
    };
    has_type && !column.is_generated
}

/// The conversion of a text to the collation of a key on MySQL. Compared with a column of the library,
/// which has another one, the key would not be searched by its index.
fn collated(key: &LiveColumn) -> Option<String> {
    let collation = key.collation.as_deref().filter(|name| *name != "utf8mb4_bin")?;
    let (set, _) = collation.split_once('_')?;
    Some(format!("CONVERT({{}} USING {set}) COLLATE {collation}"))
}

/// The conversions of a column whose values have the type `wanted` in the library.
fn conversion(dialect: Dialect, wanted: &str, live: &LiveColumn) -> Conversion {
    match dialect {
        Dialect::Sqlite => Conversion::default(),
        Dialect::Postgres => postgres(wanted, live),
        Dialect::MySql => {
            let is_unsigned = live.sql_type.contains("int") && live.sql_type.contains("unsigned");
            if is_unsigned && matches!(wanted, "BIGINT" | "INT") {
                Conversion::reading("SIGNED")
            } else if live.has_wide_characters() {
                // MySQL compares it with no other column of Unicode.
                let read = Some("CONVERT({} USING utf8mb4)".to_owned());
                Conversion { read, write: None }
            } else {
                Conversion::default()
            }
        }
    }
}

/// A text column with padding, without case, or of another type; a narrower integer; a time without
/// zone, which is UTC.
fn postgres(wanted: &str, live: &LiveColumn) -> Conversion {
    let base = &*live.base;
    match (wanted, base) {
        ("TEXT" | "VARCHAR", "text" | "character varying") if live.is_domain() => {
            Conversion::reading("text")
        }
        ("TEXT" | "VARCHAR", "text" | "character varying") => Conversion::default(),
        ("TEXT" | "VARCHAR", "character") => Conversion::cast("text", "bpchar"),
        ("TEXT" | "VARCHAR", "name" | "uuid") => Conversion::cast("text", base),
        ("TEXT" | "VARCHAR", _) if live.category == "E" || live.is_citext() => {
            Conversion::cast("text", base)
        }
        ("INT8", "integer" | "smallint") => Conversion::reading("bigint"),
        ("INT4", "smallint") => Conversion::reading("integer"),
        ("TIMESTAMPTZ", "timestamp without time zone")
        | ("TIMESTAMP", "timestamp with time zone") => {
            let sql = "({} AT TIME ZONE 'UTC')";
            Conversion { read: Some(sql.to_owned()), write: Some(sql.to_owned()) }
        }
        _ => Conversion::default(),
    }
}

/// The conversion of an instant, as the library binds it, to the type of the column.
fn time(dialect: Dialect, unit: Option<TimeUnit>, live: &LiveColumn) -> Option<String> {
    match (unit, dialect) {
        (Some(unit), _) => Some(since_1970(dialect, unit)),
        (None, Dialect::Postgres) => match &*live.base {
            "timestamp without time zone" => Some("({} AT TIME ZONE 'UTC')".to_owned()),
            "date" => Some("CAST({} AT TIME ZONE 'UTC' AS date)".to_owned()),
            _ => None,
        },
        (None, Dialect::Sqlite | Dialect::MySql) => None,
    }
}

/// An instant as a number since 1970.
fn since_1970(dialect: Dialect, unit: TimeUnit) -> String {
    let per_second: i64 = match unit {
        TimeUnit::Seconds => 1,
        TimeUnit::Milliseconds => 1_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Nanoseconds => 1_000_000_000,
    };
    // From a number per second to another one, without overflow.
    let scaled = |number: &str, from: i64| {
        if per_second < from {
            format!("({number} {} {})", integer_division(dialect), from / per_second)
        } else {
            format!("({number} * {})", per_second / from)
        }
    };
    match dialect {
        // Three digits follow the seconds of `%f`.
        Dialect::Sqlite => scaled(
            "(CAST(strftime('%s', {}) AS INTEGER) * 1000 \
             + CAST(SUBSTR(strftime('%f', {}), 4) AS INTEGER))",
            1_000,
        ),
        Dialect::Postgres => {
            format!("CAST(FLOOR(EXTRACT(EPOCH FROM {{}}) * {per_second}) AS bigint)")
        }
        Dialect::MySql => {
            scaled("TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', {})", 1_000_000)
        }
    }
}

/// The operator that divides integers.
const fn integer_division(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => "/",
        Dialect::MySql => "DIV",
    }
}

impl LiveColumn {
    /// Whether the type is a domain. Only on PostgreSQL.
    fn is_domain(&self) -> bool {
        self.sql_type.split('(').next() != Some(&*self.base)
    }

    /// Whether the type is that of the extension `citext`, in whichever schema. Only on PostgreSQL.
    pub(super) fn is_citext(&self) -> bool {
        self.base.rsplit('.').next() == Some("citext")
    }

    /// Whether every character takes several bytes. Only on MySQL.
    fn has_wide_characters(&self) -> bool {
        let set = self.collation.as_ref().and_then(|collation| collation.split('_').next());
        matches!(set, Some("ucs2" | "utf16" | "utf16le" | "utf32"))
    }

    /// Whether different texts are equal. SQLite does not tell.
    pub(super) fn is_coarse(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Sqlite => false,
            Dialect::Postgres => self.is_citext() || self.collation.is_some(),
            Dialect::MySql => self.collation.as_ref().is_some_and(|name| !name.ends_with("_bin")),
        }
    }

    /// Whether the type is that of UUIDs, on PostgreSQL and MariaDB.
    pub(super) fn is_uuid(&self) -> bool {
        self.base == "uuid" || self.sql_type == "uuid"
    }

    /// Whether values are integers.
    pub(super) fn is_integer(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Sqlite => Affinity::of(&self.sql_type) == Affinity::Integer,
            Dialect::Postgres => matches!(&*self.base, "bigint" | "integer" | "smallint"),
            Dialect::MySql => self.sql_type.contains("int"),
        }
    }

    /// Whether values may be times as numbers. SQLite keeps numbers in a column of DATETIME.
    pub(super) fn may_count(&self, dialect: Dialect) -> bool {
        let is_numeric = || Affinity::of(&self.sql_type) == Affinity::Numeric;
        self.is_integer(dialect) || dialect == Dialect::Sqlite && is_numeric()
    }

    /// Whether values are times or dates.
    pub(super) fn is_time(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Sqlite => {
                let affinity = Affinity::of(&self.sql_type);
                !matches!(affinity, Affinity::Integer | Affinity::Real) && !is_blob(&self.sql_type)
            }
            Dialect::Postgres => self.base.starts_with("timestamp") || self.base == "date",
            Dialect::MySql => {
                ["datetime", "timestamp", "date"].iter().any(|word| self.sql_type.starts_with(word))
            }
        }
    }
}
