//! An API key that a caller wants.

use std::time::Duration;

use crate::model::Scopes;

/// An API key to be created. By default it has no scopes and works as long as a key may.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewApiKey {
    /// Name for lists, 1 to 64 characters.
    pub name: String,
    /// Requested scopes.
    pub scopes: Scopes,
    /// Lifetime (default: the longest that is allowed).
    pub lifetime: Option<Duration>,
}

impl NewApiKey {
    /// A key of that name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), scopes: Scopes::default(), lifetime: None }
    }

    /// Requests scopes.
    #[must_use]
    pub fn scopes(self, scopes: impl Into<Scopes>) -> Self {
        Self { scopes: scopes.into(), ..self }
    }

    /// Sets the lifetime.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime: Some(lifetime), ..self }
    }
}
