//! What each database is asked about its tables: one statement for the columns of a table and one
//! for its indexes, with the same answer from all of them.

use crate::sql::Dialect;

/// A row for each column, in the table's order:
///
/// | at | what | type |
/// | --- | --- | --- |
/// | 0 | its name | text |
/// | 1 | its type, as the database writes it | text |
/// | 2 | whether it takes no NULL | 0 or 1 |
/// | 3 | whether it holds something when nothing is said | 0 or 1 |
/// | 4 | whether the database counts it up | 0 or 1 |
/// | 5 | whether the database computes it from others | 0 or 1 |
/// | 6 | how many characters it takes, where there is a limit | number or NULL |
/// | 7 | whether an update of anything else in the row changes it too | 0 or 1 |
/// | 8 | its place in the primary key, where nothing else tells of that key, or 0 | number |
/// | 9 | its collation, where it matters | text or NULL |
pub(super) const fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT name, type, \"notnull\", \
             dflt_value IS NOT NULL AND UPPER(dflt_value) <> 'NULL', 0, hidden > 1, NULL, 0, pk, NULL \
             FROM pragma_table_xinfo($1) ORDER BY cid"
        }
        // Not information_schema, whose views are ten times as dear.
        Dialect::Postgres => {
            "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), \
             (a.attnotnull OR t.typnotnull)::int::bigint, \
             (a.atthasdef OR t.typdefault IS NOT NULL)::int::bigint, \
             (a.attidentity <> '')::int::bigint, (a.attgenerated <> '')::int::bigint, \
             CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 \
             THEN (a.atttypmod - 4)::bigint END, 0::bigint, 0::bigint, NULL::text \
             FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
             WHERE n.nspname = current_schema() AND c.relname = $1 \
             AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attnum"
        }
        // MariaDB writes NULL as the default of what has none.
        Dialect::MySql => {
            "SELECT CAST(column_name AS CHAR), CAST(column_type AS CHAR), \
             CAST(is_nullable = 'NO' AS SIGNED), \
             CAST(column_default IS NOT NULL AND column_default <> 'NULL' AS SIGNED), \
             CAST(extra LIKE '%auto_increment%' AS SIGNED), \
             CAST(COALESCE(generation_expression, '') <> '' AS SIGNED), \
             CASE WHEN data_type IN ('char', 'varchar') \
             THEN CAST(character_maximum_length AS SIGNED) END, \
             CAST(extra LIKE '%on update%' AS SIGNED), CAST(0 AS SIGNED), \
             CAST(collation_name AS CHAR) \
             FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position"
        }
    }
}

/// A row for each column of each index, in the index's order: the index's name, whether it is
/// unique (0 or 1), whether it covers every row and can be searched in order (0 or 1), and the
/// column, or NULL for an expression or a part of a column.
pub(super) const fn indexes(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT i.name, i.\"unique\", 1 - i.partial, c.name \
             FROM pragma_index_list($1) AS i JOIN pragma_index_info(i.name) AS c \
             ORDER BY i.seq, c.seqno"
        }
        // One that was made by halves (CONCURRENTLY) is not valid; a deferrable one keeps its
        // promise too late for us.
        Dialect::Postgres => {
            "SELECT ic.relname::text, (i.indisunique AND i.indimmediate)::int::bigint, \
             (i.indisvalid AND i.indpred IS NULL AND am.amname = 'btree')::int::bigint, \
             a.attname::text \
             FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid \
             JOIN pg_catalog.pg_am am ON am.oid = ic.relam \
             CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS k(attnum, at) \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
             WHERE n.nspname = current_schema() AND c.relname = $1 AND k.at <= i.indnkeyatts \
             ORDER BY i.indexrelid, k.at"
        }
        Dialect::MySql => {
            "SELECT CAST(index_name AS CHAR), CAST(non_unique = 0 AS SIGNED), \
             CAST(index_type IN ('BTREE', 'HASH') AS SIGNED), \
             CAST(CASE WHEN sub_part IS NULL THEN column_name END AS CHAR) \
             FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = ? \
             ORDER BY index_name, seq_in_index"
        }
    }
}

/// A row if an index of that name cannot be made beside those of the table at hand.
pub(super) const fn index_name(dialect: Dialect) -> &'static str {
    match dialect {
        // One room of names for tables and indexes alike.
        Dialect::Sqlite => "SELECT 1 FROM sqlite_master WHERE name = $1 COLLATE NOCASE LIMIT 1",
        Dialect::Postgres => {
            "SELECT 1 FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relname = $1 LIMIT 1"
        }
        // An index's name is its table's own, so what the table has is asked elsewhere.
        Dialect::MySql => "SELECT 1 FROM (SELECT ? AS name) AS one WHERE 1 = 0",
    }
}

/// A row if something of the database's own runs before a row is inserted, and may fill it.
pub(super) const fn insert_trigger(dialect: Dialect) -> &'static str {
    match dialect {
        // SQLite's cannot change the new row.
        Dialect::Sqlite => "SELECT 1 FROM (SELECT $1 AS name) AS one WHERE 1 = 0",
        // ROW, BEFORE and INSERT.
        Dialect::Postgres => {
            "SELECT 1 FROM pg_catalog.pg_trigger t \
             JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = current_schema() AND c.relname = $1 \
             AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 7 = 7 LIMIT 1"
        }
        Dialect::MySql => {
            "SELECT 1 FROM information_schema.triggers \
             WHERE event_object_schema = DATABASE() AND event_object_table = ? \
             AND action_timing = 'BEFORE' AND event_manipulation = 'INSERT' LIMIT 1"
        }
    }
}
