//! The trail of an account: its events in a table, each row chained to the one before by a keyed hash.
//!
//! A flow hands its event and the verb of a store to [`Kit::recording`](crate::kit::Kit). The verb's
//! transaction in the database writes the row. If the verb ran in another store, or the event has no
//! verb, the row is written by itself after the event.
//!
//! Each account has a chain of its own: one chain for all accounts would make every change in the
//! mount wait for the one before.

mod config;
mod record;
mod sql;
pub mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use config::{AuditConfig, StoredAddress};
pub use record::{AuditRecord, Seal};
pub(crate) use record::{Link, Record};
pub use sql::TABLE;
use store::AuditStore;
use tracing::error;

use super::queues::Queues;
use super::{Event, EventKind};
use crate::guard::store::{RateLimit, RateLimitOutcome};
use crate::guard::{RateLimiter, Subject};
use crate::model::AuthUser;
use crate::notify::Background;
use crate::store_error::StoreError;

tokio::task_local! {
    static RECORDING: Arc<Recording>;
}

/// Kinds that change nothing and happen all the time. They are not kept.
const ROUTINE: &[EventKind] =
    &[EventKind::TokensRefreshed, EventKind::TokensSentAgain, EventKind::PasswordHashRenewed];

/// Rejections of one kind that are kept of an account: 20 an hour.
const REJECTIONS: RateLimit = RateLimit::per_hour(20);

/// An event that is to be kept, and how.
pub struct Recording {
    event: Event,
    seal: Seal,
    is_written: AtomicBool,
}

impl Recording {
    /// The event that the current task records, unless it is written already.
    fn current() -> Option<Arc<Self>> {
        let current = RECORDING.try_with(Arc::clone).ok();
        current.filter(|recording| !recording.is_written.load(Ordering::SeqCst))
    }

    /// Whether the transaction of the current task must keep an event.
    pub(crate) fn is_wanted() -> bool {
        Self::current().is_some()
    }

    fn set_written(&self) {
        self.is_written.store(true, Ordering::SeqCst);
    }
}

/// Keeps the events of a mount. Clones share everything.
#[derive(Clone)]
pub struct Trail<U: AuthUser> {
    seal: Seal,
    limits: RateLimiter,
    store: Arc<dyn AuditStore<U>>,
    queues: Queues,
}

impl<U: AuthUser> Trail<U> {
    /// Creates it over a store.
    #[doc(hidden)]
    #[must_use]
    pub fn new(seal: Seal, limits: RateLimiter, store: Arc<dyn AuditStore<U>>) -> Self {
        // One after the other: the order stays, and a flood of rejected guesses takes one connection.
        Self { seal, limits, store, queues: Queues::new(Background::one_by_one) }
    }

    pub(crate) fn store(&self) -> &dyn AuditStore<U> {
        &*self.store
    }

    pub(crate) const fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Waits until every event is written.
    pub(crate) async fn drained(&self) {
        self.queues.drained().await;
    }

    fn recording(&self, event: &Event) -> Option<Arc<Recording>> {
        if ROUTINE.contains(&event.kind) {
            return None;
        }
        let (event, seal) = (event.clone(), self.seal.clone());
        Some(Arc::new(Recording { event, seal, is_written: AtomicBool::new(false) }))
    }

    /// Runs a verb of a store. If that stores a change in the database, its transaction keeps the
    /// event. Returns `true` if it did.
    pub(crate) async fn record<F: Future>(&self, event: &Event, verb: F) -> (bool, F::Output) {
        let Some(recording) = self.recording(event) else { return (false, verb.await) };
        let done = RECORDING.scope(Arc::clone(&recording), verb).await;
        (recording.is_written.load(Ordering::SeqCst), done)
    }

    /// Keeps an event by itself. Returns at once.
    pub(crate) fn append(&self, event: &Event) {
        let Some(recording) = self.recording(event).filter(|one| one.event.account.is_some())
        else {
            return;
        };
        let trail = self.clone();
        self.queues.of(event).spawn("audit", async move {
            if let Err(cause) = trail.keep(&recording).await {
                let cause = &cause as &dyn std::error::Error;
                error!(error = cause, event = %recording.event.kind, "event not kept");
            }
        });
    }

    /// Writes the row of an event, unless there are many rejections of that kind.
    async fn keep(&self, recording: &Recording) -> Result<(), StoreError> {
        let Event { kind, account, .. } = &recording.event;
        if kind.is_rejection() {
            let counter = format!("kept {kind}");
            let subject = Subject::Account(account.as_deref().unwrap_or_default());
            let counted = self.limits.count(&counter, REJECTIONS, subject).await?;
            if matches!(counted.outcome, RateLimitOutcome::Exceeded { .. }) {
                return Ok(());
            }
        }
        self.store.append(recording).await
    }
}

impl<U: AuthUser> std::fmt::Debug for Trail<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trail(..)")
    }
}

crate::opaque::opaque!(Recording);
