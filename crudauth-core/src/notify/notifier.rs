//! Hands messages to the outbox, after the answer.

use std::sync::Arc;
use std::time::Duration;

use super::{Background, Delivery, MessageKind, Outbox};
use crate::guard::Action;
use crate::model::{Account, AuthUser, Contact};

/// Notices that a stranger can cause, by address: 5 an hour by default.
pub const EXISTING_ACCOUNT_NOTICE: Action = Action::per_hour("existing_account_notice", 5);

/// Sends messages. Nothing is sent while a request waits, so a slow or failing channel changes no
/// answer and no timing. Clones share everything.
#[derive(Clone)]
pub struct Notifier {
    outbox: Arc<dyn Outbox>,
    background: Background,
}

impl Notifier {
    /// Creates a notifier over an outbox.
    #[must_use]
    pub fn new(outbox: Arc<dyn Outbox>, background: Background) -> Self {
        Self { outbox, background }
    }

    /// Runs a job after the answer. `name` appears in the log.
    pub(crate) fn spawn(&self, name: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        self.background.spawn(name, job);
    }

    /// Sends a notice, which carries no token. Returns at once.
    pub(crate) fn notify(&self, kind: MessageKind, to: Contact) {
        let notifier = self.clone();
        self.spawn("notice", async move {
            let delivery = Delivery { to, kind, token: None, expires_in: Duration::ZERO };
            notifier.push(delivery).await;
        });
    }

    /// Sends a notice to the recovery contact of an account, if it has one. Returns at once.
    pub(crate) fn notify_account<U: AuthUser>(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(contact) = account.contact() {
            self.notify(kind, contact);
        }
    }

    /// Hands a message to the outbox.
    pub(crate) async fn push(&self, delivery: Delivery) {
        if let Err(error) = self.outbox.push(delivery).await {
            error.log("storing a message");
        }
    }
}

crate::opaque::opaque!(Notifier);
