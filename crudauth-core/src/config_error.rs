//! Errors of settings, which a program can match on.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::model::WeakSecret;

/// A setting that `build()` rejects.
///
/// `setting` is the builder's method and the field: `session.idle_timeout` is
/// `Builder::session(SessionConfig::idle_timeout(..))`. No variant holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A duration is out of its bounds.
    #[error("{setting} must be {}", DurationBounds(*min, *max))]
    DurationOutOfRange {
        /// Name of the setting.
        setting: &'static str,
        /// Shortest duration.
        min: Duration,
        /// Longest duration.
        max: Duration,
    },
    /// A number is out of its bounds.
    #[error("{setting} must be {}", NumberBounds(*min, *max))]
    NumberOutOfRange {
        /// Name of the setting.
        setting: &'static str,
        /// Smallest number.
        min: u64,
        /// Largest number; `None` if there is no limit.
        max: Option<u64>,
    },
    /// A text or a list is too short or too long.
    #[error("{setting} must have {min} to {max} {unit}")]
    LengthOutOfRange {
        /// Name of the setting.
        setting: &'static str,
        /// Unit of the length, for example `bytes`.
        unit: &'static str,
        /// Smallest length.
        min: usize,
        /// Largest length.
        max: usize,
    },
    /// A setting is greater than another one that limits it.
    #[error("{setting} must not exceed {limit}")]
    Exceeds {
        /// Name of the setting.
        setting: &'static str,
        /// Name of the setting that limits it.
        limit: &'static str,
    },
    /// The app's secret, or one of its previous secrets, is weak.
    #[error(transparent)]
    WeakSecret(#[from] WeakSecret),
    /// A key of crudauth-py has the wrong form.
    #[error("mfa.crudauth_py_keys must be Fernet keys: 32 bytes in URL-safe base64")]
    InvalidFernetKey,
    /// Accounts have a second factor of crudauth-py, and no key of the settings decrypts it.
    #[error(
        "mfa.crudauth_py_keys decrypts no second factor of {count} account(s): add the \
         `encryption_key` of crudauth-py, or set `totp_confirmed_at` of these accounts to NULL, which \
         removes their second factor"
    )]
    UnreadFactors {
        /// How many accounts.
        count: u64,
    },
    /// An address is not a plain `http` or `https` URL.
    #[error("{setting} must be `https://host` or `http://host` without query or fragment: `{url}`")]
    InvalidUrl {
        /// Name of the setting.
        setting: &'static str,
        /// The rejected value.
        url: String,
    },
    /// A path does not start with `/`, or has characters that need quoting.
    #[error("{setting} must be a plain path that starts with `/`: `{path}`")]
    InvalidPath {
        /// Name of the setting.
        setting: &'static str,
        /// The rejected value.
        path: String,
    },
    /// A name has the wrong form.
    #[error("{setting}: `{name}` must be {rule}")]
    InvalidName {
        /// Name of the setting.
        setting: &'static str,
        /// The rejected value.
        name: String,
        /// The required form.
        rule: &'static str,
    },
    /// A name belongs to the library.
    #[error("{setting}: the name `{name}` is reserved: choose another one")]
    ReservedName {
        /// Name of the setting.
        setting: &'static str,
        /// The rejected value.
        name: String,
    },
    /// Two things have the same name.
    #[error("{setting}: duplicate name `{name}`: remove or rename one")]
    DuplicateName {
        /// Name of the setting.
        setting: &'static str,
        /// The repeated name.
        name: String,
    },
    /// A value needs something else: another setting, a feature, a minimum over several settings.
    #[error("{setting}: `{value}` requires {requirement}")]
    Requires {
        /// Name of the setting.
        setting: &'static str,
        /// Value of the setting, or the column that it needs something of.
        value: String,
        /// What it needs.
        requirement: &'static str,
    },
    /// A value that may hold a secret, and is not shown, cannot be read.
    #[error("{setting} is malformed: {reason}")]
    Malformed {
        /// Name of the setting.
        setting: &'static str,
        /// Category of the error.
        reason: String,
    },
}

impl ConfigError {
    /// The errors among the results of checks.
    pub(crate) fn found(checks: impl IntoIterator<Item = Option<Self>>) -> Vec<Self> {
        checks.into_iter().flatten().collect()
    }

    /// Checks a duration; `None` means that there is no limit.
    pub(crate) fn duration(
        setting: &'static str,
        value: impl Into<Option<Duration>>,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Self> {
        if value.into().is_none_or(|value| bounds.contains(&value)) {
            return None;
        }
        Some(Self::DurationOutOfRange { setting, min: *bounds.start(), max: *bounds.end() })
    }

    pub(crate) fn number(
        setting: &'static str,
        value: impl TryInto<u64>,
        bounds: RangeInclusive<u64>,
    ) -> Option<Self> {
        let value = value.try_into().unwrap_or(u64::MAX);
        if bounds.contains(&value) {
            return None;
        }
        let max = *bounds.end();
        let max = if max == u64::MAX { None } else { Some(max) };
        Some(Self::NumberOutOfRange { setting, min: *bounds.start(), max })
    }

    pub(crate) fn at_least_one(setting: &'static str, value: impl TryInto<u64>) -> Option<Self> {
        Self::number(setting, value, 1..=u64::MAX)
    }

    pub(crate) fn length(
        setting: &'static str,
        unit: &'static str,
        value: usize,
        bounds: RangeInclusive<usize>,
    ) -> Option<Self> {
        if bounds.contains(&value) {
            return None;
        }
        let min = *bounds.start();
        let max = *bounds.end();
        Some(Self::LengthOutOfRange { setting, unit, min, max })
    }
}

struct NumberBounds(u64, Option<u64>);

impl fmt::Display for NumberBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(min, None) => write!(f, "at least {min}"),
            Self(0, Some(max)) => write!(f, "at most {max}"),
            Self(min, Some(max)) => write!(f, "between {min} and {max}"),
        }
    }
}

struct DurationBounds(Duration, Duration);

impl fmt::Display for DurationBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(min, max) = *self;
        if min.is_zero() {
            write!(f, "at most {}", Readable(max))
        } else {
            write!(f, "between {} and {}", Readable(min), Readable(max))
        }
    }
}

/// A duration in the largest unit that divides it.
struct Readable(Duration);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u128); 6] = [
            ("year", 365 * 24 * 3_600_000),
            ("day", 24 * 3_600_000),
            ("hour", 3_600_000),
            ("minute", 60_000),
            ("second", 1_000),
            ("millisecond", 1),
        ];
        let millis = self.0.as_millis();
        for (unit, length) in UNITS {
            if millis >= length && millis.is_multiple_of(length) {
                let count = millis / length;
                let plural = if count == 1 { "" } else { "s" };
                return write!(f, "{count} {unit}{plural}");
            }
        }
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_in_the_largest_unit() {
        for (duration, text) in [
            (Duration::from_millis(1), "1 millisecond"),
            (Duration::from_secs(30), "30 seconds"),
            (Duration::from_mins(1), "1 minute"),
            (Duration::from_mins(90), "90 minutes"),
            (Duration::from_hours(24), "1 day"),
            (crate::clock::LONGEST, "100 years"),
        ] {
            assert_eq!(Readable(duration).to_string(), text);
        }
    }

    #[test]
    fn bounds_are_printed_without_redundant_ends() {
        let setting = "session.max_sessions";
        let number = |min, max| ConfigError::NumberOutOfRange { setting, min, max }.to_string();
        assert_eq!(number(1, None), "session.max_sessions must be at least 1");
        assert_eq!(number(0, Some(9)), "session.max_sessions must be at most 9");
        assert_eq!(number(8, Some(64)), "session.max_sessions must be between 8 and 64");
        let max = Duration::from_hours(24);
        let error = ConfigError::DurationOutOfRange { setting, min: Duration::ZERO, max };
        assert_eq!(error.to_string(), "session.max_sessions must be at most 1 day");
    }
}
