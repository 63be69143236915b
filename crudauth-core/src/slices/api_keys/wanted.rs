//! What a key is to be.

use std::time::Duration;

use crate::model::Scopes;

/// A key that is wanted; what is not said of it is nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WantedKey {
    /// What its owner calls it.
    pub name: String,
    /// What it is to be used for.
    pub scopes: Scopes,
    /// How long it is to work (default: as long as one may).
    pub lifetime: Option<Duration>,
}

impl WantedKey {
    /// A key of that name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), scopes: Scopes::default(), lifetime: None }
    }

    /// What it is to be used for.
    #[must_use]
    pub fn scopes(self, scopes: impl Into<Scopes>) -> Self {
        Self { scopes: scopes.into(), ..self }
    }

    /// How long it is to work.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime: Some(lifetime), ..self }
    }
}
