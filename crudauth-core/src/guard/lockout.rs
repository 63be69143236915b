//! The lockout that guards sign-in.
//!
//! Failures are counted by client network, by the text that was typed, and by the account that it
//! names. A counter that passes its limit is locked, each lock twice as long as the one before. A
//! failure is counted after the password was verified, and a right password is admitted only if no
//! counter was used up meanwhile: sign-ins at one moment do not count against each other, and
//! parallel guesses learn no more than the limit allows.
//!
//! A success takes back the failures of its account from its network, and no others: strangers see
//! the same counters and the same locks whether or not an owner signs in elsewhere.
//!
//! A second, slow counter per account ends guesses that are paced below the first limit.
//!
//! Attempts from a device that has signed in to the account before have a counter of their own, so
//! that strangers cannot lock the owner out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::LockoutConfig;
use super::store::{AttemptCounters, CounterStore, LockRule, Refund};
use crate::model::{
    Account, AuthUser, ClientAddress, CounterName, EmailAddress, IdentifierKind, KeyRing,
    MAX_LOOKUP_BYTES, PhoneNumber, Username,
};
use crate::store_error::StoreError;

/// Counts failed sign-ins. Clones share everything.
#[derive(Clone)]
pub struct Lockout {
    pub(super) counters: Arc<dyn CounterStore>,
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
pub(crate) struct SignInAttempt {
    /// The counters that decide, and that a failure is recorded on.
    checked: Vec<(CounterName, LockRule)>,
    /// The counters of the failures that a success takes back.
    own: Vec<(CounterName, LockRule)>,
    /// The counters that a success clears.
    cleared: Vec<CounterName>,
    /// The client network and the typed text; `None` for a known device, which shares no counter.
    shared: Option<(Network, String)>,
    /// The account and the client network, which have a share of the hashing queue each. Known
    /// devices have shares of their own, so that strangers cannot take those of an owner.
    holders: Vec<CounterName>,
}

impl SignInAttempt {
    /// The parties that this attempt takes a place of the hashing queue for.
    pub(crate) fn holders(&self) -> &[CounterName] {
        &self.holders
    }
}

/// A client network as it is counted; clients without an address have no counter of it.
pub(crate) struct Network(Option<String>);

impl Network {
    /// Attempts that a page of another site made a browser send are counted apart: such pages could
    /// lock out the networks of their visitors.
    pub(crate) fn of(client: Option<ClientAddress>, is_cross_site: bool) -> Self {
        let side = if is_cross_site { "cross-site " } else { "" };
        Self(client.map(|client| format!("{side}{}", client.network())))
    }
}

impl Lockout {
    /// Most counters that a process remembers as locked.
    const MAX_SEEN: usize = 10_000;

    /// Creates a lockout over a store.
    #[must_use]
    pub fn new(counters: Arc<dyn CounterStore>, keys: KeyRing, config: LockoutConfig) -> Self {
        Self { counters, keys, config, seen: Arc::default() }
    }

    /// The counters of an attempt to sign in to `account` from a known device.
    pub(crate) fn attempt_from_device<U: AuthUser>(
        &self,
        account: &Account<U>,
        device: &KnownDevice,
        client: Option<ClientAddress>,
    ) -> SignInAttempt {
        let key = account.counter_key();
        let counter = self.name("device", &[&device.name, &key]);
        let of_network = client.map(|client| self.name("devices of", &[&client.network()]));
        SignInAttempt {
            checked: vec![(counter, self.config.rule())],
            own: Vec::new(),
            cleared: vec![counter, self.name("consecutive", &["account", &key])],
            shared: None,
            holders: of_network.into_iter().chain([self.name("devices of", &[&key])]).collect(),
        }
    }

    /// The counters of an attempt from a device that the account does not know.
    ///
    /// Without an account every counter is derived from the text, so that unknown and known names
    /// cost the same.
    pub(crate) fn attempt<U: AuthUser>(
        &self,
        typed: &str,
        account: Option<&Account<U>>,
        network: Network,
    ) -> SignInAttempt {
        let text = canonical::<U>(typed);
        let (kind, key) = match account {
            Some(account) => ("account", account.counter_key()),
            None => ("unknown", text.clone()),
        };
        let rule = self.config.rule();
        let consecutive = self.name("consecutive", &[kind, &key]);
        let by_account = self.name(kind, &[&key]);
        let by_network = self.by_network(&network);
        let network_rule = self.config.network_rule();
        let checked = [
            (self.name("typed", &[&text]), rule),
            (by_account, rule),
            (consecutive, self.config.consecutive_rule()),
        ];
        SignInAttempt {
            checked: checked
                .into_iter()
                .chain(by_network.map(|name| (name, network_rule)))
                .collect(),
            own: vec![
                (self.own_name(&network, "typed", &text), rule),
                (self.own_name(&network, kind, &key), rule),
            ],
            cleared: vec![consecutive],
            shared: Some((network, text)),
            holders: by_network.into_iter().chain([by_account]).collect(),
        }
    }

    /// The failures that a success takes back: those of the account from the client's network, under
    /// each of its names.
    fn refunds<U: AuthUser>(&self, attempt: &SignInAttempt, account: &Account<U>) -> Vec<Refund> {
        let Some((network, typed)) = &attempt.shared else { return Vec::new() };
        let mut texts: Vec<_> = account.names().into_iter().map(canonical::<U>).collect();
        if !texts.contains(typed) {
            texts.push(typed.clone());
        }
        let of_text = |text: String| Refund {
            own: self.own_name(network, "typed", &text),
            from: vec![self.name("typed", &[&text])],
        };
        let key = account.counter_key();
        let by_account = self.name("account", &[&key]);
        let of_account = Refund {
            own: self.own_name(network, "account", &key),
            from: self.by_network(network).into_iter().chain([by_account]).collect(),
        };
        texts.into_iter().map(of_text).chain([of_account]).collect()
    }

    fn by_network(&self, network: &Network) -> Option<CounterName> {
        network.0.as_ref().map(|network| self.name("client", &[network]))
    }

    /// The counter of the failures of one account, or under one text, from one network.
    fn own_name(&self, network: &Network, kind: &str, key: &str) -> CounterName {
        self.name("own", &[network.0.as_deref().unwrap_or_default(), kind, key])
    }

    /// Returns how long the attempt is locked out, if this process has seen one of its counters
    /// locked and it still is. Otherwise the decision falls after the verification.
    pub(crate) async fn known_lock(
        &self,
        attempt: &SignInAttempt,
        now: DateTime<Utc>,
    ) -> Result<Option<Duration>, StoreError> {
        let checked: Vec<_> = attempt.checked.iter().map(|(name, _)| *name).collect();
        if !checked.iter().any(|name| self.seen().contains_key(name)) {
            return Ok(None);
        }
        let until = self.counters.locked_until(&checked, now).await?;
        if until.is_none() {
            let mut seen = self.seen();
            for name in &checked {
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
        let failed: Vec<_> = attempt.checked.iter().chain(&attempt.own).copied().collect();
        let locks = self.counters.record_failure(&failed, now).await?;
        let locked = attempt.checked.iter().zip(locks);
        let locked: Vec<_> =
            locked.filter_map(|((name, _), until)| Some((*name, until?))).collect();
        let until = locked.iter().map(|(_, until)| *until).max();
        self.remember(locked, now);
        Ok(until.map(|until| remaining(until, now)))
    }

    /// Admits an attempt with the right password to `account`, and takes back what its owner's
    /// failures left. Returns `false` if a counter is locked or used up.
    pub(crate) async fn admit<U: AuthUser>(
        &self,
        attempt: &SignInAttempt,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let counters = AttemptCounters {
            checked: attempt.checked.clone(),
            cleared: attempt.cleared.clone(),
            refunds: self.refunds(attempt, account),
        };
        self.counters.admit(&counters, now).await
    }

    /// As [`admit`](Self::admit), for a text that names no account.
    pub(crate) async fn admit_unknown(
        &self,
        attempt: &SignInAttempt,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (checked, cleared) = (attempt.checked.clone(), attempt.cleared.clone());
        let counters = AttemptCounters { checked, cleared, refunds: Vec::new() };
        self.counters.admit(&counters, now).await
    }

    /// Lifts failures and locks of an account under each of its names. Those of client networks
    /// stay.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn lift<U: AuthUser>(&self, account: &Account<U>) -> Result<(), StoreError> {
        let key = account.counter_key();
        let names = account.names().into_iter();
        let typed = names.map(|name| self.name("typed", &[&canonical::<U>(name)]));
        let of_account =
            [self.name("account", &[&key]), self.name("consecutive", &["account", &key])];
        let counters: Vec<_> = typed.chain(of_account).collect();
        self.counters.clear(&counters).await
    }

    pub(super) fn name(&self, kind: &str, parts: &[&str]) -> CounterName {
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
/// whatever its kind. It may be coarser than a look-up, which only locks sooner: texts that are too
/// long to name an account share a counter, and cost nothing.
fn canonical<U: AuthUser>(typed: &str) -> String {
    if typed.len() > MAX_LOOKUP_BYTES {
        return String::new();
    }
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

pub(super) fn remaining(until: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (until - now).to_std().unwrap_or_default()
}

impl std::fmt::Debug for Lockout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lockout").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "sqlite"))]
#[path = "lockout_tests.rs"]
mod tests;
