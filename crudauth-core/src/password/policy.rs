//! Which passwords may be chosen. Asked at registration, reset, change and set; never at a login.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{Password, common};

/// An identifier with fewer characters than this turns up in passwords by chance.
const SHORTEST_IDENTIFIER: usize = 3;
/// What must be left of a password without its identifier: less is an ending like `1!` or `123`.
const FEWEST_OTHER_CHARS: usize = 4;

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
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_chars: 8, refuses_common: true, refuses_identifiers: true }
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
        // ASVS 5.0, 6.2.1 and 6.2.9: at least 8, and 64 must be allowed.
        if (8..=64).contains(&self.min_chars) {
            Vec::new()
        } else {
            vec!["password policy: `min_chars` must be 8 to 64".to_owned()]
        }
    }

    /// Takes passwords from the list of the most used ones too. For an app with a list of its own,
    /// such as a breach service (ASVS 6.2.4 asks for one).
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

    /// Whether `password` may become the password of an account that is named by `own`: its
    /// username, address and number, and any other word that a guesser would try first.
    ///
    /// # Errors
    /// Every rule that it breaks.
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
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

/// Whether the identifier, or an address's part before the `@`, is nearly all of the password.
fn repeats(lower: &str, identifier: &str) -> bool {
    let identifier: String = identifier.trim().nfkc().flat_map(char::to_lowercase).collect();
    let local_part = identifier.rsplit_once('@').map(|(local_part, _)| local_part);
    std::iter::once(identifier.as_str()).chain(local_part).any(|word| is_nearly_all(lower, word))
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
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
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
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::PolicyViolation::{Common, RepeatsIdentifier, TooShort};
    use super::*;

    const OWN: [&str; 2] = ["alice@example.com", "alice"];

    fn violations(typed: &str, own: &[&str]) -> Vec<PolicyViolation> {
        let password = Password::parse(typed).unwrap();
        PasswordPolicy::default().check(&password, own).err().unwrap_or_default()
    }

    #[test]
    fn a_password_that_is_hard_to_guess_is_taken() {
        for typed in [
            "a-strong-one",
            "a-new-strong-one",
            "third-strong-one",
            "changed-meanwhile",
            "another-strong-one",
            "zq7-fk2w",
            &format!("{}tail-one", "x".repeat(72)),
            "correct horse battery staple",
            "alice-in-wonderland",
            "        ",
            "\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}",
        ] {
            assert_eq!(violations(typed, &OWN), [], "{typed}");
        }
    }

    #[test]
    fn a_short_one_is_refused() {
        for typed in ["", "zq7-fk2", "cafe\u{301}-fk", "\u{1f511}\u{1f40e}"] {
            assert_eq!(violations(typed, &OWN), [TooShort { min: 8 }], "{typed}");
        }
        let strict = PasswordPolicy::default().min_chars(15);
        let password = Password::parse("a-strong-one").unwrap();
        assert_eq!(strict.check(&password, &OWN), Err(vec![TooShort { min: 15 }]));
    }

    #[test]
    fn a_common_one_is_refused_in_any_case() {
        for typed in ["password", "PassWord1", "12345678", "qwertyuiop", "\u{ff11}2345678"] {
            assert_eq!(violations(typed, &OWN), [Common], "{typed}");
        }
        let password = Password::parse("password").unwrap();
        assert_eq!(PasswordPolicy::default().allow_common().check(&password, &OWN), Ok(()));
    }

    #[test]
    fn one_that_is_little_more_than_a_name_is_refused() {
        for typed in [
            "alice@example.com",
            "Alice@Example.COM1!",
            "alicealice",
            "alice-alice",
            "aliceecila",
            "ecilaALICE99",
            "123alicealice",
        ] {
            assert_eq!(violations(typed, &OWN), [RepeatsIdentifier], "{typed}");
            let password = Password::parse(typed).unwrap();
            let lax = PasswordPolicy::default().allow_identifiers();
            assert_eq!(lax.check(&password, &OWN), Ok(()));
        }
        assert_eq!(violations("bob.jones!!", &["bob.jones@example.com"]), [RepeatsIdentifier]);
        assert_eq!(violations("Mu\u{308}ller-12", &["m\u{fc}ller"]), [RepeatsIdentifier]);
        assert_eq!(violations("alicealice", &["bob", "", "@", "al"]), []);
        assert_eq!(violations("jojojojojo", &["jo@example.com"]), []);
    }

    #[test]
    fn every_broken_rule_is_told() {
        assert_eq!(violations("alice", &OWN), [TooShort { min: 8 }, RepeatsIdentifier]);
        assert_eq!(violations("a", &OWN), [TooShort { min: 8 }]);
    }
}
