//! Settings of the lockout, and the rules that follow from them.

use std::time::Duration;

use super::store::LockRule;
use crate::clock::LONGEST;
use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the lockout: five failures, then a lock of 1 minute, doubling up to 1 hour.
    #[derive(Clone, Copy, Debug)]
    pub struct LockoutConfig {
        /// Number of failures of an account that do not lock (default 5, at least 1).
        max_failures: u32 = 5,
        /// Number of failures from one client network that do not lock it (default 5, at least 1).
        ///
        /// Raise it if many people share one address, as in an office or a school: otherwise their
        /// typing errors within one `window` lock all of them, except on known devices.
        max_network_failures: u32 = 5,
        /// Number of failures of an account on unknown devices within
        /// [`consecutive_window`](Self::consecutive_window) and without a success in between
        /// (default 100, at least 1). Beyond it, unknown devices are locked out for the length of
        /// that window. NIST SP 800-63B-4, section 3.2.2, allows at most 100.
        ///
        /// Known devices are never affected. A sign-in on one of them lifts the lock, and so does a
        /// confirmed password reset.
        max_consecutive: u32 = 100,
        /// Time in which consecutive failures are counted, and length of the lock that follows them
        /// (default 30 days; 1 second to 100 years).
        consecutive_window: Duration = Duration::from_hours(30 * 24),
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
            ConfigError::at_least_one("lockout.max_network_failures", self.max_network_failures),
            ConfigError::at_least_one("lockout.max_consecutive", self.max_consecutive),
            ConfigError::duration(
                "lockout.consecutive_window",
                self.consecutive_window,
                bounds.clone(),
            ),
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

    pub(super) const fn rule(&self) -> LockRule {
        LockRule {
            max_failures: self.max_failures,
            window: self.window,
            base: self.base,
            max: self.max,
            escalation_window: self.escalation_window,
        }
    }

    pub(super) const fn network_rule(&self) -> LockRule {
        LockRule { max_failures: self.max_network_failures, ..self.rule() }
    }

    pub(super) const fn consecutive_rule(&self) -> LockRule {
        LockRule {
            max_failures: self.max_consecutive,
            window: self.consecutive_window,
            base: self.consecutive_window,
            max: self.consecutive_window,
            escalation_window: self.consecutive_window,
        }
    }
}
