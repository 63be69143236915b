//! What happens to accounts, reported in one place.

use std::fmt::Display;

use tracing::{info, warn};

use crate::model::{Account, AuthUser, ClientAddress};

/// An outcome of a flow, with the account, the credential and the client. It holds no secret.
///
/// Slices name their events; see [`Kit`](crate::kit::Kit).
#[derive(Clone, Debug)]
pub struct Event {
    name: &'static str,
    account: Option<String>,
    actor: Option<String>,
    client: Option<ClientAddress>,
    credential: Option<String>,
    count: Option<u64>,
    is_warning: bool,
}

impl Event {
    /// An event of this name, in lower case and past tense: `password changed`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            account: None,
            actor: None,
            client: None,
            credential: None,
            count: None,
            is_warning: false,
        }
    }

    /// An event that an administrator should see: an attack or a mistake of configuration.
    #[must_use]
    pub fn warning(name: &'static str) -> Self {
        Self { is_warning: true, ..Self::new(name) }
    }

    /// Sets the account.
    #[must_use]
    pub fn account<U: AuthUser>(self, account: &Account<U>) -> Self {
        self.account_id(account.user.id())
    }

    /// Sets the account by its key.
    #[must_use]
    pub fn account_id(self, id: &impl Display) -> Self {
        Self { account: Some(id.to_string()), ..self }
    }

    /// Sets the administrator who acts on the account.
    #[must_use]
    pub fn actor<U: AuthUser>(self, actor: &Account<U>) -> Self {
        Self { actor: Some(actor.user.id().to_string()), ..self }
    }

    /// Sets the address of the client.
    #[must_use]
    pub fn client(self, client: Option<ClientAddress>) -> Self {
        Self { client, ..self }
    }

    /// Sets the public id of the credential.
    #[must_use]
    pub fn credential(self, handle: &impl Display) -> Self {
        Self { credential: Some(handle.to_string()), ..self }
    }

    /// Sets how many things were affected.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Whether it affected anything.
    pub(crate) fn has_effect(&self) -> bool {
        self.count != Some(0)
    }

    pub(crate) fn log(&self) {
        let Self { name, count, .. } = self;
        let account = self.account.as_deref().unwrap_or("unknown");
        let actor = self.actor.as_deref();
        let credential = self.credential.as_deref();
        let client = self.client.map(|client| client.to_string());
        let client = client.as_deref();
        if self.is_warning {
            warn!(account, actor, client, credential, count, "{name}");
        } else {
            info!(account, actor, client, credential, count, "{name}");
        }
    }
}
