//! The foreign keys by which other tables refer to accounts, from the catalog of the database.

use crate::sql::rows::Columns;
use crate::sql::{Backend, Dialect};

/// A column of another table that refers to accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reference {
    /// Name of the table.
    pub table: String,
    /// Name of the column, the first one of a key over several.
    pub column: String,
    /// The rule of the database for these rows when their account is deleted.
    pub on_delete: OnDelete,
}

/// The rule of a database for rows that refer to a deleted account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// It refuses to delete the account: a hook of the app is to handle these rows before.
    Refuse,
    /// It deletes them.
    Delete,
    /// It takes the reference out of them.
    Clear,
}

/// The query that finds them; it binds `:table`.
pub(super) const fn query(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT m.name, f.`from`, f.on_delete FROM sqlite_master AS m \
             JOIN pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table' AND f.seq = 0 \
             AND LOWER(f.`table`) = LOWER(:table) ORDER BY 1, 2"
        }
        Dialect::Postgres => {
            "SELECT CAST(CAST(k.conrelid AS regclass) AS TEXT), CAST(a.attname AS TEXT), \
             CAST(k.confdeltype AS TEXT) FROM pg_constraint AS k JOIN pg_attribute AS a \
             ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] \
             WHERE k.contype = 'f' AND k.confrelid = to_regclass(:table) ORDER BY 1, 2"
        }
        // Without both schemas the server opens every table of every database: half a minute for a few
        // hundred of them.
        Dialect::MySql => {
            "SELECT CAST(k.TABLE_NAME AS CHAR), CAST(k.COLUMN_NAME AS CHAR), \
             CAST(r.DELETE_RULE AS CHAR) FROM information_schema.KEY_COLUMN_USAGE AS k \
             JOIN information_schema.REFERENTIAL_CONSTRAINTS AS r \
             ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.TABLE_NAME = k.TABLE_NAME \
             AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME WHERE k.ORDINAL_POSITION = 1 AND \
             k.TABLE_SCHEMA = DATABASE() AND r.CONSTRAINT_SCHEMA = DATABASE() AND \
             k.REFERENCED_TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_NAME = :table \
             ORDER BY 1, 2"
        }
    }
}

pub(super) fn read<DB: Backend>(row: &DB::Row) -> Result<Reference, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let (table, column) = (columns.next()?, columns.next()?);
    let rule: String = columns.next()?;
    let on_delete = match &*rule.to_ascii_uppercase() {
        "C" | "CASCADE" => OnDelete::Delete,
        "N" | "D" | "SET NULL" | "SET DEFAULT" => OnDelete::Clear,
        _ => OnDelete::Refuse,
    };
    Ok(Reference { table, column, on_delete })
}
