//! Refuses settings that cannot be right, all of them at once.

use crudauth_core::model::{KeyRing, SecretKey};
use crudauth_core::recovery::EmailConfig;

use super::settings::Settings;

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .mistakes.join("; "))]
pub struct ConfigError {
    mistakes: Vec<String>,
}

impl ConfigError {
    /// Each mistake, in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }
}

/// The keys, if nothing is wrong.
pub(super) fn judge(
    secret: &SecretKey,
    settings: &Settings,
    email: Option<&EmailConfig>,
) -> Result<KeyRing, ConfigError> {
    let mut mistakes = Vec::new();
    let keys = KeyRing::new(secret, &settings.previous_secrets);
    mistakes.extend(keys.as_ref().err().into_iter().flatten().cloned());
    mistakes.extend(settings.sessions.mistakes());
    mistakes.extend(settings.lockout.mistakes());
    mistakes.extend(settings.policy.mistakes());
    mistakes.extend(settings.hashing.mistakes().iter().map(ToString::to_string));
    mistakes.extend(settings.allowances.mistakes());
    mistakes.extend(settings.outbox.mistakes());
    mistakes.extend(settings.http.mistakes());
    mistakes.extend(email.into_iter().flat_map(EmailConfig::mistakes));
    match keys {
        Ok(keys) if mistakes.is_empty() => Ok(keys),
        _ => Err(ConfigError { mistakes }),
    }
}
