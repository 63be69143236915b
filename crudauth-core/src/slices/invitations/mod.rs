//! Invitations: a mailed one-time link, bound to an address, that adds one account regardless of the
//! [`SignUpPolicy`](crate::SignUpPolicy).
//!
//! An address has at most one invitation; a new one replaces it. The invitation is consumed in the
//! transaction that adds the account, by every way of sign-up: by the link, or by a provider or a mail
//! that proves the address. Inviting reveals nothing about accounts.

mod config;
mod error;
mod invite;
mod sql;
pub mod store;

use std::collections::HashMap;
use std::sync::Arc;

pub use config::InvitationConfig;
pub use error::InviteError;
pub use sql::TABLE;
pub use store::Invitation;
use store::InvitationStore;

use crate::guard::Action;
use crate::kit::Kit;
use crate::model::AuthUser;
use crate::notify::Notifier;

/// Invitations, by address: 5 an hour by default. The window is at most the lifetime of the link.
pub const INVITE: Action = Action::per_hour("invite", 5);

/// Invites people. Clones share everything.
pub struct Invitations<U: AuthUser>(Arc<Inner<U>>);

struct Inner<U: AuthUser> {
    kit: Kit<U>,
    notifier: Notifier,
    store: Arc<dyn InvitationStore>,
    config: InvitationConfig,
    /// The longest text of each column of the live table.
    widths: HashMap<String, usize>,
}

impl<U: AuthUser> Invitations<U> {
    /// Creates the slice; `None` for a mount that sends no messages.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        store: Arc<dyn InvitationStore>,
        config: InvitationConfig,
        widths: HashMap<String, usize>,
    ) -> Option<Self> {
        let notifier = kit.notifier.clone()?;
        Some(Self(Arc::new(Inner { kit, notifier, store, config, widths })))
    }
}

impl<U: AuthUser> Clone for Invitations<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> std::fmt::Debug for Invitations<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitations").field("config", &self.0.config).finish_non_exhaustive()
    }
}
