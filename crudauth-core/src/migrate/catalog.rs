//! The catalog queries: one for a table, one for its columns, one for its indexes. They return the
//! same columns on each database.
//!
//! Each binds the name of the table and its schema, which is NULL for the table that a statement
//! without a schema finds. PostgreSQL searches its path, as it does for every other statement.

use crate::sql::Dialect;

/// The table of the bound names, in PostgreSQL. There is none in a schema that is closed to the role,
/// where a look-up would fail.
macro_rules! postgres_table {
    () => {
        "c.oid = pg_catalog.to_regclass((SELECT pg_catalog.quote_ident($1) WHERE $2 IS NULL \
         UNION ALL SELECT pg_catalog.format('%I.%I', s.nspname, $1) FROM pg_catalog.pg_namespace s \
         WHERE s.nspname = $2 AND pg_catalog.has_schema_privilege(s.oid, 'USAGE')))"
    };
}

/// A row if the table exists: its kind, its schema, or NULL for the one in which new tables are
/// created, whether it is a STRICT table (0 or 1), its schema in any case (PostgreSQL), its engine if
/// that has no transactions (MySQL), and whether its row format has shorter indexes (MySQL; 0 or 1).
pub(super) const fn table(dialect: Dialect) -> &'static str {
    match dialect {
        // The second parameter has no use: a connection has one schema.
        Dialect::Sqlite => {
            "SELECT type, NULLIF($2, $2), strict, NULL, NULL, 0 FROM pragma_table_list($1) \
             WHERE schema IN ('main', 'temp')"
        }
        Dialect::Postgres => concat!(
            "SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' \
             WHEN 'f' THEN 'foreign table' ELSE 'view' END, NULLIF(n.nspname, current_schema())::text, 0::bigint, \
             n.nspname::text, NULL::text, 0::bigint FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE ",
            postgres_table!()
        ),
        Dialect::MySql => {
            "SELECT CASE table_type WHEN 'BASE TABLE' THEN 'table' ELSE 'view' END, \
             CAST(NULLIF(table_schema, DATABASE()) AS CHAR), CAST(0 AS SIGNED), CAST(NULL AS CHAR), \
             (SELECT CAST(e.engine AS CHAR) FROM information_schema.engines e \
             WHERE e.engine = t.engine AND e.transactions = 'NO'), \
             CAST(COALESCE(row_format IN ('Compact', 'Redundant'), 0) AS SIGNED) \
             FROM information_schema.tables t \
             WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE())"
        }
    }
}

/// A row for each column, in the order of the table:
///
/// | position | value | type |
/// | --- | --- | --- |
/// | 0 | name | text |
/// | 1 | type, as the database spells it | text |
/// | 2 | is NOT NULL | 0 or 1 |
/// | 3 | default, as the database spells it | text or NULL |
/// | 4 | is assigned ascending numbers | 0 or 1 |
/// | 5 | is generated from other columns | 0 or 1 |
/// | 6 | maximum length in characters | number or NULL |
/// | 7 | is changed by an update of other columns | 0 or 1 |
/// | 8 | position in the primary key (SQLite, where the key may be no index), or 0 | number |
/// | 9 | collation (MySQL), or one that takes different texts for equal (PostgreSQL) | text or NULL |
/// | 10 | type without length and precision, of a domain the type below it (PostgreSQL) | text |
/// | 11 | category of the type (PostgreSQL) | text |
/// | 12 | is of a type of the app's own (PostgreSQL) | 0 or 1 |
/// | 13 | maximum length in bytes (MySQL) | number or NULL |
pub(super) const fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        // A row id has no index of its own: a key of WITHOUT ROWID, or with DESC, is no row id.
        Dialect::Sqlite => {
            "SELECT name, type, \"notnull\", \
             CASE WHEN UPPER(dflt_value) <> 'NULL' THEN dflt_value END, \
             pk > 0 AND UPPER(type) = 'INTEGER' AND NOT EXISTS \
             (SELECT 1 FROM pragma_index_list($1) WHERE origin = 'pk'), \
             hidden > 1, NULL, 0, pk, NULL, '', '', 0, NULL FROM pragma_table_xinfo($1) WHERE $2 IS NULL OR $2 IS NOT NULL ORDER BY cid"
        }
        // The views of information_schema are ten times slower. The type `name` cuts longer texts.
        Dialect::Postgres => concat!(
            "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
             (a.attnotnull OR t.typnotnull)::int::bigint, \
             COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault), \
             (a.attidentity <> '')::int::bigint, (a.attgenerated <> '')::int::bigint, \
             CASE WHEN COALESCE(NULLIF(t.typbasetype, 0), t.oid) = 19 THEN 63::bigint \
             WHEN COALESCE(NULLIF(t.typbasetype, 0), t.oid) IN (1042, 1043) \
             AND GREATEST(a.atttypmod, t.typtypmod) > 4 \
             THEN (GREATEST(a.atttypmod, t.typtypmod) - 4)::bigint END, 0::bigint, 0::bigint, \
             CASE WHEN NOT l.collisdeterministic THEN l.collname::text END, \
             pg_catalog.format_type(COALESCE(NULLIF(t.typbasetype, 0), t.oid), NULL), \
             t.typcategory::text, (t.oid >= 16384)::int::bigint, NULL::bigint \
             FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
             LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation \
             WHERE ",
            postgres_table!(),
            " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        ),
        // MariaDB reports a missing default as the text NULL.
        Dialect::MySql => {
            "SELECT CAST(column_name AS CHAR), CAST(column_type AS CHAR), \
             CAST(is_nullable = 'NO' AS SIGNED), \
             CAST(NULLIF(column_default, 'NULL') AS CHAR), \
             CAST(extra LIKE '%auto_increment%' AS SIGNED), \
             CAST(COALESCE(generation_expression, '') <> '' AS SIGNED), \
             CASE WHEN data_type IN ('char', 'varchar') \
             THEN CAST(character_maximum_length AS SIGNED) END, \
             CAST(extra LIKE '%on update%' AS SIGNED), CAST(0 AS SIGNED), \
             CAST(collation_name AS CHAR), '', '', CAST(0 AS SIGNED), \
             CAST(character_octet_length AS SIGNED) \
             FROM information_schema.columns \
             WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE()) \
             ORDER BY ordinal_position"
        }
    }
}

/// A row for each column of each index, in the order of the index: name of the index, whether it is
/// unique (0 or 1), whether it is ordered (0 or 1), the column, or NULL for an expression or a prefix
/// of a column, the condition that its rows satisfy, or NULL if it covers every row, and whether it
/// takes different texts for equal (SQLite; 0 or 1).
pub(super) const fn indexes(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT i.name, i.\"unique\", 1, c.name, \
             CASE WHEN i.partial THEN (SELECT SUBSTR(sql, INSTR(UPPER(sql), ' WHERE ') + 7) \
             FROM sqlite_master WHERE name = i.name) END, c.coll <> 'BINARY' \
             FROM pragma_index_list($1) AS i JOIN pragma_index_xinfo(i.name) AS c \
             WHERE c.key AND ($2 IS NULL OR $2 IS NOT NULL) ORDER BY i.seq, c.seqno"
        }
        // An index whose creation was interrupted (CONCURRENTLY) is not valid. A deferrable
        // constraint is checked too late.
        Dialect::Postgres => concat!(
            "SELECT ic.relname::text, (i.indisunique AND i.indimmediate)::int::bigint, \
             (i.indisvalid AND am.amname = 'btree')::int::bigint, \
             a.attname::text, pg_catalog.pg_get_expr(i.indpred, i.indrelid), 0::bigint \
             FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
             JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid \
             JOIN pg_catalog.pg_am am ON am.oid = ic.relam \
             CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(attnum, at) \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
             WHERE ",
            postgres_table!(),
            " AND k.at <= i.indnkeyatts ORDER BY i.indexrelid, k.at"
        ),
        // MariaDB keeps long texts apart by a HASH, and searches none by it.
        Dialect::MySql => {
            "SELECT CAST(index_name AS CHAR), CAST(non_unique = 0 AS SIGNED), \
             CAST(index_type = 'BTREE' AS SIGNED), \
             CAST(CASE WHEN sub_part IS NULL THEN column_name END AS CHAR), \
             CAST(NULL AS CHAR), CAST(0 AS SIGNED) \
             FROM information_schema.statistics \
             WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE()) \
             ORDER BY index_name, seq_in_index"
        }
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
        Dialect::Sqlite => "SELECT 1 FROM (SELECT $1 AS name, $2 AS place) AS one WHERE 1 = 0",
        // The bits of tgtype are ROW, BEFORE and INSERT.
        Dialect::Postgres => concat!(
            "SELECT 1 FROM pg_catalog.pg_trigger t \
             JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid WHERE ",
            postgres_table!(),
            " AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 7 = 7 LIMIT 1"
        ),
        Dialect::MySql => {
            "SELECT 1 FROM information_schema.triggers \
             WHERE event_object_table = ? AND event_object_schema = COALESCE(?, DATABASE()) \
             AND action_timing = 'BEFORE' AND event_manipulation = 'INSERT' LIMIT 1"
        }
    }
}

/// A statement for each right that every flow needs and the role of PostgreSQL lacks: on the table, on
/// sequences that its defaults use, and on a schema that the struct names. Binds 1 for a table of the
/// library, from which rows are deleted.
pub(super) const MISSING_RIGHTS: &str = concat!(
    "SELECT pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', c.oid::regclass, current_user) \
     FROM pg_catalog.pg_class c WHERE ",
    postgres_table!(),
    " AND NOT (pg_catalog.has_any_column_privilege(c.oid, 'SELECT') \
     AND pg_catalog.has_any_column_privilege(c.oid, 'INSERT') \
     AND pg_catalog.has_any_column_privilege(c.oid, 'UPDATE') \
     AND ($3 = 0 OR pg_catalog.has_table_privilege(c.oid, 'DELETE'))) \
     UNION ALL SELECT pg_catalog.format('GRANT USAGE, SELECT ON SEQUENCE %s TO %I', q.oid::regclass, current_user) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid \
     JOIN pg_catalog.pg_depend p ON p.objid = d.oid AND p.classid = 'pg_catalog.pg_attrdef'::regclass \
     AND p.refclassid = 'pg_catalog.pg_class'::regclass \
     JOIN pg_catalog.pg_class q ON q.oid = p.refobjid WHERE ",
    postgres_table!(),
    " AND CASE WHEN q.relkind = 'S' THEN NOT pg_catalog.has_sequence_privilege(q.oid, 'USAGE, UPDATE') END \
     UNION ALL SELECT pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user) \
     FROM pg_catalog.pg_namespace n \
     WHERE n.nspname = $2 AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
);

/// The user of MySQL, as a GRANT names it.
pub(super) const MYSQL_USER: &str =
    "SELECT CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";

/// A statement for each right that changes of the table, or its creation, need and the role of
/// PostgreSQL lacks. Binds the schema of the table, or NULL for the one in which new tables are
/// created.
pub(super) const MISSING_OWNERSHIP: &str = concat!(
    "SELECT pg_catalog.format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, current_user) \
     FROM pg_catalog.pg_class c WHERE ",
    postgres_table!(),
    " AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') \
     UNION ALL SELECT pg_catalog.format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', n.nspname, current_user) \
     FROM pg_catalog.pg_namespace n \
     WHERE n.nspname = COALESCE($2, current_schema(), 'public') \
     AND NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')"
);

/// A statement that shows rows which row level security of PostgreSQL hides from the role, unless a
/// policy shows all of them.
pub(super) const HIDDEN_ROWS: &str = concat!(
    "SELECT CASE WHEN is_restricted THEN pg_catalog.format('ALTER ROLE %I BYPASSRLS', current_user) \
     ELSE pg_catalog.format('CREATE POLICY crudauth ON %s TO %I USING (true)', oid::regclass, current_user) END \
     FROM (SELECT c.oid, EXISTS (SELECT 1 FROM pg_catalog.pg_policy p \
     WHERE p.polrelid = c.oid AND NOT p.polpermissive) AS is_restricted, \
     EXISTS (SELECT 1 FROM pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) AS r(oid) \
     WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*' \
     AND pg_catalog.pg_get_expr(p.polqual, c.oid) = 'true' \
     AND COALESCE(pg_catalog.pg_get_expr(p.polwithcheck, c.oid), 'true') = 'true' \
     AND (r.oid = 0 OR pg_catalog.pg_has_role(r.oid, 'USAGE'))) AS is_open \
     FROM pg_catalog.pg_class c WHERE ",
    postgres_table!(),
    " AND pg_catalog.row_security_active(c.oid)) AS one WHERE is_restricted OR NOT is_open"
);
