//! The lockout that guards sign-in.
//!
//! Misses are counted by client network, by what was typed, and by the account that it names; each
//! counter that exceeds its free tries is locked, for twice as long every time. A miss is counted
//! when it is known, and a hit is let in only if no counter was used up meanwhile: so people who
//! sign in rightly at one moment do not count against each other, and guesses made at one moment
//! learn no more than the free tries would have told them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config_error::ConfigError;
use crate::model::{
    Account, AuthUser, ClientAddress, Digest, EmailAddress, IdentifierKind, KeyRing, PhoneNumber,
    Username,
};
use crate::ports::{CounterStore, GivenBack, LONGEST, LockRule, LockState, StoreError};
use crate::slices::sign_in::device::Known;

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

/// Counts misses.
#[derive(Clone)]
pub struct Lockout {
    counters: Arc<dyn CounterStore>,
    keys: KeyRing,
    config: LockoutConfig,
}

/// The counters of one attempt.
#[derive(Debug)]
pub(crate) struct Names {
    /// By client network; for a client without an address by the text again, or everybody without
    /// one would be locked out by one of them.
    client: Digest,
    /// By what was typed.
    typed: Digest,
    /// By the account; for an unknown one by the text again, so that both cost the same.
    account: Digest,
    /// By client and account together: what a success gives back to the client.
    pair: Digest,
    /// By account and device, where the device is known: then it is the only one that counts.
    device: Option<Digest>,
}

impl Names {
    /// The counters that decide.
    pub(crate) fn judged(&self) -> Vec<Digest> {
        match self.device {
            Some(device) => vec![device],
            None => vec![self.client, self.typed, self.account],
        }
    }

    /// The counters that a miss is counted on.
    fn counted(&self) -> Vec<Digest> {
        match self.device {
            Some(device) => vec![device],
            None => vec![self.client, self.typed, self.account, self.pair],
        }
    }
}

/// How things stand before a password is verified.
#[derive(Debug)]
pub(crate) struct StandingOfAttempt {
    refused_for: Option<Duration>,
    has_history: bool,
}

impl StandingOfAttempt {
    /// How long the attempt is refused for, if it is.
    pub(crate) fn refusal(&self) -> Option<Duration> {
        self.refused_for
    }

    /// Whether a success has something to clear.
    pub(crate) fn has_history(&self) -> bool {
        self.has_history
    }
}

impl Lockout {
    /// A lockout over that store.
    #[must_use]
    pub fn new(counters: Arc<dyn CounterStore>, keys: KeyRing, config: LockoutConfig) -> Self {
        Self { counters, keys, config }
    }

    pub(crate) fn rule(&self) -> LockRule {
        LockRule {
            free: self.config.max_failures,
            window: self.config.window,
            first: self.config.base,
            longest: self.config.max,
            memory: self.config.escalation_window,
        }
    }

    pub(crate) fn names<U: AuthUser>(
        &self,
        typed: &str,
        account: Option<&Account<U>>,
        client: Option<ClientAddress>,
        is_from_stranger: bool,
        device: Option<&Known>,
    ) -> Names {
        let text = typed_key::<U>(typed);
        // Who says to come from another site's page has as many tries as anybody, of their own.
        let network = client.map(|client| match is_from_stranger {
            true => format!("stranger {}", client.network()),
            false => client.network(),
        });
        let client = network.clone().unwrap_or_default();
        let (kind, id): (&str, String) = match account {
            Some(account) => ("account", account.user.id().to_string()),
            None => ("nobody", text.clone()),
        };
        Names {
            client: match network {
                Some(network) => self.name("client", &[&network]),
                None => self.name("typed", &[&text]),
            },
            typed: self.name("typed", &[&text]),
            account: self.name(kind, &[&id]),
            pair: self.name("pair", &[&client, kind, &id]),
            device: device.map(|device| self.name("device", &[&device.name, &id])),
        }
    }

    /// How the counters stand; locks those whose tries are used up, since this attempt is the one
    /// too many.
    pub(crate) async fn standing(
        &self,
        names: &Names,
        now: DateTime<Utc>,
    ) -> Result<StandingOfAttempt, StoreError> {
        let judged = names.judged();
        let asked = [0, 1, 2].map(|at| judged.get(at).unwrap_or(&judged[0]));
        let states = self.counters.locks(asked).await?;
        let rule = self.rule();
        // A lock took the misses, and left rounds.
        let has_history =
            |state: &LockState| state.misses > 0 || state.locked_until.timestamp() > 0;
        let has_history = states.iter().any(|(_, state)| has_history(state));
        let locked = states.iter().filter_map(|(_, state)| state.lock(now)).max();
        let is_used_up = |(_, state): &&(Digest, LockState)| state.is_used_up(&rule, now);
        let until = match locked {
            // Knocking at a locked door neither counts nor prolongs.
            Some(until) => Some(until),
            None if states.iter().any(|state| is_used_up(&state)) => {
                self.counters.lock(&judged, &rule, now).await?
            }
            None => None,
        };
        Ok(StandingOfAttempt { refused_for: until.map(|until| left(until, now)), has_history })
    }

    /// Counts a miss; tells for how long the next attempts are locked out if it was one too many.
    pub(crate) async fn miss(
        &self,
        names: &Names,
        now: DateTime<Utc>,
    ) -> Result<Option<Duration>, StoreError> {
        let until =
            self.counters.miss(&names.counted(), &names.judged(), &self.rule(), now).await?;
        Ok(until.map(|until| left(until, now)))
    }

    /// Clears what was counted on the account, under every one of its names, and gives back to the
    /// client's network what this account's misses took from it. Other people's misses stay.
    pub(crate) async fn forgive<U: AuthUser>(
        &self,
        names: &Names,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if let Some(device) = names.device {
            return self.counters.forgive(&[device], None, now).await;
        }
        let mut cleared = self.names_of(account);
        if !cleared.contains(&names.typed) {
            cleared.push(names.typed);
        }
        let given_back = GivenBack { shared: &names.client, pair: &names.pair };
        self.counters.forgive(&cleared, Some(given_back), now).await
    }

    /// Lifts what is counted and locked on an account, under every one of its names. What is
    /// counted on clients stays.
    pub(crate) async fn lift<U: AuthUser>(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.counters.forgive(&self.names_of(account), None, now).await
    }

    /// The counters that are an account's own.
    fn names_of<U: AuthUser>(&self, account: &Account<U>) -> Vec<Digest> {
        let id = account.user.id().to_string();
        let names = account.names().into_iter();
        let typed = names.map(|one| self.name("typed", &[&typed_key::<U>(one)]));
        typed.chain([self.name("account", &[&id])]).collect()
    }

    fn name(&self, kind: &str, parts: &[&str]) -> Digest {
        let mut all: Vec<&[u8]> = vec![b"lockout", kind.as_bytes()];
        all.extend(parts.iter().map(|part| part.as_bytes()));
        self.keys.current().counter.digest(&all)
    }
}

/// The form under which a typed text is counted: no other spelling of an identifier has tries of
/// its own, whichever kind it is of. Coarser than a look-up may be: that only locks the sooner.
fn typed_key<U: AuthUser>(typed: &str) -> String {
    if let Ok(address) = EmailAddress::parse(typed) {
        return address.as_str().to_owned();
    }
    let has_phones = U::SHAPE.position(IdentifierKind::Phone).is_some();
    if let (true, Ok(number)) = (has_phones, PhoneNumber::parse(typed)) {
        return number.as_str().to_owned();
    }
    Username::fold(typed.trim())
}

fn left(until: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (until - now).to_std().unwrap_or_default()
}

impl std::fmt::Debug for Lockout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lockout").field("config", &self.config).finish_non_exhaustive()
    }
}
