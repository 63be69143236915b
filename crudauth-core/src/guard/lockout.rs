//! The lockout that guards sign-in.
//!
//! Failures are counted by client network, by the text that was typed, and by the account that it
//! names. A counter that passes its limit is locked, each lock twice as long as the one before. A
//! failure is counted after the password was verified, and a right password is admitted only if no
//! counter was used up meanwhile: sign-ins at one moment do not count against each other, and
//! parallel guesses learn no more than the limit allows.
//!
//! Attempts from a device that has signed in to the account before have a counter of their own, so
//! that strangers cannot lock the owner out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::store::{AttemptCounters, CounterStore, LockRule, Refund};
use crate::clock::LONGEST;
use crate::config_error::ConfigError;
use crate::model::{
    Account, AuthUser, ClientAddress, CounterName, EmailAddress, IdentifierKind, KeyRing,
    PhoneNumber, Username,
};
use crate::store_error::StoreError;

crate::settings! {
    /// Settings of the lockout: five failures, then a lock of 1 minute, doubling up to 1 hour.
    #[derive(Clone, Copy, Debug)]
    pub struct LockoutConfig {
        /// Number of failures that do not lock (default 5, at least 1).
        max_failures: u32 = 5,
        /// Time in which failures are counted together, from the first one (default 1 minute;
        /// 1 second to 100 years).
        window: Duration = Duration::from_mins(1),
        /// Length of the first lock (default 1 minute; 1 second to 100 years). Each further lock
        /// doubles.
        base: Duration = Duration::from_mins(1),
        /// Longest lock (default 1 hour; [`base`](Self::base) to 100 years).
        max: Duration = Duration::from_hours(1),
        /// How long after a lock has ended the next one still doubles (default 1 hour; 1 second to
        /// 100 years).
        escalation_window: Duration = Duration::from_hours(1),
    }
}

impl LockoutConfig {
    /// Returns an error for each setting out of its bounds, and if `base` exceeds `max`.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let bounds = Duration::from_secs(1)..=LONGEST;
        let setting = "lockout.base";
        let limit = "lockout.max";
        let exceeds =
            if self.base > self.max { Some(ConfigError::Exceeds { setting, limit }) } else { None };
        [
            ConfigError::at_least_one("lockout.max_failures", self.max_failures),
            ConfigError::duration("lockout.window", self.window, bounds.clone()),
            ConfigError::duration(setting, self.base, bounds.clone()),
            ConfigError::duration(limit, self.max, bounds.clone()),
            ConfigError::duration("lockout.escalation_window", self.escalation_window, bounds),
            exceeds,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Counts failed sign-ins. Clones share everything.
#[derive(Clone)]
pub struct Lockout {
    counters: Arc<dyn CounterStore>,
    keys: KeyRing,
    config: LockoutConfig,
    /// Counters that this process has seen locked: the only ones worth a look before the password is
    /// verified. The store decides.
    seen: Arc<Mutex<HashMap<CounterName, DateTime<Utc>>>>,
}

/// A device that has signed in to the account before, by the name in its cookie.
#[derive(Debug)]
pub(crate) struct KnownDevice {
    pub(crate) name: String,
}

/// The counters of one attempt to sign in.
#[derive(Debug)]
pub(crate) struct SignInAttempt {
    counters: AttemptCounters,
    /// The counters that a failure is recorded on: those that decide, and the pair of account and
    /// network.
    failed: Vec<CounterName>,
}

impl Lockout {
    /// Most counters that a process remembers as locked.
    const MAX_SEEN: usize = 10_000;

    /// Creates a lockout over a store.
    #[must_use]
    pub fn new(counters: Arc<dyn CounterStore>, keys: KeyRing, config: LockoutConfig) -> Self {
        Self { counters, keys, config, seen: Arc::default() }
    }

    fn rule(&self) -> LockRule {
        LockRule {
            max_failures: self.config.max_failures,
            window: self.config.window,
            base: self.config.base,
            max: self.config.max,
            escalation_window: self.config.escalation_window,
        }
    }

    /// The counters of an attempt to sign in to `account` from a known device.
    pub(crate) fn attempt_from_device<U: AuthUser>(
        &self,
        account: &Account<U>,
        device: &KnownDevice,
    ) -> SignInAttempt {
        let id = account.user.id().to_string();
        let counter = self.name("device", &[&device.name, &id]);
        let counters =
            AttemptCounters { checked: vec![counter], cleared: vec![counter], refund: None };
        SignInAttempt { counters, failed: vec![counter] }
    }

    /// The counters of an attempt from a device that the account does not know.
    ///
    /// Without an account every counter is derived from the text, so that unknown and known names
    /// cost the same. Attempts that a page of another site made a browser send are counted apart:
    /// such pages could lock out the networks of their visitors.
    pub(crate) fn attempt<U: AuthUser>(
        &self,
        typed: &str,
        account: Option<&Account<U>>,
        client: Option<ClientAddress>,
        is_cross_site: bool,
    ) -> SignInAttempt {
        let text = canonical::<U>(typed);
        let network = client.map(|client| {
            if is_cross_site {
                format!("cross-site {}", client.network())
            } else {
                client.network()
            }
        });
        let (kind, id) = match account {
            Some(account) => ("account", account.user.id().to_string()),
            None => ("unknown", text.clone()),
        };
        let by_text = self.name("typed", &[&text]);
        let by_account = self.name(kind, &[&id]);
        // Clients without an address must not lock each other out.
        let by_network = network.as_ref().map_or(by_text, |name| self.name("client", &[name]));
        let pair = self.name("pair", &[network.as_deref().unwrap_or_default(), kind, &id]);
        let mut cleared = account.map(|account| self.names_of(account)).unwrap_or_default();
        if !cleared.contains(&by_text) {
            cleared.push(by_text);
        }
        let counters = AttemptCounters {
            checked: vec![by_network, by_text, by_account],
            cleared,
            refund: Some(Refund { network: by_network, pair }),
        };
        SignInAttempt { failed: vec![by_network, by_text, by_account, pair], counters }
    }

    /// Returns how long the attempt is locked out, if this process has seen one of its counters
    /// locked and it still is. Otherwise the decision falls after the verification.
    pub(crate) async fn known_lock(
        &self,
        attempt: &SignInAttempt,
        now: DateTime<Utc>,
    ) -> Result<Option<Duration>, StoreError> {
        let checked = &attempt.counters.checked;
        if !checked.iter().any(|name| self.seen().contains_key(name)) {
            return Ok(None);
        }
        let until = self.counters.locked_until(checked, now).await?;
        if until.is_none() {
            let mut seen = self.seen();
            for name in checked {
                seen.remove(name);
            }
        }
        Ok(until.map(|until| remaining(until, now)))
    }

    /// Records a failure. Returns how long further attempts are locked out, if they are.
    pub(crate) async fn record_failure(
        &self,
        attempt: &SignInAttempt,
        now: DateTime<Utc>,
    ) -> Result<Option<Duration>, StoreError> {
        let locks = self.counters.record_failure(&attempt.failed, &self.rule(), now).await?;
        let decisive = attempt.counters.checked.len();
        let locked = attempt.failed.iter().zip(locks).take(decisive);
        let locked: Vec<_> = locked.filter_map(|(name, until)| Some((*name, until?))).collect();
        let until = locked.iter().map(|(_, until)| *until).max();
        self.remember(locked, now);
        Ok(until.map(|until| remaining(until, now)))
    }

    /// Admits an attempt with the right password, and clears what its owner's failures left. Returns
    /// `false` if a counter is locked or used up.
    pub(crate) async fn admit(
        &self,
        attempt: &SignInAttempt,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.counters.admit(&attempt.counters, &self.rule(), now).await
    }

    /// Lifts failures and locks of an account under each of its names. Those of clients stay.
    pub(crate) async fn lift<U: AuthUser>(&self, account: &Account<U>) -> Result<(), StoreError> {
        self.counters.clear(&self.names_of(account)).await
    }

    /// The counters that belong to an account alone.
    fn names_of<U: AuthUser>(&self, account: &Account<U>) -> Vec<CounterName> {
        let id = account.user.id().to_string();
        let identifiers = account.names().into_iter();
        let typed = identifiers.map(|name| self.name("typed", &[&canonical::<U>(name)]));
        typed.chain([self.name("account", &[&id])]).collect()
    }

    fn name(&self, kind: &str, parts: &[&str]) -> CounterName {
        let mut all: Vec<&[u8]> = vec![b"lockout", kind.as_bytes()];
        all.extend(parts.iter().map(|part| part.as_bytes()));
        CounterName::new(*self.keys.current().counter.mac(&all).as_bytes())
    }

    fn remember(&self, locked: Vec<(CounterName, DateTime<Utc>)>, now: DateTime<Utc>) {
        if locked.is_empty() {
            return;
        }
        let mut seen = self.seen();
        if seen.len() >= Self::MAX_SEEN {
            seen.retain(|_, until| *until > now);
        }
        // Forgetting live locks costs a verification each, and nothing else.
        if seen.len() >= Self::MAX_SEEN {
            seen.clear();
        }
        seen.extend(locked);
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<CounterName, DateTime<Utc>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The form under which a typed text is counted: every spelling of an identifier shares one counter,
/// whatever its kind. It may be coarser than a look-up, which only locks sooner.
fn canonical<U: AuthUser>(typed: &str) -> String {
    if let Ok(address) = EmailAddress::parse(typed) {
        return address.as_str().to_owned();
    }
    if U::SHAPE.position(IdentifierKind::Phone).is_some()
        && let Ok(number) = PhoneNumber::parse(typed)
    {
        return number.as_str().to_owned();
    }
    Username::fold(typed.trim())
}

fn remaining(until: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (until - now).to_std().unwrap_or_default()
}

impl std::fmt::Debug for Lockout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lockout").field("config", &self.config).finish_non_exhaustive()
    }
}
