//! Reads tables from the catalog of the database.

use super::catalog;
use super::live::{LiveColumn, LiveIndex, LiveTable, declared_length};
use crate::sql::rows::Columns;
use crate::sql::{Backend, Dialect};

impl LiveTable {
    /// Reads tables, the user's first.
    pub(super) async fn read<DB: Backend>(
        connection: &mut DB::Connection,
        names: &[&str],
        schema: Option<&'static str>,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut tables: Vec<_> =
            names.iter().map(|name| Self::missing(DB::DIALECT, name, schema)).collect();
        let about = |sql| catalog::about::<DB>(sql, names, schema);
        for row in DB::fetch_all(connection, about(catalog::tables(DB::DIALECT))).await? {
            with_table::<DB>(&mut tables, &row, Self::describe)?;
        }
        for row in DB::fetch_all(connection, about(catalog::columns(DB::DIALECT))).await? {
            with_table::<DB>(&mut tables, &row, Self::add_column)?;
        }
        tables.iter_mut().for_each(Self::settle_own_key);
        for row in DB::fetch_all(connection, about(catalog::indexes(DB::DIALECT))).await? {
            with_table::<DB>(&mut tables, &row, Self::add_index_column)?;
        }
        if let (Dialect::Postgres, Some(user)) = (DB::DIALECT, names.first()) {
            let call = about(catalog::MISSING_RIGHTS).with((*user).to_owned());
            for row in DB::fetch_all(connection, call).await? {
                with_table::<DB>(&mut tables, &row, |table, mut row| {
                    row.next().map(|statement| table.missing_rights.push(statement))
                })?;
            }
            for row in DB::fetch_all(connection, about(catalog::HIDDEN_ROWS)).await? {
                with_table::<DB>(&mut tables, &row, |table, mut row| {
                    row.next().map(|statement| table.hidden_rows.push(statement))
                })?;
            }
        }
        Ok(tables)
    }

    /// Takes a row of [`catalog::tables`].
    fn describe<DB: Backend>(&mut self, mut row: Columns<'_, DB>) -> Result<(), sqlx::Error> {
        self.kind = row.next()?;
        self.found_in = row.next()?;
        self.is_strict = row.next::<i64>()? != 0;
        self.resolved = row.next()?;
        self.engine = row.next()?;
        self.is_old_format = row.next::<i64>()? != 0;
        Ok(())
    }

    /// Takes a row of [`catalog::columns`].
    fn add_column<DB: Backend>(&mut self, mut row: Columns<'_, DB>) -> Result<(), sqlx::Error> {
        let (column, is_in_key) = LiveColumn::read(&mut row)?;
        if is_in_key {
            self.own_key().columns.push(Some(column.name.clone()));
        }
        self.columns.push(column);
        Ok(())
    }

    /// SQLite's primary key, which is no index if it is the row id.
    fn own_key(&mut self) -> &mut LiveIndex {
        if self.indexes.is_empty() {
            self.indexes.push(LiveIndex::new(String::new(), true, Vec::new()));
        }
        &mut self.indexes[0]
    }

    /// A row id is never NULL, though its column may look so.
    fn settle_own_key(&mut self) {
        let Some([Some(only)]) = self.indexes.first().map(|key| &*key.columns) else { return };
        if let Some(column) = self.columns.iter_mut().find(|column| column.name == *only) {
            column.is_nullable &= !column.is_auto;
        }
    }

    /// Takes a row of [`catalog::indexes`].
    fn add_index_column<DB: Backend>(
        &mut self,
        mut row: Columns<'_, DB>,
    ) -> Result<(), sqlx::Error> {
        let name: String = row.next()?;
        let is_unique = row.next::<i64>()? != 0;
        let is_ordered = row.next::<i64>()? != 0;
        let column: Option<String> = row.next()?;
        let condition = row.next()?;
        let is_coarse = row.next::<i64>()? != 0;
        match self.indexes.last_mut() {
            Some(last) if last.name == name => {
                last.columns.push(column);
                last.is_coarse |= is_coarse;
            }
            _ => self.indexes.push(LiveIndex {
                is_ordered,
                condition,
                is_coarse,
                ..LiveIndex::new(name, is_unique, vec![column])
            }),
        }
        Ok(())
    }
}

impl LiveColumn {
    /// A column, and whether it is part of SQLite's primary key.
    fn read<DB: Backend>(row: &mut Columns<'_, DB>) -> Result<(Self, bool), sqlx::Error> {
        let name = row.next()?;
        let sql_type: String = row.next()?;
        let is_nullable = row.next::<i64>()? == 0;
        let default = row.next()?;
        let is_auto = row.next::<i64>()? != 0;
        let is_generated = row.next::<i64>()? != 0;
        let max_chars = row.next().map(as_length)?;
        let is_touched = row.next::<i64>()? != 0;
        let is_in_key = row.next::<i64>()? > 0;
        let column = Self {
            name,
            max_chars: match DB::DIALECT {
                Dialect::Sqlite => declared_length(&sql_type),
                Dialect::Postgres | Dialect::MySql => max_chars,
            },
            sql_type,
            is_nullable,
            default,
            is_auto,
            is_generated,
            is_touched,
            collation: row.next()?,
            base: row.next()?,
            category: row.next()?,
            is_own_type: row.next::<i64>()? != 0,
            max_bytes: row.next().map(as_length)?,
        };
        Ok((column, is_in_key))
    }
}

/// Gives the rest of a row to the table that it names.
fn with_table<DB: Backend>(
    tables: &mut [LiveTable],
    row: &DB::Row,
    take: impl FnOnce(&mut LiveTable, Columns<'_, DB>) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    let mut row = Columns::new(row, 0);
    let name: String = row.next()?;
    // MySQL may return the name in other case. The names are distinct without it.
    match tables.iter_mut().find(|table| table.name.eq_ignore_ascii_case(&name)) {
        Some(table) => take(table, row),
        None => Ok(()),
    }
}

fn as_length(number: Option<i64>) -> Option<usize> {
    usize::try_from(number?).ok()
}
