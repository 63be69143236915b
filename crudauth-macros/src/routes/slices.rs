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
}

/// All of them, in the order of the builder's places.
pub(super) const SLICES: &[Slice] = &[
    Slice { word: "session", marker: "Session", needs: None, has_slot: false },
    Slice { word: "sessions", marker: "Sessions", needs: Some("session"), has_slot: false },
    Slice { word: "email", marker: "Email", needs: None, has_slot: true },
    Slice { word: "recovery", marker: "Recovery", needs: None, has_slot: true },
];
