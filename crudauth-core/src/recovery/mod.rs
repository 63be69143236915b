//! Recovery: proving an address, choosing a new password, moving to another address.
//!
//! Each is a pair: a request that mails a link, and a confirmation that uses it up. A request
//! answers before anything is looked up, so its answer and its time are the same for everybody;
//! what it asks for is done from the [`Outbox`]. A confirmation consumes the token in the
//! transaction of its effect, and signs nobody in.

mod config;
mod confirm;
mod request;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
pub use config::{EmailConfig, InvalidUrl};
pub use confirm::{ConfirmError, Confirmed};
pub use request::ChangeError;
use tracing::{error, info};

use crate::delivery::{EmailMessage, MessageKind, Outbox, compose};
use crate::login::Lockout;
use crate::model::{Account, AuthUser, Destination, EmailAddress, IdentifierKind, KeyRing, Token};
use crate::password::{HashingPool, PasswordPolicy};
use crate::ports::{AccountStore, Clock, Entropy, NewToken, Purpose};
use crate::ratelimit::{Allowances, Subject, Throttle};

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
    /// Counts what is sent to one address.
    pub throttle: Throttle,
    /// How often that may be.
    pub allowances: Allowances,
    /// Lifted by a reset: whoever proved control of the address need not wait.
    pub lockout: Lockout,
    /// Who sends, and where links point.
    pub config: EmailConfig,
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
    pub fn new(parts: Parts<U>) -> Self {
        Self(Arc::new(parts))
    }

    /// Asks a new account to confirm its address. Returns at once.
    pub(crate) fn welcome(&self, id: U::Id, address: EmailAddress, epoch: i64) {
        let recovery = self.clone();
        self.0.outbox.enqueue("verification mail", async move {
            let allowance = recovery.0.allowances.email_verify_request;
            let target = Subject::Target(address.as_str());
            if !recovery.0.throttle.allows("email_verify_request", allowance, target).await {
                info!(account = %id, "no verification mail: too many for one address");
            } else {
                let holder =
                    Holder { id, version: 0, epoch, bound_to: address.as_str().to_owned() };
                recovery.mail_link(Purpose::Verify, holder, address, None, None).await;
            }
        });
    }

    /// Tells the owner of an address that somebody tried to sign up with it. It is counted before
    /// this returns: a sign-up with a free address has just written to the database as well.
    pub(crate) async fn tell_owner(&self, address: EmailAddress) {
        let allowance = self.0.allowances.existing_account_notice;
        let target = Subject::Target(address.as_str());
        if self.0.throttle.allows("existing_account_notice", allowance, target).await {
            self.notify(MessageKind::ExistingAccount, address);
        }
    }

    /// Sends a notice, which has no link. Returns at once.
    pub(crate) fn notify(&self, kind: MessageKind, to: EmailAddress) {
        let recovery = self.clone();
        self.0.outbox.enqueue("notice", async move {
            recovery.send(&compose(kind, to, None, Duration::ZERO)).await;
        });
    }

    /// Sends a notice to the account's own address.
    pub(crate) fn notify_account(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(address) = account.recovery().and_then(|text| EmailAddress::parse(text).ok()) {
            self.notify(kind, address);
        }
    }

    /// Issues a token and mails the link that carries it.
    async fn mail_link(
        &self,
        purpose: Purpose,
        holder: Holder<U::Id>,
        to: EmailAddress,
        new_address: Option<EmailAddress>,
        redirect_to: Option<Destination>,
    ) {
        let parts = &self.0;
        let (kind, lifetime, path) = parts.config.link(purpose);
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
        let link = format!("{}{path}?token={}", parts.config.frontend_url(), token.expose());
        self.send(&compose(kind, to, Some(link), lifetime)).await;
    }

    async fn send(&self, message: &EmailMessage) {
        let kind = message.kind.as_str();
        match self.0.config.sender().send(message).await {
            Ok(()) => info!(kind, "message handed to the sender"),
            Err(cause) => error!(kind, error = %redacted(&*cause, message), "message not sent"),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The position of the address among the identifiers.
    fn address_at() -> usize {
        U::SHAPE.position(IdentifierKind::Email).unwrap_or_default()
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
    fn of<U: AuthUser<Id = Id>>(account: &Account<U>, bound_to: &str) -> Self {
        Self {
            id: account.user.id().clone(),
            version: account.version,
            epoch: account.epoch,
            bound_to: bound_to.to_owned(),
        }
    }
}

/// A sender's error without the link, in case it repeats what it could not send.
fn redacted(error: &dyn std::error::Error, message: &EmailMessage) -> String {
    let text = error.to_string();
    match &message.link {
        Some(link) => {
            let secret = link.rsplit('=').next().unwrap_or(link);
            text.replace(link.as_str(), "(link)").replace(secret, "(token)")
        }
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
