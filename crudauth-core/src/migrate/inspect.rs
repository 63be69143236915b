//! What an app asks before it serves: is everything there, how long may names be, which old hashes
//! are in use.

use std::collections::HashMap;

use sqlx::Pool;

use super::Migrations;
use super::compare::{Look, compare};
use super::live::LiveTable;
use super::plan::Plan;
use super::queries::{any_hash_like, any_unread_hash};
use crate::model::{AuthUser, IdentifierColumn, Shape};
use crate::sql::{AuthRow, Backend, Call, Stores};

/// A live database beside what the struct and the library need of it.
#[derive(Clone, Debug)]
pub struct Schema {
    plan: Plan,
    widths: HashMap<String, usize>,
}

impl Schema {
    /// What is missing, and what is in the way as far as the catalogue tells: no row was read.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How many characters the columns of the user's table take, by the names that the struct has
    /// for them: those for which the database, or what was declared on SQLite, sets a limit. An
    /// identifier has the smaller of two, where its compared form is kept beside it.
    #[must_use]
    pub fn widths(&self) -> &HashMap<String, usize> {
        &self.widths
    }
}

/// What hashes of other systems a table holds.
#[derive(Clone, Debug, Default)]
pub struct ForeignHashes {
    /// Those of the prefixes that one begins with.
    pub in_use: Vec<String>,
    /// Whether one begins with none of them.
    pub has_unread: bool,
}

fn widths(shape: &Shape, live: &LiveTable) -> HashMap<String, usize> {
    let width = |column: &str| live.column(column).and_then(|live| live.max_chars);
    let columns = shape.columns.iter().chain(shape.written).map(|&column| (column, width(column)));
    let smaller =
        |one: &IdentifierColumn| width(one.column).into_iter().chain(width(one.key)).min();
    let identifiers = shape.identifiers.iter().map(|one| (one.column, smaller(one)));
    let all = columns.chain(identifiers);
    all.filter_map(|(column, width)| Some((column.to_owned(), width?))).collect()
}

impl<U: AuthUser> Migrations<U> {
    /// Compares the catalogue of the database with what is needed. No table is read, so that an
    /// app can ask at every start: it takes two or three statements for each of the tables.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub async fn inspect<DB>(&self, pool: &Pool<DB>) -> Result<Schema, sqlx::Error>
    where
        DB: Backend + Stores<U::Id>,
        U: AuthRow<DB>,
    {
        let found = compare::<DB, U>(&mut *pool.acquire().await?, Look::Catalogue).await?;
        Ok(Schema { widths: widths(&U::SHAPE, &found.live), plan: found.into_plan() })
    }

    /// Those of `prefixes` that some account's hash begins with: which other formats are still in
    /// use, before the code that reads them is taken out.
    ///
    /// It costs a pass over the table if all hashes are the library's own; else one more for every
    /// prefix that no hash begins with.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub async fn hash_prefixes_in_use<DB>(
        &self,
        pool: &Pool<DB>,
        prefixes: &[&str],
    ) -> Result<Vec<String>, sqlx::Error>
    where
        DB: Backend,
    {
        Ok(self.foreign_hashes(pool, prefixes).await?.in_use)
    }

    /// The same, and whether there are hashes that begin with none of them and are not ours.
    ///
    /// # Errors
    /// If the database cannot be asked.
    #[doc(hidden)]
    pub async fn foreign_hashes<DB>(
        &self,
        pool: &Pool<DB>,
        prefixes: &[&str],
    ) -> Result<ForeignHashes, sqlx::Error>
    where
        DB: Backend,
    {
        let mut connection = pool.acquire().await?;
        // One pass where all hashes are ours, which is the rule.
        let foreign = Call::migration(any_unread_hash(DB::DIALECT, &U::SHAPE, 0)).once();
        if DB::fetch_optional(&mut connection, foreign).await?.is_none() {
            return Ok(ForeignHashes::default());
        }
        let mut unread =
            Call::migration(any_unread_hash(DB::DIALECT, &U::SHAPE, prefixes.len())).once();
        let mut in_use = Vec::new();
        for prefix in prefixes {
            let pattern = format!("{}%", escaped(prefix));
            unread = unread.with(pattern.clone());
            let call = Call::migration(any_hash_like(DB::DIALECT, &U::SHAPE)).once().with(pattern);
            if DB::fetch_optional(&mut connection, call).await?.is_some() {
                in_use.push((*prefix).to_owned());
            }
        }
        let has_unread = DB::fetch_optional(&mut connection, unread).await?.is_some();
        Ok(ForeignHashes { in_use, has_unread })
    }
}

/// A text as LIKE takes it for itself, with the escape that the statement names.
fn escaped(text: &str) -> String {
    let is_special = |c: char| matches!(c, '|' | '%' | '_');
    text.chars().flat_map(|c| is_special(c).then_some('|').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_stands_for_itself_alone() {
        assert_eq!(escaped("$2b$"), "$2b$");
        assert_eq!(escaped("pbkdf2_sha256$"), "pbkdf2|_sha256$");
        assert_eq!(escaped("100%|"), "100|%||");
    }
}
