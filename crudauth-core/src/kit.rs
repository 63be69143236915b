//! What every flow is given.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::event::Event;
use crate::guard::{Lockout, RateLimiter};
use crate::model::{AuthUser, KeyRing};
use crate::notify::Notifier;
use crate::password::{HashingPool, PasswordPolicy};
use crate::slices::accounts::store::AccountStore;

/// The shared parts of a mount. Clones share everything.
#[derive(Clone)]
pub struct Kit<U: AuthUser> {
    /// Accounts.
    pub accounts: Arc<dyn AccountStore<U>>,
    /// Keys derived from the app's secrets.
    pub keys: KeyRing,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Hashes and verifies passwords.
    pub hashing: HashingPool,
    /// Judges new passwords.
    pub policy: PasswordPolicy,
    /// Counts uses against rate limits.
    pub limits: RateLimiter,
    /// Counts failed sign-ins.
    pub lockout: Lockout,
    /// Sends messages; `None` if the mount has no way to send any.
    pub notifier: Option<Notifier>,
}

impl<U: AuthUser> Kit<U> {
    /// The present instant. One reading serves one decision.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Records an event. Every flow reports its outcome here and nowhere else.
    #[doc(hidden)]
    pub fn emit(&self, event: Event) {
        event.log();
    }
}

impl<U: AuthUser> std::fmt::Debug for Kit<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kit(..)")
    }
}
