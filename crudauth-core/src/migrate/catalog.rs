//! The catalog queries: one for tables, one for their columns, one for their indexes. They return the
//! same columns on each database, first the name of the table as it was bound.
//!
//! [`about`] binds the names of the tables and their schema, which is NULL for the tables that a
//! statement without a schema finds. PostgreSQL searches its path, as it does for every other
//! statement.

use crate::sql::{Backend, Call, Dialect};

/// A query about tables.
pub(super) fn about<DB: Backend>(
    sql: &'static str,
    tables: &[&str],
    schema: Option<&'static str>,
) -> Call<DB> {
    // The derive accepts letters, digits and `_` in names.
    let names = tables.join(",");
    let schema = schema.map(str::to_owned);
    let call = Call::new(sql).with(names.clone());
    match DB::DIALECT {
        // A connection has one schema.
        Dialect::Sqlite => call,
        Dialect::Postgres => call.with(schema),
        // A parameter has no number, and is bound for each use.
        Dialect::MySql => call.with(names).with(schema),
    }
}

/// The bound names, in SQLite.
macro_rules! sqlite_names {
    () => {
        "JSON_EACH('[\"' || REPLACE($1, ',', '\",\"') || '\"]') AS w"
    };
}

/// The tables of the bound names, in PostgreSQL. There is none in a schema that is closed to the role,
/// where a look-up would fail.
macro_rules! postgres_tables {
    () => {
        "pg_catalog.unnest(pg_catalog.string_to_array($1, ',')) AS w(name) \
         CROSS JOIN LATERAL pg_catalog.to_regclass((\
         SELECT pg_catalog.quote_ident(w.name) WHERE $2 IS NULL \
         UNION ALL SELECT pg_catalog.format('%I.%I', s.nspname, w.name) FROM pg_catalog.pg_namespace s \
         WHERE s.nspname = $2 AND pg_catalog.has_schema_privilege(s.oid, 'USAGE'))) AS f(oid) \
         JOIN pg_catalog.pg_class c ON c.oid = f.oid"
    };
}

/// Selects the tables of the bound names, in MySQL. The server decides whether case matters; its
/// catalog ignores it.
macro_rules! mysql_tables {
    ($name:literal, $schema:literal) => {
        concat!(
            "FIND_IN_SET(",
            $name,
            ", ?) > 0 AND (@@lower_case_table_names <> 0 OR FIND_IN_SET(CAST(",
            $name,
            " AS BINARY), ?) > 0) AND ",
            $schema,
            " = COALESCE(?, DATABASE())"
        )
    };
}

/// A row for each table that exists: its name, its kind, its schema, or NULL for the one in which new
/// tables are created, whether it is a STRICT table (0 or 1), its schema in any case (PostgreSQL), its
/// engine if that has no transactions (MySQL), and whether its row format has shorter indexes (MySQL;
/// 0 or 1).
pub(super) const fn tables(dialect: Dialect) -> &'static str {
    match dialect {
        // Of two tables of one name, a statement finds the temporary one, which is read last.
        Dialect::Sqlite => concat!(
            "SELECT w.value, t.type, NULL, t.strict, NULL, NULL, 0 FROM ",
            sqlite_names!(),
            " JOIN pragma_table_list(w.value) AS t WHERE t.schema IN ('main', 'temp') \
             ORDER BY w.key, t.schema"
        ),
        Dialect::Postgres => concat!(
            "SELECT w.name, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' \
             WHEN 'f' THEN 'foreign table' ELSE 'view' END, NULLIF(n.nspname, current_schema())::text, 0::bigint, \
             n.nspname::text, NULL::text, 0::bigint FROM ",
            postgres_tables!(),
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        ),
        Dialect::MySql => concat!(
            "SELECT CAST(table_name AS CHAR), CASE table_type WHEN 'BASE TABLE' THEN 'table' ELSE 'view' END, \
             CAST(NULLIF(table_schema, DATABASE()) AS CHAR), CAST(0 AS SIGNED), CAST(NULL AS CHAR), \
             (SELECT CAST(e.engine AS CHAR) FROM information_schema.engines e \
             WHERE e.engine = t.engine AND e.transactions = 'NO'), \
             CAST(COALESCE(row_format IN ('Compact', 'Redundant'), 0) AS SIGNED) \
             FROM information_schema.tables t WHERE ",
            mysql_tables!("table_name", "table_schema")
        ),
    }
}

/// A row for each column, in the order of each table:
///
/// | position | value | type |
/// | --- | --- | --- |
/// | 0 | name of the table | text |
/// | 1 | name | text |
/// | 2 | type, as the database spells it | text |
/// | 3 | is NOT NULL | 0 or 1 |
/// | 4 | default, as the database spells it | text or NULL |
/// | 5 | is assigned ascending numbers | 0 or 1 |
/// | 6 | is generated from other columns | 0 or 1 |
/// | 7 | maximum length in characters | number or NULL |
/// | 8 | is changed by an update of other columns | 0 or 1 |
/// | 9 | position in the primary key (SQLite, where the key may be no index), or 0 | number |
/// | 10 | collation (MySQL), or one that takes different texts for equal (PostgreSQL) | text or NULL |
/// | 11 | type without length and precision, of a domain the type below it (PostgreSQL) | text |
/// | 12 | category of the type (PostgreSQL) | text |
/// | 13 | is of a type of the app's own (PostgreSQL) | 0 or 1 |
/// | 14 | maximum length in bytes (MySQL) | number or NULL |
pub(super) const fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        // A row id has no index of its own: a key of WITHOUT ROWID, or with DESC, is no row id.
        Dialect::Sqlite => concat!(
            "SELECT w.value, c.name, c.type, c.\"notnull\", \
             CASE WHEN UPPER(c.dflt_value) <> 'NULL' THEN c.dflt_value END, \
             c.pk > 0 AND UPPER(c.type) = 'INTEGER' AND NOT EXISTS \
             (SELECT 1 FROM pragma_index_list(w.value) WHERE origin = 'pk'), \
             c.hidden > 1, NULL, 0, c.pk, NULL, '', '', 0, NULL FROM ",
            sqlite_names!(),
            " JOIN pragma_table_xinfo(w.value) AS c ORDER BY w.key, c.cid"
        ),
        // The views of information_schema are ten times slower. The type `name` cuts longer texts.
        Dialect::Postgres => concat!(
            "SELECT w.name, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
             (a.attnotnull OR t.typnotnull)::int::bigint, \
             COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault), \
             (a.attidentity <> '')::int::bigint, (a.attgenerated <> '')::int::bigint, \
             CASE WHEN COALESCE(NULLIF(t.typbasetype, 0), t.oid) = 19 THEN 63::bigint \
             WHEN COALESCE(NULLIF(t.typbasetype, 0), t.oid) IN (1042, 1043) \
             AND GREATEST(a.atttypmod, t.typtypmod) > 4 \
             THEN (GREATEST(a.atttypmod, t.typtypmod) - 4)::bigint END, 0::bigint, 0::bigint, \
             CASE WHEN NOT l.collisdeterministic THEN l.collname::text END, \
             pg_catalog.format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL), \
             t.typcategory::text, (t.oid >= 16384)::int::bigint, NULL::bigint FROM ",
            postgres_tables!(),
            " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
             LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation \
             WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY c.oid, a.attnum"
        ),
        // MariaDB reports a missing default as the text NULL.
        Dialect::MySql => concat!(
            "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(column_type AS CHAR), \
             CAST(is_nullable = 'NO' AS SIGNED), \
             CAST(NULLIF(column_default, 'NULL') AS CHAR), \
             CAST(extra LIKE '%auto_increment%' AS SIGNED), \
             CAST(COALESCE(generation_expression, '') <> '' AS SIGNED), \
             CASE WHEN data_type IN ('char', 'varchar') \
             THEN CAST(character_maximum_length AS SIGNED) END, \
             CAST(extra LIKE '%on update%' AS SIGNED), CAST(0 AS SIGNED), \
             CAST(collation_name AS CHAR), '', '', CAST(0 AS SIGNED), \
             CAST(character_octet_length AS SIGNED) \
             FROM information_schema.columns WHERE ",
            mysql_tables!("table_name", "table_schema"),
            " ORDER BY table_name, ordinal_position"
        ),
    }
}

/// A row for each column of each index, in the order of the index: name of the table, name of the
/// index, whether it is unique (0 or 1), whether it is ordered (0 or 1), the column, or NULL for an
/// expression or a prefix of a column, the condition that its rows satisfy, or NULL if it covers every
/// row, and whether it takes different texts for equal (SQLite; 0 or 1).
pub(super) const fn indexes(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => concat!(
            "SELECT w.value, i.name, i.\"unique\", 1, c.name, \
             CASE WHEN i.partial THEN (SELECT SUBSTR(sql, INSTR(UPPER(sql), ' WHERE ') + 7) \
             FROM sqlite_master WHERE name = i.name) END, c.coll <> 'BINARY' FROM ",
            sqlite_names!(),
            " JOIN pragma_index_list(w.value) AS i JOIN pragma_index_xinfo(i.name) AS c \
             WHERE c.key ORDER BY w.key, i.seq, c.seqno"
        ),
        // An index whose creation was interrupted (CONCURRENTLY) is not valid. A deferrable
        // constraint is checked too late.
        Dialect::Postgres => concat!(
            "SELECT w.name, ic.relname::text, (i.indisunique AND i.indimmediate)::int::bigint, \
             (i.indisvalid AND am.amname = 'btree')::int::bigint, \
             a.attname::text, pg_catalog.pg_get_expr(i.indpred, i.indrelid), 0::bigint FROM ",
            postgres_tables!(),
            " JOIN pg_catalog.pg_index i ON i.indrelid = c.oid \
             JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid \
             JOIN pg_catalog.pg_am am ON am.oid = ic.relam \
             CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(attnum, at) \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
             WHERE k.at <= i.indnkeyatts ORDER BY i.indexrelid, k.at"
        ),
        // MariaDB keeps long texts apart by a HASH, and searches none by it.
        Dialect::MySql => concat!(
            "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(non_unique = 0 AS SIGNED), \
             CAST(index_type = 'BTREE' AS SIGNED), \
             CAST(CASE WHEN sub_part IS NULL THEN column_name END AS CHAR), \
             CAST(NULL AS CHAR), CAST(0 AS SIGNED) \
             FROM information_schema.statistics WHERE ",
            mysql_tables!("table_name", "table_schema"),
            " ORDER BY table_name, index_name, seq_in_index"
        ),
    }
}

/// A row if the name of an index is taken outside its table. Binds the name of the index.
pub(super) const fn index_name(dialect: Dialect) -> &'static str {
    match dialect {
        // Tables and indexes share one namespace.
        Dialect::Sqlite => {
            "SELECT 1 FROM sqlite_master WHERE name = $1 COLLATE NOCASE \
             AND ($2 IS NULL OR $2 IS NOT NULL) LIMIT 1"
        }
        Dialect::Postgres => {
            "SELECT 1 FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = COALESCE($2, current_schema()) AND c.relname = $1 LIMIT 1"
        }
        // Each table has a namespace of its own, which the caller checks.
        Dialect::MySql => "SELECT 1 FROM (SELECT ? AS name, ? AS place) AS one WHERE 1 = 0",
    }
}

/// The quoted name of the sequence that counts a column, if there is one and the role may read it: the
/// one of its default, whether or not it belongs to the column, or of its identity. Only on
/// PostgreSQL: the other databases count up from the rows. Binds the qualified table and the column.
pub(super) const SEQUENCE: &str = "SELECT name FROM (SELECT COALESCE((\
    SELECT pg_catalog.format('%I.%I', n.nspname, s.relname) FROM pg_catalog.pg_attribute a \
    JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    JOIN pg_catalog.pg_depend p ON p.objid = d.oid AND p.classid = 'pg_catalog.pg_attrdef'::regclass \
    AND p.refclassid = 'pg_catalog.pg_class'::regclass \
    JOIN pg_catalog.pg_class s ON s.oid = p.refobjid AND s.relkind = 'S' \
    JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace \
    WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attname = $2 LIMIT 1), \
    pg_catalog.pg_get_serial_sequence($1, $2))) AS one(name) \
    WHERE pg_catalog.has_sequence_privilege(name, 'SELECT')";

/// A row if a trigger runs before an INSERT, and may set columns.
pub(super) const fn insert_trigger(dialect: Dialect) -> &'static str {
    match dialect {
        // A trigger cannot change the new row on SQLite.
        Dialect::Sqlite => "SELECT 1 FROM (SELECT $1 AS name) AS one WHERE 1 = 0",
        // The bits of tgtype are ROW, BEFORE and INSERT.
        Dialect::Postgres => concat!(
            "SELECT 1 FROM ",
            postgres_tables!(),
            " JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 7 = 7 LIMIT 1"
        ),
        Dialect::MySql => concat!(
            "SELECT 1 FROM information_schema.triggers WHERE ",
            mysql_tables!("event_object_table", "event_object_schema"),
            " AND action_timing = 'BEFORE' AND event_manipulation = 'INSERT' LIMIT 1"
        ),
    }
}

/// A statement for each right that every flow needs and the role of PostgreSQL lacks: on a table, on
/// sequences that its defaults use, and on a schema that the struct names. Binds the user's table, from
/// which no row is deleted.
pub(super) const MISSING_RIGHTS: &str = concat!(
    "SELECT w.name, pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', c.oid::regclass, current_user) \
     FROM ",
    postgres_tables!(),
    " WHERE NOT (pg_catalog.has_any_column_privilege(c.oid, 'SELECT') \
     AND pg_catalog.has_any_column_privilege(c.oid, 'INSERT') \
     AND pg_catalog.has_any_column_privilege(c.oid, 'UPDATE') \
     AND (w.name = $3 OR pg_catalog.has_table_privilege(c.oid, 'DELETE'))) \
     UNION ALL SELECT w.name, pg_catalog.format('GRANT USAGE, SELECT ON SEQUENCE %s TO %I', q.oid::regclass, current_user) \
     FROM ",
    postgres_tables!(),
    " JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid \
     JOIN pg_catalog.pg_depend p ON p.objid = d.oid AND p.classid = 'pg_catalog.pg_attrdef'::regclass \
     AND p.refclassid = 'pg_catalog.pg_class'::regclass \
     JOIN pg_catalog.pg_class q ON q.oid = p.refobjid WHERE \
     CASE WHEN q.relkind = 'S' THEN NOT pg_catalog.has_sequence_privilege(q.oid, 'USAGE, UPDATE') END \
     UNION ALL SELECT w.name, pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user) \
     FROM pg_catalog.unnest(pg_catalog.string_to_array($1, ',')) AS w(name), pg_catalog.pg_namespace n \
     WHERE n.nspname = $2 AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
);

/// The user of MySQL, as a GRANT names it.
pub(super) const MYSQL_USER: &str =
    "SELECT CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";

/// A statement for each right that changes of the table, or its creation, need and the role of
/// PostgreSQL lacks. Binds the schema of the table, or NULL for the one in which new tables are
/// created.
pub(super) const MISSING_OWNERSHIP: &str = concat!(
    "SELECT pg_catalog.format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, current_user) FROM ",
    postgres_tables!(),
    " WHERE NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') \
     UNION ALL SELECT pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', n.nspname, current_user) \
     FROM pg_catalog.pg_namespace n \
     WHERE n.nspname = COALESCE($2, current_schema(), 'public') \
     AND NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')"
);

/// A statement that shows rows which row level security of PostgreSQL hides from the role, unless a
/// policy shows all of them. The name of the table is the first column.
pub(super) const HIDDEN_ROWS: &str = concat!(
    "SELECT name, CASE WHEN is_restricted THEN pg_catalog.format('ALTER ROLE %I BYPASSRLS', current_user) \
     ELSE pg_catalog.format('CREATE POLICY crudauth ON %s TO %I USING (true)', oid::regclass, current_user) END \
     FROM (SELECT w.name, c.oid, EXISTS (SELECT 1 FROM pg_catalog.pg_policy p \
     WHERE p.polrelid = c.oid AND NOT p.polpermissive) AS is_restricted, \
     EXISTS (SELECT 1 FROM pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) AS r(oid) \
     WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*' \
     AND pg_catalog.pg_get_expr(p.polqual, c.oid) = 'true' \
     AND COALESCE(pg_catalog.pg_get_expr(p.polwithcheck, c.oid), 'true') = 'true' \
     AND (r.oid = 0 OR pg_catalog.pg_has_role(r.oid, 'USAGE'))) AS is_open \
     FROM ",
    postgres_tables!(),
    " WHERE pg_catalog.row_security_active(c.oid)) AS one WHERE is_restricted OR NOT is_open"
);
