//! Hands messages to the outbox, after the answer.

use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use super::{Background, Delivery, MessageKind, Outbox};
use crate::guard::{Action, RateLimiter, Subject};
use crate::model::{Account, AuthUser, Contact, OneTimeToken};

/// Notices that a stranger can cause, by address: 5 an hour by default.
pub const EXISTING_ACCOUNT_NOTICE: Action = Action::per_hour("existing_account_notice", 5);

/// Messages of all kinds, by address or number: 10 an hour by default.
///
/// Two kinds of messages pass beyond it: a notice to a contact that its owner has proved, and one
/// link of each purpose in the lifetime of such a link. Otherwise strangers who ask for messages
/// could keep an owner from them.
pub const MESSAGES: Action = Action::per_hour("messages", 10);

/// Requests that may send a text message, by client network and over all numbers: 10 an hour by
/// default.
pub const TEXTS: Action = Action::per_hour("texts", 10);

/// Sends messages. Nothing is sent while a request waits, so a slow or failing channel changes no
/// answer and no timing. Clones share everything.
#[derive(Clone)]
pub struct Notifier {
    outbox: Arc<dyn Outbox>,
    background: Background,
    limits: RateLimiter,
}

impl Notifier {
    /// Creates a notifier over an outbox.
    #[must_use]
    pub fn new(outbox: Arc<dyn Outbox>, background: Background, limits: RateLimiter) -> Self {
        Self { outbox, background, limits }
    }

    /// Runs a job after the answer. `name` appears in the log.
    pub(crate) fn spawn(&self, name: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        self.background.spawn(name, job);
    }

    /// Sends a notice, which carries no token, unless the contact has had too many messages. Returns
    /// at once.
    pub(crate) fn notify(&self, kind: MessageKind, to: Contact) {
        self.send_notice(kind, to, false);
    }

    /// Sends a notice about a change to the recovery contact of an account, if it has one. Only a
    /// contact that is not proved may have had too many messages. Returns at once.
    pub(crate) fn notify_account<U: AuthUser>(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(contact) = account.contact() {
            self.send_notice(kind, contact, account.is_verified());
        }
    }

    /// Sends a message with a token that its owner needs, whatever was sent before. Returns at once.
    pub(crate) fn send(
        &self,
        kind: MessageKind,
        to: Contact,
        token: OneTimeToken,
        expires_in: Duration,
    ) {
        let notifier = self.clone();
        self.spawn("link", async move {
            let delivery = Delivery { to, kind, token: Some(token), code: None, expires_in };
            notifier.push(delivery).await;
        });
    }

    /// Counts a message with a link that lives for `lifetime`, and returns `true` if it may be sent:
    /// under the limit of `action` and under that of all messages.
    ///
    /// The window of `action` is at most `lifetime`, and one message in that time passes beyond
    /// [`MESSAGES`]. So a message is withheld only if its recipient has a link of the same kind that
    /// is still alive, whatever strangers ask for.
    pub(crate) async fn may_send_link(
        &self,
        action: Action,
        to: &Contact,
        lifetime: Duration,
    ) -> bool {
        let target = Subject::Target(to.as_str());
        self.limits.allows_within(action, target, lifetime).await
            && (self.limits.allows(MESSAGES, target).await
                || self.limits.allows_in_reserve(action, target, lifetime).await)
    }

    fn send_notice(&self, kind: MessageKind, to: Contact, is_proved: bool) {
        let notifier = self.clone();
        self.spawn("notice", async move {
            let target = Subject::Target(to.as_str());
            let is_within = notifier.limits.allows(MESSAGES, target).await;
            if !is_within && !is_proved {
                info!("notice not sent: rate limit of the contact");
                return;
            }
            let expires_in = Duration::ZERO;
            let delivery = Delivery { to, kind, token: None, code: None, expires_in };
            notifier.push(delivery).await;
        });
    }

    /// Hands a message to the outbox.
    pub(crate) async fn push(&self, delivery: Delivery) {
        if let Err(error) = self.outbox.push(delivery).await {
            error.log("storing a message");
        }
    }
}

crate::opaque::opaque!(Notifier);
