//! Checks at the start of an app: whether the schema is complete, the lengths of columns, and which
//! legacy password hashes are in use.

use std::collections::HashMap;

use sqlx::Pool;

use super::Migrations;
use super::compare::Depth;
use super::live::LiveTable;
use super::migrations::reading;
use super::plan::Plan;
use super::queries::{any_hash_like, any_unread_hash};
use crate::model::{AuthUser, Shape};
use crate::sql::{AuthRow, Backend, Call};

/// The result of comparing the live schema with the struct and the library.
#[derive(Clone, Debug)]
pub struct Schema {
    plan: Plan,
    widths: HashMap<String, usize>,
}

impl Schema {
    /// The missing parts, and the blockers that the catalog shows. No row was read.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Maximum lengths in characters, by column of the user's table. Columns without a limit are
    /// left out. SQLite's limits are the declared ones. The limit of an identifier that is kept in
    /// two columns is the smaller one.
    #[must_use]
    pub fn widths(&self) -> &HashMap<String, usize> {
        &self.widths
    }
}

/// The password hashes of other systems in a table.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ForeignHashes {
    /// The given prefixes that some hash starts with.
    pub in_use: Vec<String>,
    /// Whether some hash starts with none of them.
    pub has_unread: bool,
}

fn widths(shape: &Shape, live: &LiveTable) -> HashMap<String, usize> {
    let width = |column: &str| live.column(column).and_then(|live| live.max_chars);
    let mut widths = HashMap::new();
    for &column in shape.columns.iter().chain(shape.written) {
        widths.extend(width(column).map(|width| (column.to_owned(), width)));
    }
    for one in shape.identifiers {
        let smaller = width(one.column).into_iter().chain(width(one.key)).min();
        widths.extend(smaller.map(|width| (one.column.to_owned(), width)));
    }
    widths
}

impl<U: AuthUser> Migrations<U> {
    /// Compares the catalog of the database with the tables.
    ///
    /// It reads no rows, so an app can call it at every start: two or three statements per table.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn inspect<DB: Backend>(&self, pool: &Pool<DB>) -> Result<Schema, sqlx::Error>
    where
        U: AuthRow<DB>,
    {
        let diff = self.compare::<DB>(&mut *reading(pool).await?, Depth::Catalog).await?;
        Ok(Schema { widths: widths(&U::SHAPE, &diff.live), plan: diff.into_plan() })
    }

    /// Returns which of these prefixes some password hash starts with, and whether there are hashes
    /// that have neither one of them nor the library's format. Call it before you remove support for
    /// a legacy format.
    ///
    /// It reads the table once if all hashes are the library's own, and once more for every prefix
    /// that is not in use.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn foreign_hashes<DB: Backend>(
        &self,
        pool: &Pool<DB>,
        prefixes: &[&str],
    ) -> Result<ForeignHashes, sqlx::Error> {
        let mut connection = reading(pool).await?;
        // Usually all hashes are the library's own.
        let foreign = Call::migration(any_unread_hash(DB::DIALECT, &U::SHAPE, 0));
        if DB::fetch_optional(&mut connection, foreign).await?.is_none() {
            return Ok(ForeignHashes::default());
        }
        let mut unread = Call::migration(any_unread_hash(DB::DIALECT, &U::SHAPE, prefixes.len()));
        let mut in_use = Vec::new();
        for prefix in prefixes {
            let pattern = format!("{}%", escaped(prefix));
            unread = unread.with(pattern.clone());
            let call = Call::migration(any_hash_like(DB::DIALECT, &U::SHAPE)).with(pattern);
            if DB::fetch_optional(&mut connection, call).await?.is_some() {
                in_use.push((*prefix).to_owned());
            }
        }
        let has_unread = DB::fetch_optional(&mut connection, unread).await?.is_some();
        Ok(ForeignHashes { in_use, has_unread })
    }
}

/// A text that LIKE matches literally, with the escape character of the statement.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '|' | '%' | '_') {
            escaped.push('|');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_matches_only_itself() {
        assert_eq!(escaped("$2b$"), "$2b$");
        assert_eq!(escaped("pbkdf2_sha256$"), "pbkdf2|_sha256$");
        assert_eq!(escaped("100%|"), "100|%||");
    }
}
