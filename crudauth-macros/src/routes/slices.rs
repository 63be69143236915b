//! The list of slices.

/// A slice that a mount can name. A new slice is a new line in [`SLICES`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// The argument of `routes(..)`.
    pub(super) word: &'static str,
    /// The type in `crudauth::slice`.
    pub(super) marker: &'static str,
    /// The slices that it requires.
    pub(super) needs: &'static [&'static str],
    /// Whether the builder has a place for its settings.
    pub(super) has_slot: bool,
    /// The credentials that it accepts.
    pub(super) proves: Proves,
    /// Whether it has stores of its own. A mount that does not name the slice does not compile them.
    pub(super) has_stores: bool,
}

/// The credentials that a slice accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proves {
    /// None: the slice is not a transport.
    Nothing,
    /// Credentials of the owner, without scopes.
    People,
    /// Credentials with scopes.
    Scoped,
}

/// All slices, in the order of their places in the builder.
pub(super) const SLICES: &[Slice] = &[
    slice("session", "Session").proves(Proves::People),
    slice("bearer", "Bearer").proves(Proves::Scoped).has_stores(),
    slice("api_keys", "ApiKeys").proves(Proves::Scoped).has_stores(),
    slice("sessions", "Sessions").needs(&["session"]),
    slice("tokens", "Tokens").needs(&["bearer"]),
    slice("mfa", "Mfa").has_stores(),
    slice("passkeys", "Passkeys").needs(&["session"]).has_stores(),
    slice("sudo", "Sudo").needs(&["session"]),
    slice("account", "Account").has_stores(),
    slice("admin", "Admin"),
    slice("audit", "Audit"),
    slice("profile", "Profile"),
    slice("username", "Username").has_stores(),
    slice("tickets", "Tickets"),
    slice("bot_protection", "BotProtection"),
    slice("email", "Email").has_slot(),
    slice("recovery", "Recovery").has_slot(),
    slice("oauth", "OAuth").needs(&["session"]).has_slot().has_stores(),
    slice("email_login", "EmailLogin").needs(&["session", "email"]),
    slice("invitations", "Invitations").needs(&["email"]),
];

const fn slice(word: &'static str, marker: &'static str) -> Slice {
    Slice { word, marker, needs: &[], has_slot: false, proves: Proves::Nothing, has_stores: false }
}

impl Slice {
    const fn needs(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    const fn has_slot(self) -> Self {
        Self { has_slot: true, ..self }
    }

    const fn has_stores(self) -> Self {
        Self { has_stores: true, ..self }
    }

    const fn proves(self, proves: Proves) -> Self {
        Self { proves, ..self }
    }
}
