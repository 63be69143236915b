//! Refuses settings that cannot be right, all of them at once.

use crudauth_core::model::KeyRing;
use crudauth_core::model::SecretKey;
use crudauth_core::ratelimit::Allowances;
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
    if let Err(weak) = &keys {
        mistakes.push(weak.to_string());
    }
    mistakes.extend(settings.sessions.mistakes());
    mistakes.extend(settings.lockout.mistakes());
    mistakes.extend(settings.hashing.validate().err().map(|error| error.to_string()));
    mistakes.extend(settings.http.mistakes());
    mistakes.extend(email.into_iter().flat_map(EmailConfig::mistakes));
    for (name, allowance) in settings.allowances.named() {
        if allowance.times > Allowances::MAX_TIMES {
            mistakes.push(format!("allowances: `{name}` may be at most {}", Allowances::MAX_TIMES));
        }
        if allowance.times > 0 && allowance.within.is_zero() {
            mistakes.push(format!("allowances: `{name}` must be within some time"));
        }
    }
    match keys {
        Ok(keys) if mistakes.is_empty() => Ok(keys),
        _ => Err(ConfigError { mistakes }),
    }
}
