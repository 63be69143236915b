//! Rate-limited actions and their limits.

use std::collections::HashMap;
use std::time::Duration;

use super::store::RateLimit;
use crate::clock::LONGEST;
use crate::config_error::ConfigError;

/// A rate-limited action. Each slice declares its own, with the default limit.
///
/// Each action has its own counters; two actions with one name share the limit, not the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    pub(super) name: &'static str,
    pub(super) counter: &'static str,
    pub(super) default: RateLimit,
}

impl Action {
    /// An action that may happen `limit` times an hour by default.
    #[must_use]
    pub const fn per_hour(name: &'static str, limit: u32) -> Self {
        Self::new(name, RateLimit::per_hour(limit))
    }

    /// An action with this limit by default.
    #[must_use]
    pub const fn new(name: &'static str, default: RateLimit) -> Self {
        Self { name, counter: name, default }
    }

    /// The same limit, counted apart under another name.
    #[must_use]
    pub const fn counted_as(self, counter: &'static str) -> Self {
        Self { counter, ..self }
    }
}

/// The rate limits of a mount. By default every action has the limit that its slice declares.
///
/// The actions are constants of [`crudauth::rate_limit`](Action):
///
/// ```
/// # use crudauth_core::guard::{Action, RateLimits};
/// # use crudauth_core::guard::store::RateLimit;
/// # const REGISTER: Action = Action::per_hour("register", 5);
/// let limits = RateLimits::default().set(REGISTER, RateLimit::per_hour(20));
/// ```
#[derive(Clone, Debug, Default)]
pub struct RateLimits {
    set: HashMap<&'static str, RateLimit>,
    are_off: bool,
}

impl RateLimits {
    /// No limits at all, for tests.
    #[must_use]
    pub fn off() -> Self {
        Self { set: HashMap::new(), are_off: true }
    }

    /// Sets the limit of an action. A `limit` of 0 switches it off.
    #[must_use]
    pub fn set(mut self, action: Action, limit: RateLimit) -> Self {
        self.set.insert(action.name, limit);
        self
    }

    /// Returns the limit of an action.
    #[must_use]
    pub fn of(&self, action: Action) -> RateLimit {
        let default = if self.are_off { RateLimit::per_hour(0) } else { action.default };
        self.set.get(action.name).copied().unwrap_or(default)
    }

    /// Returns an error for each rate limit out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let windows = Duration::from_millis(1)..=LONGEST;
        let is_countable = |limit: &RateLimit| {
            limit.limit == 0 || limit.limit <= RateLimit::MAX && windows.contains(&limit.window)
        };
        let mut wrong: Vec<_> = self
            .set
            .iter()
            .filter(|(_, limit)| !is_countable(limit))
            .map(|(name, _)| *name)
            .collect();
        wrong.sort_unstable();
        let error = |action: &str| ConfigError::Requires {
            setting: "rate_limits",
            value: action.to_owned(),
            requirement: "at most 1000 uses, in 1 millisecond to 100 years",
        };
        wrong.into_iter().map(error).collect()
    }
}
