//! Counts the password hashes of other systems in a table, by their prefixes.
//!
//! Each statement searches for one hash of a kind that is not known yet, and stops there. Its prefix
//! is excluded from the next statement. So only the last one reads the whole table, once, and no
//! hash but the first of each kind leaves the database. Hashes that no format verifies are then
//! counted by one more statement. Called when an app starts.

use sqlx::Pool;

use super::Migrations;
use super::migrations::reading;
use super::queries::parameter;
use crate::model::{AuthUser, Shape};
use crate::password::argon2_head;
use crate::sql::{Backend, Call, Dialect, rows};

/// Beginning of a hash with the default settings. Usually all hashes have it.
const OWN: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// Names that systems put before a hash without a mark, in lower case.
const NAMES: [&str; 12] = [
    "argon2$",
    "bcrypt$",
    "bcrypt_sha256$",
    "crypt$",
    "md5$",
    "pbkdf2:",
    "pbkdf2_sha1$",
    "pbkdf2_sha256$",
    "scrypt$",
    "scrypt:",
    "sha1$",
    "sha256$",
];

/// Maximum number of kinds, so that a column with other contents costs a bounded number of
/// statements.
const MAX_KINDS: usize = 32;

/// Number of rows of a table that is read in some tens of milliseconds.
const SMALL: usize = 200_000;

/// Maximum length of a prefix, in characters.
const MAX_PREFIX: usize = 32;

/// The password hashes of other systems in a table.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ForeignHashes {
    /// The given prefixes that some hash starts with.
    pub in_use: Vec<String>,
    /// The hashes that cannot be verified: they have none of these prefixes, or are argon2 hashes
    /// above the limits of memory and work.
    pub unread: Vec<UnreadHashes>,
}

/// Password hashes with one prefix that cannot be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadHashes {
    /// The prefix, such as `$1$` or `{MD5}`; for argon2 also its parameters. Empty for all hashes
    /// without a known form of prefix. It contains no part of a salt or hash.
    pub prefix: String,
    /// Number of hashes.
    pub count: u64,
}

/// Hashes that begin in the same way.
struct Kind {
    /// What they begin with, in statements.
    beginning: String,
    /// What they are called in the log.
    prefix: String,
    is_read: bool,
}

/// The kinds that are known so far.
struct Kinds<'a> {
    hash: String,
    table: String,
    dialect: Dialect,
    prefixes: &'a [&'a str],
    found: Vec<Kind>,
    /// Whether there are hashes without a prefix.
    has_bare: bool,
}

impl<U: AuthUser> Migrations<U> {
    /// Returns which of these prefixes some password hash starts with, and counts the hashes that
    /// cannot be verified. Call it before you remove support for a legacy format.
    ///
    /// The prefix `""` stands for all hashes that have no other one. The table is read once, and
    /// once more if there are hashes to count.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn foreign_hashes<DB: Backend>(
        &self,
        pool: &Pool<DB>,
        prefixes: &[&str],
    ) -> Result<ForeignHashes, sqlx::Error> {
        find_hashes(pool, &U::SHAPE, prefixes, &mut |_| {}).await
    }

    /// Whether the table is [large](is_large).
    ///
    /// # Errors
    /// If the database cannot be read.
    #[doc(hidden)]
    pub async fn is_large<DB: Backend>(&self, pool: &Pool<DB>) -> Result<bool, sqlx::Error> {
        is_large(pool, &U::SHAPE).await
    }
}

/// Returns `true` if the table has so many rows that an app should not wait for [`find_hashes`] when it
/// starts: more than 200,000.
///
/// # Errors
/// If the database cannot be read.
pub async fn is_large<DB: Backend>(pool: &Pool<DB>, shape: &Shape) -> Result<bool, sqlx::Error> {
    let table = DB::DIALECT.qualified(shape.schema, shape.table);
    let last = format!("SELECT 1 FROM {table} LIMIT 1 OFFSET {SMALL}");
    let mut connection = reading(pool).await?;
    let found = DB::fetch_optional(&mut connection, Call::migration(last)).await?;
    Ok(found.is_some())
}

/// As [`Migrations::foreign_hashes`], and calls `on_use` with each prefix as soon as it is found.
///
/// # Errors
/// If the database cannot be read.
pub async fn find_hashes<DB: Backend>(
    pool: &Pool<DB>,
    shape: &Shape,
    prefixes: &[&str],
    on_use: &mut (dyn FnMut(&str) + Send),
) -> Result<ForeignHashes, sqlx::Error> {
    let mut connection = reading(pool).await?;
    let mut kinds = Kinds::new(DB::DIALECT, shape, prefixes);
    let mut in_use = Vec::new();
    while kinds.found.len() < MAX_KINDS {
        let call = bound(kinds.next_statement(), kinds.patterns());
        let Some(row) = DB::fetch_optional(&mut connection, call).await? else { break };
        let stored = rows::take::<DB, String>(&row, 0)?;
        for prefix in kinds.add(&stored) {
            if !in_use.iter().any(|known| known == prefix) {
                on_use(prefix);
                in_use.push(prefix.to_owned());
            }
        }
    }
    in_use.sort_by_key(|used| prefixes.iter().position(|prefix| prefix == used));
    let unread =
        if kinds.has_unread() { kinds.count::<DB>(&mut connection).await? } else { Vec::new() };
    Ok(ForeignHashes { in_use, unread })
}

fn bound<DB: Backend>(sql: String, patterns: Vec<String>) -> Call<DB> {
    patterns.into_iter().fold(Call::migration(sql), Call::with)
}

impl<'a> Kinds<'a> {
    fn new(dialect: Dialect, shape: &Shape, prefixes: &'a [&'a str]) -> Self {
        let hash = dialect.quoted(shape.companion.hash);
        let table = dialect.qualified(shape.schema, shape.table);
        let own = Kind { beginning: OWN.to_owned(), prefix: OWN.to_owned(), is_read: true };
        Self { hash, table, dialect, prefixes, found: vec![own], has_bare: false }
    }

    /// Adds the kind of a hash. Returns the given prefixes that it shows to be in use.
    fn add(&mut self, stored: &str) -> Vec<&'a str> {
        if let Some((head, is_read)) = argon2_head(stored) {
            self.push(head, head, is_read);
            return Vec::new();
        }
        if stored.starts_with("$argon2") {
            self.push(beginning(stored), "$argon2", false);
            return Vec::new();
        }
        let named = self.prefixes.iter().copied().filter(|one| !one.is_empty());
        let mut in_use: Vec<_> = named.filter(|one| stored.starts_with(one)).collect();
        if in_use.is_empty() {
            in_use.extend(self.prefixes.iter().filter(|one| one.is_empty()));
        }
        let is_read = !in_use.is_empty();
        let known = in_use.iter().copied().max_by_key(|one| one.len()).unwrap_or_default();
        match prefix_of(stored) {
            // Of two beginnings the longer one excludes fewer hashes of other kinds.
            Some(prefix) if prefix.len() >= known.len() => self.push(prefix, prefix, is_read),
            _ if !known.is_empty() => self.push(known, known, is_read),
            _ if stored.starts_with(['$', '{']) => self.push(beginning(stored), "", is_read),
            _ => {
                // If it is found again, the database compares in another way than this function.
                let is_new = !std::mem::replace(&mut self.has_bare, true);
                let beginning = if is_new { "" } else { beginning(stored) };
                self.push(beginning, "", is_read);
            }
        }
        in_use
    }

    fn push(&mut self, beginning: &str, prefix: &str, is_read: bool) {
        let beginning = beginning.to_owned();
        self.found.push(Kind { beginning, prefix: prefix.to_owned(), is_read });
    }

    /// The kinds that are counted each.
    fn unread(&self) -> impl Iterator<Item = &Kind> {
        self.found.iter().filter(|kind| !kind.is_read && !kind.prefix.is_empty())
    }

    fn has_unread(&self) -> bool {
        self.found.iter().any(|kind| !kind.is_read)
    }

    /// The kinds that are known, in statements.
    fn beginnings(&self) -> impl Iterator<Item = &str> {
        self.found.iter().map(|kind| &*kind.beginning).filter(|beginning| !beginning.is_empty())
    }

    /// The given prefixes, except the one for all other hashes.
    fn given(&self) -> impl Iterator<Item = &str> {
        self.prefixes.iter().copied().filter(|prefix| !prefix.is_empty())
    }

    /// The patterns of [`next_statement`](Self::next_statement).
    fn patterns(&self) -> Vec<String> {
        let given = self.has_bare.then(|| self.given()).into_iter().flatten();
        self.beginnings().chain(given).map(pattern).collect()
    }

    /// Selects a hash of an unknown kind.
    fn next_statement(&self) -> String {
        let Self { hash, table, .. } = self;
        let known = self.beginnings().count();
        let excluded = self.excluded(1, known);
        let prefixed = if self.has_bare { self.prefixed(known + 1) } else { String::new() };
        format!(
            "SELECT SUBSTR({hash}, 1, 96) FROM {table} WHERE {hash} <> ''{excluded}{prefixed} \
             AND {hash} NOT LIKE '!%' LIMIT 1"
        )
    }

    /// Counts the hashes that cannot be verified.
    async fn count<DB: Backend>(
        &self,
        connection: &mut DB::Connection,
    ) -> Result<Vec<UnreadHashes>, sqlx::Error> {
        let call = bound(self.count_statement(), self.count_patterns());
        let Some(row) = DB::fetch_optional(connection, call).await? else { return Ok(Vec::new()) };
        let mut rest = rows::take::<DB, i64>(&row, 0)?.unsigned_abs();
        let mut unread: Vec<UnreadHashes> = Vec::new();
        for (at, kind) in self.unread().enumerate() {
            let count = rows::take::<DB, i64>(&row, at + 1)?.unsigned_abs();
            rest = rest.saturating_sub(count);
            match unread.iter_mut().find(|one| one.prefix == kind.prefix) {
                Some(one) => one.count += count,
                None => unread.push(UnreadHashes { prefix: kind.prefix.clone(), count }),
            }
        }
        // A format for all hashes without a prefix reads the rest.
        if !self.prefixes.contains(&"") {
            unread.push(UnreadHashes { prefix: String::new(), count: rest });
        }
        unread.retain(|one| one.count > 0);
        Ok(unread)
    }

    /// The patterns of [`count_statement`](Self::count_statement): kinds that are counted, then those
    /// that are not.
    fn count_patterns(&self) -> Vec<String> {
        let unread = self.unread().map(|kind| &*kind.beginning);
        let read = self.found.iter().filter(|kind| kind.is_read && !kind.beginning.is_empty());
        let read = read.map(|kind| &*kind.beginning);
        unread.chain(read).chain(self.given()).map(pattern).collect()
    }

    /// Counts the hashes that cannot be verified: all of them, and those of each kind.
    fn count_statement(&self) -> String {
        let Self { hash, table, dialect, .. } = self;
        let kinds = self.unread().count();
        let counts: String = (1..=kinds)
            .map(|number| {
                let pattern = parameter(*dialect, number);
                format!(", COUNT(CASE WHEN {hash} LIKE {pattern} ESCAPE '|' THEN 1 END)")
            })
            .collect();
        let read = self.excluded(kinds + 1, self.count_patterns().len());
        format!(
            "SELECT COUNT(*){counts} FROM {table} WHERE {hash} <> ''{read} AND {hash} NOT LIKE '!%'"
        )
    }

    /// Excludes the hashes that match the parameters from `first` to `last`.
    fn excluded(&self, first: usize, last: usize) -> String {
        let hash = &self.hash;
        let one = |number| parameter(self.dialect, number);
        (first..=last).map(|at| format!(" AND {hash} NOT LIKE {} ESCAPE '|'", one(at))).collect()
    }

    /// Excludes the hashes without a prefix. The given prefixes are the parameters from `first`.
    fn prefixed(&self, first: usize) -> String {
        let hash = &self.hash;
        let one = |number| parameter(self.dialect, number);
        let like = |one: String| format!(" OR {hash} LIKE {one} ESCAPE '|'");
        let given: String = (first..first + self.given().count()).map(one).map(like).collect();
        let names = NAMES.into_iter().map(|name| format!("'{}'", pattern(name)));
        let names: String = names.map(like).collect();
        // A `$` is in all hashes with one of the names, and its search spares theirs for most others.
        format!(
            " AND ({hash} LIKE '{{%'{given} OR ({hash} LIKE '%$%' AND ({hash} LIKE '$%'{names})))"
        )
    }
}

/// Returns the mark at the beginning of a hash: `$..$`, `{..}`, or one of the names above.
fn prefix_of(stored: &str) -> Option<&str> {
    let close = match stored.bytes().next()? {
        b'$' => '$',
        b'{' => '}',
        _ => {
            let lower = stored.to_ascii_lowercase();
            let name = NAMES.iter().find(|name| lower.starts_with(**name))?;
            return stored.get(..name.len());
        }
    };
    let end = 1 + stored.get(1..)?.find(close)?;
    let is_name = end < MAX_PREFIX && stored.get(1..end)?.chars().all(is_name_character);
    if is_name { stored.get(..=end) } else { None }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')
}

/// The beginning of a hash that has no prefix of a known form, which excludes at least this hash.
fn beginning(stored: &str) -> &str {
    stored.char_indices().nth(64).and_then(|(end, _)| stored.get(..end)).unwrap_or(stored)
}

/// A pattern of LIKE for texts with this beginning, with the escape character of the statements.
fn pattern(beginning: &str) -> String {
    let mut pattern = String::with_capacity(beginning.len() + 1);
    for character in beginning.chars() {
        if matches!(character, '|' | '%' | '_') {
            pattern.push('|');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
#[path = "hashes_tests.rs"]
mod tests;
