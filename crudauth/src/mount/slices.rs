//! The slices of a mount: their routes and their tables.

use std::fmt;
use std::sync::Arc;

use crudauth_core::migrate::Migrations;
use crudauth_core::model::AuthUser;
use crudauth_core::slices::DatabaseStores;
use crudauth_core::sql::{AuthRow, Backend, SqlStore, TableSpec};

use super::Path;

/// A slice: an argument of `#[crudauth::routes(..)]`, with its routes and tables.
pub trait Slice<U: AuthUser> {
    /// Its routes.
    fn paths() -> Vec<Path<U>>;

    /// The tables that it uses beside the user's.
    fn tables() -> &'static [&'static TableSpec] {
        &[]
    }
}

/// Slices with stores of their own, of which only those of the mounted slices are compiled.
#[doc(hidden)]
pub trait HasStores {
    /// Adds them to those of the mount.
    fn add<DB: Backend, U: AuthRow<DB>>(sql: &Arc<SqlStore<DB, U>>, stores: &mut DatabaseStores<U>);
}

impl HasStores for () {
    fn add<DB: Backend, U: AuthRow<DB>>(_: &Arc<SqlStore<DB, U>>, _: &mut DatabaseStores<U>) {}
}

impl<S: HasStores, Others: HasStores> HasStores for (S, Others) {
    fn add<DB: Backend, U: AuthRow<DB>>(
        sql: &Arc<SqlStore<DB, U>>,
        stores: &mut DatabaseStores<U>,
    ) {
        S::add(sql, stores);
        Others::add(sql, stores);
    }
}

/// The slices of a mount, added one by one.
pub struct Slices<U: AuthUser> {
    paths: Vec<Path<U>>,
    tables: Vec<&'static TableSpec>,
}

impl<U: AuthUser> Slices<U> {
    /// No slices.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "the start of a chain, not a default")]
    pub fn new() -> Self {
        Self { paths: Vec::new(), tables: Vec::new() }
    }

    /// Adds a slice. Slices may share paths and tables. A method of a shared path does the same in each.
    #[must_use]
    pub fn with<S: Slice<U>>(mut self) -> Self {
        for path in S::paths() {
            match self.paths.iter_mut().find(|known| known.path == path.path) {
                Some(known) => known.join(path),
                None => self.paths.push(path),
            }
        }
        for table in S::tables() {
            if !self.tables.contains(table) {
                self.tables.push(table);
            }
        }
        self
    }

    /// Leaves out tables that another store replaces.
    #[must_use]
    pub(crate) fn without_tables(mut self, replaced: &[&TableSpec]) -> Self {
        self.tables.retain(|table| !replaced.contains(table));
        self
    }

    /// The migrations of the account table and of these slices' tables.
    #[must_use]
    pub fn migrations(&self) -> Migrations<U> {
        Migrations::of(self.tables())
    }

    /// The tables that the slices use.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &'static TableSpec> {
        self.tables.iter().copied()
    }

    /// The paths of the slices.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &'static str> {
        self.paths.iter().map(|path| path.path)
    }

    /// Whether one of the slices has that path.
    pub(crate) fn has_path(&self, path: &str) -> bool {
        self.paths.iter().any(|known| known.path == path)
    }

    pub(crate) fn into_paths(self) -> Vec<Path<U>> {
        self.paths
    }
}

impl<U: AuthUser> fmt::Debug for Slices<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.paths).finish()
    }
}
