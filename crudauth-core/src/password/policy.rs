//! Rules for new passwords. They apply to sign-up, reset, change and set, never to a login.

use std::borrow::Cow;
use std::time::Duration;

use zeroize::Zeroizing;

use super::breach::{BreachService, SharedBreachService};
use super::candidate::Validator;
use super::{Candidate, Password, common};
use crate::config_error::ConfigError;
use crate::model::nfkc;

/// A shorter identifier occurs in passwords by chance.
const SHORTEST_IDENTIFIER: usize = 3;
/// Number of characters besides the identifier. Fewer are an ending such as `1!` or `123`.
const FEWEST_OTHER_CHARS: usize = 4;
/// A person waits for the answer.
const LONGEST_LOOK_UP: Duration = Duration::from_secs(30);

crate::settings! {
    /// Rules for new passwords.
    ///
    /// By default a password has at least 8 characters, is not among the most common ones, and is
    /// not built from the account's own identifiers. There are no rules on upper case, digits or
    /// symbols: they make passwords worse, and both NIST (SP 800-63B, section 3.1.1.2) and ASVS
    /// (6.2.5) forbid them.
    #[derive(Clone, Debug)]
    pub struct PasswordPolicy {
        /// Smallest number of characters, counted as code points after NFKC (default 8; 8 to 64).
        /// NIST asks for 15 if the password is the only factor.
        min_chars: usize = 8,
        /// Time after which a new password passes without the answer of the breach service (default
        /// 2 seconds; 1 millisecond to 30 seconds).
        breach_time_limit: Duration = Duration::from_secs(2),
    }
    private {
        rejects_common: bool = true,
        rejects_identifiers: bool = true,
        validators: Vec<Validator> = Vec::new(),
        breaches: Option<SharedBreachService> = None,
    }
}

impl PasswordPolicy {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let time_limit = Duration::from_millis(1)..=LONGEST_LOOK_UP;
        ConfigError::found([
            // ASVS 5.0, 6.2.1 and 6.2.9: at least 8, and 64 must be allowed.
            ConfigError::number("password_policy.min_chars", self.min_chars, 8..=64),
            ConfigError::duration(
                "password_policy.breach_time_limit",
                self.breach_time_limit,
                time_limit,
            ),
        ])
    }

    /// Accepts the most common passwords as well.
    ///
    /// For an app with its own list, or with a [`breach_service`](Self::breach_service) that never
    /// fails (ASVS 6.2.4 asks for either).
    #[must_use]
    pub const fn allow_common(mut self) -> Self {
        self.rejects_common = false;
        self
    }

    /// Accepts passwords built from the account's own username or address as well.
    #[must_use]
    pub const fn allow_identifiers(mut self) -> Self {
        self.rejects_identifiers = false;
        self
    }

    /// Adds a rule of the app.
    ///
    /// Rules run in their order, after all rules of the library have passed. Each error is shown to
    /// the user, as a 422 at the field of the password. A rule must be fast and deterministic, and
    /// may run twice for one password. A rule that needs I/O is a
    /// [`breach_service`](Self::breach_service).
    ///
    /// ```
    /// # use crudauth_core::password::PasswordPolicy; // crudauth::PasswordPolicy
    /// let policy = PasswordPolicy::default().validator(|candidate| {
    ///     if candidate.text().to_lowercase().contains("acme") {
    ///         return Err("The password must not contain our name.");
    ///     }
    ///     Ok(())
    /// });
    /// ```
    #[must_use]
    pub fn validator<M: Into<Cow<'static, str>>>(
        mut self,
        rule: impl Fn(&Candidate<'_>) -> Result<(), M> + Send + Sync + 'static,
    ) -> Self {
        self.validators.push(Validator::new(rule));
        self
    }

    /// Rejects passwords that this service knows from a data breach, for example
    /// [`HaveIBeenPwned`](super::breach) (feature `breach`; default: no service).
    ///
    /// The service is called after all other rules have passed, and receives five hex digits of a
    /// digest. If it fails, the password passes, and the failure is logged.
    #[must_use]
    pub fn breach_service(mut self, service: impl BreachService) -> Self {
        self.breaches = Some(SharedBreachService::new(service));
        self
    }

    /// Checks a new password of an account that is named by `own`: its username, address and
    /// number, and other words that an attacker would try first.
    ///
    /// # Errors
    /// Every rule that the password breaks. The app's own rules run after the others, and the
    /// breach service last.
    pub async fn judge(
        &self,
        password: &Password,
        own: &[&str],
    ) -> Result<(), Vec<PolicyViolation>> {
        self.check(password, own)?;
        match &self.breaches {
            Some(service) if service.is_breached(password, self.breach_time_limit).await => {
                Err(vec![PolicyViolation::Breached])
            }
            _ => Ok(()),
        }
    }

    /// Checks a new password without the breach service.
    ///
    /// # Errors
    /// Every rule that the password breaks. The app's own rules run after the others.
    pub fn check(&self, password: &Password, own: &[&str]) -> Result<(), Vec<PolicyViolation>> {
        let lower = Zeroizing::new(password.expose().to_lowercase());
        let mut violations = Vec::new();
        if password.chars() < self.min_chars {
            violations.push(PolicyViolation::TooShort { min: self.min_chars });
        }
        if self.rejects_common && common::is_common(&lower) {
            violations.push(PolicyViolation::Common);
        }
        if self.rejects_identifiers && own.iter().any(|own| repeats(&lower, own)) {
            violations.push(PolicyViolation::RepeatsIdentifier);
        }
        if violations.is_empty() {
            let candidate = Candidate::new(password, own);
            let refusals = self.validators.iter().filter_map(|rule| rule.rejection(&candidate));
            violations.extend(refusals.map(PolicyViolation::Refused));
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

/// Returns `true` if the password is little more than the identifier, or than the part of an
/// address before the `@`.
fn repeats(lower: &str, identifier: &str) -> bool {
    let identifier: String = nfkc(identifier.trim()).flat_map(char::to_lowercase).collect();
    let local_part = identifier.rsplit_once('@').map(|(local_part, _)| local_part);
    let digits = identifier.strip_prefix('+');
    let is_any_part = std::iter::once(identifier.as_str())
        .chain(local_part)
        .chain(digits)
        .any(|word| is_nearly_all(lower, word));
    // A phone number is known with or without its country code.
    let is_national_number = lower.bytes().all(|byte| byte.is_ascii_digit())
        && digits.is_some_and(|digits| digits.ends_with(lower));
    is_any_part || is_national_number
}

fn is_nearly_all(lower: &str, word: &str) -> bool {
    if word.chars().count() < SHORTEST_IDENTIFIER {
        return false;
    }
    let backwards: String = word.chars().rev().collect();
    let rest = Zeroizing::new(lower.replace(word, ""));
    let rest = Zeroizing::new(rest.replace(&backwards, ""));
    rest.len() < lower.len() && rest.chars().count() < FEWEST_OTHER_CHARS
}

/// A rule that a new password breaks. `Display` is a message for the user.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyViolation {
    /// It is too short.
    #[error("The password must have at least {min} characters.")]
    TooShort {
        /// Smallest number of characters.
        min: usize,
    },
    /// It is one of the most common passwords.
    #[error("This password is one of the most used ones. Please choose another.")]
    Common,
    /// It is built from an identifier of the account.
    #[error("The password is too close to your own name or address. Please choose another.")]
    RepeatsIdentifier,
    /// A rule of the app rejects it, with this message.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// It has appeared in a data breach.
    #[error("This password has appeared in a data breach. Please choose another.")]
    Breached,
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
