//! Which passwords may be chosen. Asked at registration, reset, change and set; never at a login.

use std::borrow::Cow;
use std::time::Duration;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::breach::{BreachService, SharedBreachService};
use super::candidate::Validator;
use super::{Candidate, Password, common};

/// An identifier with fewer characters than this turns up in passwords by chance.
const SHORTEST_IDENTIFIER: usize = 3;
/// What must be left of a password without its identifier: less is an ending like `1!` or `123`.
const FEWEST_OTHER_CHARS: usize = 4;
/// Somebody is waiting for the answer.
const LONGEST_LOOK_UP: Duration = Duration::from_secs(30);

/// What a new password must be.
///
/// The default asks for 8 characters and refuses known and self-made-of-the-name ones. There are no
/// rules on upper case, digits or symbols to turn on: they make passwords worse, and both NIST
/// (SP 800-63B, section 3.1.1.2) and ASVS (6.2.5) forbid them.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    min_chars: usize,
    refuses_common: bool,
    refuses_identifiers: bool,
    validators: Vec<Validator>,
    breaches: Option<SharedBreachService>,
    breach_time_limit: Duration,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_chars: 8,
            refuses_common: true,
            refuses_identifiers: true,
            validators: Vec::new(),
            breaches: None,
            breach_time_limit: Duration::from_secs(2),
        }
    }
}

impl PasswordPolicy {
    /// The fewest characters, in code points after NFKC (default 8; 15 is what NIST asks where the
    /// password is the only factor).
    #[must_use]
    pub const fn min_chars(mut self, min_chars: usize) -> Self {
        self.min_chars = min_chars;
        self
    }

    /// Asks for at least so many characters, or for more where it does already.
    #[must_use]
    pub fn at_least(self, min_chars: usize) -> Self {
        let min_chars = self.min_chars.max(min_chars);
        self.min_chars(min_chars)
    }

    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        // ASVS 5.0, 6.2.1 and 6.2.9: at least 8, and 64 must be allowed.
        if !(8..=64).contains(&self.min_chars) {
            mistakes.push("password policy: `min_chars` must be 8 to 64".to_owned());
        }
        if self.breach_time_limit.is_zero() || self.breach_time_limit > LONGEST_LOOK_UP {
            let mistake = "password policy: `breach_time_limit` must be more than nothing, and \
                           30 s at most";
            mistakes.push(mistake.to_owned());
        }
        mistakes
    }

    /// Takes passwords from the list of the most used ones too. For an app with a list of its own,
    /// or one whose [`breach_service`](Self::breach_service) never fails (ASVS 6.2.4 asks for
    /// either).
    #[must_use]
    pub const fn allow_common(mut self) -> Self {
        self.refuses_common = false;
        self
    }

    /// Takes passwords that are little more than the account's own name or address too.
    #[must_use]
    pub const fn allow_identifiers(mut self) -> Self {
        self.refuses_identifiers = false;
        self
    }

    /// Adds a rule of the app's own, beside those that there are already.
    ///
    /// Rules of this kind are asked in their order, once all others hold, and every sentence that
    /// one answers is told to the person: as a mistake (422) at the field that the password was
    /// typed into. A rule is quick, always says the same of the same password, and may be asked
    /// twice; what asks somebody else is a [`breach_service`](Self::breach_service).
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

    /// Refuses what this service knows from a data breach, such as
    /// [`HaveIBeenPwned`](super::breach) (feature `breach`; default: nobody is asked).
    ///
    /// It is asked when a password is chosen and every other rule holds, and learns five hex digits
    /// of a digest. Where it does not answer, the password passes, and the log says so.
    #[must_use]
    pub fn breach_service(mut self, service: impl BreachService) -> Self {
        self.breaches = Some(SharedBreachService::new(service));
        self
    }

    /// How long the breach service may take, beyond which the password passes (default 2 s, at most
    /// 30 s).
    #[must_use]
    pub const fn breach_time_limit(mut self, limit: Duration) -> Self {
        self.breach_time_limit = limit;
        self
    }

    /// Whether `password` may become the password of an account that is named by `own`: its
    /// username, address and number, and any other word that a guesser would try first.
    ///
    /// # Errors
    /// Every rule that it breaks; the app's own rules are asked once all others hold, and the breach
    /// service at the end.
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

    /// The same without the breach service, which is not asked.
    ///
    /// # Errors
    /// Every rule that it breaks; the app's own rules are asked once all others hold.
    pub fn check(&self, password: &Password, own: &[&str]) -> Result<(), Vec<PolicyViolation>> {
        let lower = Zeroizing::new(password.expose().to_lowercase());
        let mut violations = Vec::new();
        if password.chars() < self.min_chars {
            violations.push(PolicyViolation::TooShort { min: self.min_chars });
        }
        if self.refuses_common && common::is_common(&lower) {
            violations.push(PolicyViolation::Common);
        }
        if self.refuses_identifiers && own.iter().any(|own| repeats(&lower, own)) {
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

/// Whether the identifier, or an address's part before the `@`, is nearly all of the password.
fn repeats(lower: &str, identifier: &str) -> bool {
    let identifier: String = identifier.trim().nfkc().flat_map(char::to_lowercase).collect();
    let local_part = identifier.rsplit_once('@').map(|(local_part, _)| local_part);
    // A phone number is dialled with or without its country code.
    let is_national =
        |digits: &str| digits.ends_with(lower) && lower.chars().all(|c| c.is_ascii_digit());
    let digits = identifier.strip_prefix('+');
    std::iter::once(identifier.as_str())
        .chain(local_part)
        .chain(digits)
        .any(|word| is_nearly_all(lower, word))
        || digits.is_some_and(is_national)
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

/// A rule that a new password breaks, worded for the person who chose it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyViolation {
    /// It has fewer characters than asked for.
    #[error("The password must have at least {min} characters.")]
    TooShort {
        /// The fewest that are taken.
        min: usize,
    },
    /// It is on the list of the most used passwords.
    #[error("This password is one of the most used ones. Please choose another.")]
    Common,
    /// It is little more than what names the account.
    #[error("The password is too close to your own name or address. Please choose another.")]
    RepeatsIdentifier,
    /// A rule of the app's own refuses it, with this sentence.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// It is known from a data breach.
    #[error("This password has appeared in a data breach. Please choose another.")]
    Breached,
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
