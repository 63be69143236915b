//! What happens to accounts, reported in one place.
//!
//! A flow creates an [`Event`] and hands it to [`Kit::emit`](crate::kit::Kit) after its effect. From
//! there it goes to the log and to the [subscribers](EventSubscriber) of the app.

mod kind;
mod queues;
mod subscriber;
pub mod trail;

pub use kind::EventKind;
pub use subscriber::{EventSubscriber, Events};

use std::fmt::Display;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tracing::{info, warn};

use crate::model::{Account, AuthUser, ClientAddress, ClientInfo};

/// Something that happened to an account: the account, who did it, by which client and credential,
/// and when. It holds no secret and no name of a person.
///
/// Serialized, it is an object with these fields and its [`VERSION`](Self::VERSION).
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    version: u8,
    kind: EventKind,
    at: DateTime<Utc>,
    account: Option<String>,
    actor: Option<String>,
    client: Option<ClientAddress>,
    user_agent: Option<String>,
    credential: Option<String>,
    count: Option<u64>,
    ends_at: Option<DateTime<Utc>>,
    /// Whether the transaction of its effect has kept it.
    #[serde(skip)]
    is_recorded: bool,
}

impl Event {
    /// Version of the serialized form. Fields and kinds that are added do not change it.
    pub const VERSION: u8 = 1;

    /// An event of the client that the current task works for.
    pub(crate) fn new(kind: EventKind, at: DateTime<Utc>) -> Self {
        let client = ClientInfo::current();
        Self {
            version: Self::VERSION,
            kind,
            at,
            account: None,
            actor: None,
            client: client.address,
            user_agent: client.stored_user_agent(),
            credential: None,
            count: None,
            ends_at: None,
            is_recorded: false,
        }
    }

    /// Sets the account.
    #[must_use]
    pub(crate) fn account<U: AuthUser>(self, account: &Account<U>) -> Self {
        self.account_id(account.user.id())
    }

    /// Sets the account by its key.
    #[must_use]
    pub(crate) fn account_id(self, id: &impl Display) -> Self {
        Self { account: Some(id.to_string()), ..self }
    }

    /// Sets the administrator who acts on the account.
    #[must_use]
    pub(crate) fn actor<U: AuthUser>(self, actor: &Account<U>) -> Self {
        Self { actor: Some(actor.user.id().to_string()), ..self }
    }

    /// Sets the administrator by the key of the account, if there is one.
    #[must_use]
    pub(crate) fn actor_of_key(self, key: Option<&str>) -> Self {
        Self { actor: key.map(str::to_owned), ..self }
    }

    /// Sets the account, the administrator and the credential of another event.
    #[must_use]
    pub(crate) fn like(self, other: &Self) -> Self {
        let Self { account, actor, credential, .. } = other.clone();
        Self { account, actor, credential, ..self }
    }

    /// Sets the client.
    #[must_use]
    pub(crate) fn client(self, client: &ClientInfo) -> Self {
        Self { client: client.address, user_agent: client.stored_user_agent(), ..self }
    }

    /// Sets the public id of the credential.
    #[must_use]
    pub(crate) fn credential(self, handle: &impl Display) -> Self {
        Self { credential: Some(handle.to_string()), ..self }
    }

    /// Sets how many things were affected.
    #[must_use]
    pub(crate) fn count(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Sets the latest end of the impersonation that this event begins.
    #[must_use]
    pub(crate) fn ending_at(self, at: DateTime<Utc>) -> Self {
        Self { ends_at: Some(at), ..self }
    }

    /// Marks it as kept in the transaction of its effect.
    #[must_use]
    pub(crate) fn recorded(self, is_recorded: bool) -> Self {
        Self { is_recorded, ..self }
    }

    /// Whether the transaction of its effect has kept it.
    pub(crate) const fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    /// Whether it affected anything.
    pub(crate) fn has_effect(&self) -> bool {
        self.count != Some(0)
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        self.kind
    }

    /// When it happened, by the clock of the mount.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Key of the account as text; `None` if the request named no account.
    #[must_use]
    pub fn account_key(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// Key of the administrator who did it; `None` if the owner, a stranger or the application did.
    #[must_use]
    pub fn actor_key(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// Address of the client; `None` for a plain call outside of a request.
    #[must_use]
    pub const fn client_address(&self) -> Option<ClientAddress> {
        self.client
    }

    /// User agent of the client, at most 512 characters.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// Public id of the credential that the event is about: a session, a token family, an API key or
    /// a passkey. It opens nothing.
    #[must_use]
    pub fn credential_id(&self) -> Option<&str> {
        self.credential.as_deref()
    }

    /// How many things were affected, where that is known.
    #[must_use]
    pub const fn affected(&self) -> Option<u64> {
        self.count
    }

    /// The latest end of the impersonation that this event begins; `None` for all other events.
    #[must_use]
    pub const fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.ends_at
    }

    pub(crate) fn log(&self) {
        let Self { kind, count, .. } = self;
        let account = self.account.as_deref().unwrap_or("unknown");
        let actor = self.actor.as_deref();
        let credential = self.credential.as_deref();
        let client = self.client.map(|client| client.to_string());
        let client = client.as_deref();
        let sentence = kind.sentence();
        if kind.is_warning() {
            warn!(account, actor, client, credential, count, "{sentence}");
        } else {
            info!(account, actor, client, credential, count, "{sentence}");
        }
    }
}
