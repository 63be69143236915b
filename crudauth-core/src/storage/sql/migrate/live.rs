//! What is there already.

use super::super::{Backend, Call, Dialect, rows};

/// A table as the database has it; without columns if there is none.
#[derive(Debug)]
pub(super) struct LiveTable {
    dialect: Dialect,
    columns: Vec<String>,
    indexes: Vec<String>,
}

impl LiveTable {
    pub(super) async fn read<DB: Backend>(
        connection: &mut DB::Connection,
        table: &str,
    ) -> Result<Self, sqlx::Error> {
        let (columns, indexes) = match DB::DIALECT {
            Dialect::Sqlite => {
                ("SELECT name FROM pragma_table_info($1)", "SELECT name FROM pragma_index_list($1)")
            }
            Dialect::Postgres => (
                "SELECT column_name::text FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = $1",
                "SELECT indexname::text FROM pg_indexes \
                 WHERE schemaname = current_schema() AND tablename = $1",
            ),
            Dialect::MySql => (
                "SELECT CAST(column_name AS CHAR) FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = ?",
                "SELECT DISTINCT CAST(index_name AS CHAR) FROM information_schema.statistics \
                 WHERE table_schema = DATABASE() AND table_name = ?",
            ),
        };
        Ok(Self {
            dialect: DB::DIALECT,
            columns: names::<DB>(connection, columns, table).await?,
            indexes: names::<DB>(connection, indexes, table).await?,
        })
    }

    pub(super) fn exists(&self) -> bool {
        !self.columns.is_empty()
    }

    pub(super) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| self.is_same(column, name))
    }

    pub(super) fn has_index(&self, name: &str) -> bool {
        self.indexes.iter().any(|index| self.is_same(index, name))
    }

    /// Whether a name in quotes means that one.
    fn is_same(&self, live: &str, name: &str) -> bool {
        match self.dialect {
            Dialect::Postgres => live == name,
            Dialect::Sqlite | Dialect::MySql => live.eq_ignore_ascii_case(name),
        }
    }
}

async fn names<DB: Backend>(
    connection: &mut DB::Connection,
    sql: &'static str,
    table: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let found = DB::fetch_all(connection, Call::new(sql).with(table.to_owned())).await?;
    found.iter().map(|row| rows::take::<DB, _>(row, 0)).collect()
}
