//! Validates all settings together, so that `build()` reports every error at once.

use std::fmt;

use crudauth_core::ConfigError;
use crudauth_core::StoreError;
use crudauth_core::migrate::SchemaError;
use crudauth_core::model::AuthUser;
use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};

use super::settings::Settings;
use crate::transport::METHODS;

/// Why `build()` failed.
///
/// `Debug` prints each error on its own line, since a `main` that returns an error prints it with
/// `Debug`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The settings are invalid, or the database does not match the user struct.
    #[error("{}", lines(settings, schema).join("; "))]
    Invalid {
        /// The invalid settings.
        settings: Vec<ConfigError>,
        /// The differences between database and user struct.
        schema: Vec<SchemaError>,
    },
    /// A store in place of the database could not be reached. A later attempt may succeed.
    #[error("could not connect to the store")]
    Store(#[source] StoreError),
    /// The database could not be inspected. A later attempt may succeed.
    #[error("could not inspect the database")]
    Database(#[source] StoreError),
}

impl BuildError {
    /// Returns the invalid settings.
    #[must_use]
    pub fn settings(&self) -> &[ConfigError] {
        match self {
            Self::Invalid { settings, .. } => settings,
            Self::Store(_) | Self::Database(_) => &[],
        }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { settings, schema } => {
                f.write_str("could not build the mount:")?;
                lines(settings, schema).iter().try_for_each(|error| write!(f, "\n- {error}"))
            }
            Self::Store(error) | Self::Database(error) => write!(f, "{self}: {error:?}"),
        }
    }
}

fn lines(settings: &[ConfigError], schema: &[SchemaError]) -> Vec<String> {
    let settings = settings.iter().map(ToString::to_string);
    settings.chain(schema.iter().map(ToString::to_string)).collect()
}

/// Returns the errors of all settings.
pub(super) fn settings<U: AuthUser>(settings: &Settings<U>) -> Vec<ConfigError> {
    [
        settings.slices.validate(),
        settings.lockout.validate(),
        settings.policy.validate(),
        settings.hashing.validate(),
        settings.rate_limits.validate(),
        settings.http.validate(),
        settings.sign_up.validate::<U>(),
        settings.email.as_ref().map(EmailConfig::validate).unwrap_or_default(),
        settings.recovery.as_ref().map(RecoveryConfig::validate).unwrap_or_default(),
    ]
    .concat()
}

/// Returns the errors of the names of the app's own transports. Gates and responses use these names,
/// so each one must be unique, and none of the `words` that name slices.
pub(super) fn transports(
    own: impl Iterator<Item = &'static str>,
    words: &[&str],
) -> Vec<ConfigError> {
    let setting = "transport";
    let mut known = Vec::new();
    let mut errors = Vec::new();
    for transport in own {
        let name = transport.to_owned();
        if transport.is_empty() {
            let rule = "a name that is not empty";
            errors.push(ConfigError::InvalidName { setting, name, rule });
        } else if METHODS.contains(&transport) || words.contains(&transport) {
            errors.push(ConfigError::ReservedName { setting, name });
        } else if known.contains(&transport) {
            errors.push(ConfigError::DuplicateName { setting, name });
        }
        known.push(transport);
    }
    errors
}
