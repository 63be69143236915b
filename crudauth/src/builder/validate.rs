//! Refuses settings that cannot be right, all of them at once.

use std::fmt;

use crudauth_core::ports::StoreError;
use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};

use super::settings::Settings;
use crate::transport::RESERVED;

/// Why a mount is not made.
///
/// Its `Debug` is sentences too: that is what `main` prints.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Everything that is wrong with the settings, and that the database lacks; trying again is of
    /// no use.
    #[error("{}", .0.join("; "))]
    Mistakes(Vec<String>),
    /// The database could not be looked at; it may be there later.
    #[error("the database cannot be looked at")]
    Database(#[source] StoreError),
}

impl BuildError {
    /// Each mistake, in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> &[String] {
        match self {
            Self::Mistakes(mistakes) => mistakes,
            Self::Database(_) => &[],
        }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistakes(mistakes) => {
                f.write_str("the mount cannot be made:")?;
                mistakes.iter().try_for_each(|mistake| write!(f, "\n- {mistake}"))
            }
            Self::Database(error) => write!(f, "{self}: {error:?}"),
        }
    }
}

/// What is wrong with the settings, each in a sentence.
pub(super) fn mistakes(settings: &Settings) -> Vec<String> {
    let mut mistakes = settings.sessions.mistakes();
    mistakes.extend(settings.bearer.mistakes());
    mistakes.extend(settings.api_keys.mistakes());
    mistakes.extend(settings.lockout.mistakes());
    mistakes.extend(settings.policy.mistakes());
    mistakes.extend(settings.hashing.mistakes().iter().map(ToString::to_string));
    mistakes.extend(settings.rate_limits.mistakes());
    mistakes.extend(settings.http.mistakes());
    mistakes.extend(settings.email.iter().flat_map(EmailConfig::mistakes));
    mistakes.extend(settings.recovery.iter().flat_map(RecoveryConfig::mistakes));
    mistakes
}

/// What is wrong with the names of the app's own transports: gates and answers know them by these.
pub(super) fn transports(own: impl Iterator<Item = &'static str>) -> Vec<String> {
    let (mut known, mut mistakes) = (Vec::new(), Vec::new());
    for name in own {
        if name.is_empty() {
            mistakes.push("transports: one has an empty name".to_owned());
        } else if RESERVED.contains(&name) {
            mistakes
                .push(format!("transports: `{name}` is the library's own; call yours otherwise"));
        } else if known.contains(&name) {
            mistakes.push(format!("transports: two are called `{name}`"));
        }
        known.push(name);
    }
    mistakes
}
