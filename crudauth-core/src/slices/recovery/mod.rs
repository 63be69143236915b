//! Recovery: proving an address or a number, choosing a new password, moving to another address.
//!
//! Each is a pair: a request that sends a token, and a confirmation that uses it up. A request
//! answers before anything is looked up, so its answer and its time are the same for everybody;
//! what it asks for is done from the [`Outbox`]. A confirmation consumes the token in the
//! transaction of its effect, and signs nobody in.

mod config;
mod confirm;
mod request;
mod sql;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
pub use config::{EmailConfig, InvalidUrl, RecoveryConfig};
pub use confirm::{ConfirmError, Confirmed};
pub use request::ChangeError;
pub use sql::TABLE;
use tracing::{error, info};

use crate::guard::Lockout;
use crate::guard::{Action, Subject, Throttle};
use crate::model::{Account, AuthUser, Contact, Destination, EmailAddress, KeyRing, Token};
use crate::notify::{Delivery, MessageKind, Outbox};
use crate::password::{HashingPool, PasswordPolicy};
use crate::ports::{AccountStore, Clock, Entropy, NewToken, Purpose, StoreError};

/// Recovers accounts. Clones share everything.
pub struct Recovery<U: AuthUser>(Arc<Parts<U>>);

/// What the slice is wired with.
pub struct Parts<U: AuthUser> {
    /// Accounts and one-time tokens.
    pub accounts: Arc<dyn AccountStore<U>>,
    /// Hashes new passwords.
    pub hashing: HashingPool,
    /// Judges them.
    pub policy: PasswordPolicy,
    /// Counts what is sent to one address or number.
    pub throttle: Throttle,
    /// Lifted by a reset: whoever proved control of it need not wait.
    pub lockout: Lockout,
    /// Over what messages go out, and how long tokens work.
    pub config: RecoveryConfig,
    /// What is done after the answer.
    pub outbox: Outbox,
    /// Keys of the tokens' digests.
    pub keys: KeyRing,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl<U: AuthUser> Clone for Recovery<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> Recovery<U> {
    /// Wires the slice.
    #[must_use]
    #[doc(hidden)]
    pub fn new(parts: Parts<U>) -> Self {
        Self(Arc::new(parts))
    }

    /// Asks a new account to prove what recovers it. Returns at once.
    pub(crate) fn welcome(&self, id: U::Id, contact: Contact, epoch: i64) {
        let recovery = self.clone();
        self.0.outbox.enqueue("verification", async move {
            let target = Subject::Target(contact.as_str());
            if !recovery.0.throttle.allows(Action::EmailVerifyRequest, target).await {
                info!(account = %id, "no verification: too many for one address");
            } else {
                let holder =
                    Holder { id, version: 0, epoch, bound_to: contact.as_str().to_owned() };
                recovery.issue(Purpose::Verify, holder, contact, None, None).await;
            }
        });
    }

    /// Tells the owner of an address or a number that somebody tried to sign up with it. It is
    /// counted before this returns: a sign-up with a free one has just written to the database as
    /// well.
    pub(crate) async fn tell_owner(&self, contact: Contact) {
        let target = Subject::Target(contact.as_str());
        if self.0.throttle.allows(Action::ExistingAccountNotice, target).await {
            self.notify(MessageKind::ExistingAccount, contact);
        }
    }

    /// Tells the owner that an API key was made. Counted as well where nobody has proved the address:
    /// it may be a stranger's.
    pub(crate) async fn tell_of_key(&self, account: &Account<U>) {
        let Some(contact) = account.contact() else { return };
        let target = Subject::Target(contact.as_str());
        let is_due =
            account.is_verified() || self.0.throttle.allows(Action::ApiKeyNotice, target).await;
        if is_due {
            self.notify(MessageKind::ApiKeyMade, contact);
        }
    }

    /// Sends a notice, which has no token. Returns at once.
    pub(crate) fn notify(&self, kind: MessageKind, to: Contact) {
        let recovery = self.clone();
        self.0.outbox.enqueue("notice", async move {
            recovery.send(&Delivery { to, kind, token: None, expires_in: Duration::ZERO }).await;
        });
    }

    /// Sends a notice to where the account is reached.
    pub(crate) fn notify_account(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(contact) = account.contact() {
            self.notify(kind, contact);
        }
    }

    /// Issues a token and sends it.
    async fn issue(
        &self,
        purpose: Purpose,
        holder: Holder<U::Id>,
        to: Contact,
        new_address: Option<EmailAddress>,
        redirect_to: Option<Destination>,
    ) {
        let parts = &self.0;
        let lifetime = parts.config.lifetime(purpose, &to);
        let token = Token::generate(&*parts.entropy);
        let now = parts.clock.now();
        let stored = NewToken {
            digest: parts.keys.current().one_time.token(&token),
            account: holder.id,
            purpose,
            bound_to: holder.bound_to,
            new_address,
            redirect_to: redirect_to.map(|path| path.as_str().to_owned()),
            version: holder.version,
            epoch: holder.epoch,
            created_at: now,
            expires_at: now + lifetime,
        };
        if let Err(error) = parts.accounts.issue(stored).await {
            return error.log("issuing a one-time token");
        }
        let kind = kind(purpose, &to);
        self.send(&Delivery { to, kind, token: Some(token), expires_in: lifetime }).await;
    }

    /// Sends over every channel at once; one that fails or hangs keeps none of the others.
    async fn send(&self, delivery: &Delivery) {
        let kind = delivery.kind.as_str();
        let sent = self.0.config.channels().iter().map(async |channel| {
            match channel.deliver(delivery).await {
                Ok(()) => info!(kind, "message handed on"),
                Err(cause) => {
                    error!(kind, error = %redacted(&*cause, delivery), "message not sent")
                }
            }
        });
        futures_util::future::join_all(sent).await;
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The account that has that contact.
    async fn find(&self, contact: &Contact) -> Result<Option<Account<U>>, StoreError> {
        let (at, key) = (Self::contact_at(), contact.as_str());
        let other = U::SHAPE.identifiers.get(at).and_then(|column| column.alternate(key));
        match self.0.accounts.by_identifier(at, key).await? {
            Some(account) => Ok(Some(account)),
            None => match other {
                Some(other) => self.0.accounts.by_identifier(at, &other).await,
                None => Ok(None),
            },
        }
    }

    /// The position of what recovers an account among the identifiers.
    fn contact_at() -> usize {
        U::SHAPE.recovery.unwrap_or_default()
    }
}

/// What a message with a token for that purpose is about.
const fn kind(purpose: Purpose, to: &Contact) -> MessageKind {
    match (purpose, to) {
        (Purpose::Verify, Contact::Email(_)) => MessageKind::VerifyEmail,
        (Purpose::Verify, Contact::Phone(_)) => MessageKind::VerifyRecovery,
        (Purpose::Reset, _) => MessageKind::ResetPassword,
        (Purpose::Change, _) => MessageKind::ChangeEmail,
    }
}

/// Whose token it is, and what it is bound to.
struct Holder<Id> {
    id: Id,
    version: i32,
    epoch: i64,
    bound_to: String,
}

impl<Id: Clone> Holder<Id> {
    /// `None` if nothing recovers the account.
    fn of<U: AuthUser<Id = Id>>(account: &Account<U>) -> Option<Self> {
        Some(Self {
            id: account.user.id().clone(),
            version: account.version,
            epoch: account.epoch,
            bound_to: account.contact_key()?,
        })
    }
}

/// A channel's error without token and recipient, in case it repeats what it could not send.
fn redacted(error: &dyn std::error::Error, delivery: &Delivery) -> String {
    let text = error.to_string().replace(delivery.to.as_str(), "(recipient)");
    match &delivery.token {
        Some(token) => text.replace(token.expose(), "(token)"),
        None => text,
    }
}

impl<U: AuthUser> std::fmt::Debug for Recovery<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recovery").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl<U: AuthUser> std::fmt::Debug for Parts<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts(..)")
    }
}
