//! The one table of slices.

/// A slice that a mount can name. To add one is to add a line to [`SLICES`].
pub(super) struct Slice {
    /// The word.
    pub(super) word: &'static str,
    /// The marker in `crudauth::slice`.
    pub(super) marker: &'static str,
    /// The word that it does not work without.
    pub(super) needs: Option<&'static str>,
    /// Whether the builder has a place for its settings.
    pub(super) has_slot: bool,
    /// Whether a request can be proved by it.
    pub(super) proves: Proves,
}

/// By what a request can be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proves {
    /// It is no transport.
    Nothing,
    /// By a credential that is its owner themselves.
    People,
    /// By a credential that has scopes.
    Scoped,
}

/// All of them, in the order of the builder's places.
pub(super) const SLICES: &[Slice] = &[
    slice("session", "Session").proves(Proves::People),
    slice("bearer", "Bearer").proves(Proves::Scoped),
    slice("api_keys", "ApiKeys").proves(Proves::Scoped),
    slice("sessions", "Sessions").needs("session"),
    slice("tokens", "Tokens").needs("bearer"),
    slice("email", "Email").has_slot(),
    slice("recovery", "Recovery").has_slot(),
];

const fn slice(word: &'static str, marker: &'static str) -> Slice {
    Slice { word, marker, needs: None, has_slot: false, proves: Proves::Nothing }
}

impl Slice {
    const fn needs(self, word: &'static str) -> Self {
        Self { needs: Some(word), ..self }
    }

    const fn has_slot(self) -> Self {
        Self { has_slot: true, ..self }
    }

    const fn proves(self, proves: Proves) -> Self {
        Self { proves, ..self }
    }
}
