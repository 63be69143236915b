//! The paths of a mount, slice by slice.

use std::fmt;

use crudauth_core::model::AuthUser;

use super::Path;

/// A slice: a word in `#[crudauth::routes(..)]`, and the routes that it mounts.
pub trait Slice<U: AuthUser> {
    /// Its routes.
    fn paths() -> Vec<Path<U>>;
}

/// The paths of a mount, collected slice by slice.
pub struct Paths<U: AuthUser>(Vec<Path<U>>);

impl<U: AuthUser> Paths<U> {
    /// None.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it is where a chain begins, not a default")]
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a slice's. A path that two slices have does the same for both.
    #[must_use]
    pub fn with<S: Slice<U>>(mut self) -> Self {
        for path in S::paths() {
            if self.0.iter().all(|known| known.path != path.path) {
                self.0.push(path);
            }
        }
        self
    }

    pub(crate) fn into_paths(self) -> Vec<Path<U>> {
        self.0
    }
}

impl<U: AuthUser> fmt::Debug for Paths<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}
