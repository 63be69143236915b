//! The code in a mail, for the browser that asked for it.

use secrecy::{ExposeSecret, SecretString};

use super::{ChallengeDigest, KeyRing, Mac};
use crate::random::random;

const DIGITS: usize = 8;

/// Eight random digits, which sign in the browser that asked for the mail.
///
/// `Debug` redacts the value, and it is wiped when dropped. A store keeps a keyed digest only: a
/// plain one of so few digits would reveal them.
#[derive(Clone, Debug)]
pub struct MailedCode(SecretString);

impl MailedCode {
    /// Makes a new one.
    pub(crate) fn generate() -> Self {
        // Of 2^64 numbers, each remainder is as likely as the others to 11 digits.
        let number = u64::from_be_bytes(random()) % 100_000_000;
        Self(SecretString::from(format!("{number:08}")))
    }

    /// Reads what a person typed: eight digits, with or without blanks and dashes.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 4 * DIGITS {
            return None;
        }
        let digits: String = typed.chars().filter(|c| !matches!(c, ' ' | '\t' | '-')).collect();
        let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(SecretString::from(digits)))
    }

    /// The digits, to be sent.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The stored form: a keyed hash of the challenge and the code.
    pub(crate) fn stored(&self, keys: &KeyRing, challenge: &ChallengeDigest) -> Mac {
        keys.current().mailed_code.mac(&self.parts(challenge))
    }

    /// Returns `true` if `stored` is the stored form of this code, under any key in use.
    pub(crate) fn is(&self, stored: &Mac, keys: &KeyRing, challenge: &ChallengeDigest) -> bool {
        keys.all().any(|keys| keys.mailed_code.mac(&self.parts(challenge)) == *stored)
    }

    fn parts<'p>(&'p self, challenge: &'p ChallengeDigest) -> [&'p [u8]; 2] {
        [challenge.as_bytes(), self.expose().as_bytes()]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;
    use crate::model::{ChallengeToken, SecretKey};
    use crate::testing_world::{OTHER_SECRET, SECRET};

    fn keys(current: &str, previous: &[&str]) -> KeyRing {
        let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
        KeyRing::new(&SecretKey::from(current), &previous).unwrap()
    }

    #[test]
    fn a_code_is_read_in_every_form_that_a_person_types() {
        for typed in ["01234567", " 01234567\t", "0123-4567", "01 23 45 67", "0 1 2 3 4 5 6 7"] {
            assert_eq!(MailedCode::parse(typed).unwrap().expose(), "01234567", "{typed}");
        }
        let blanks = format!("01234567{}", " ".repeat(100));
        for wrong in ["", "1234567", "012345678", "0123456a", "\u{0661}2345678", &blanks] {
            assert!(MailedCode::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_code_has_eight_digits_and_is_not_shown() {
        for _ in 0..100 {
            let code = MailedCode::generate();
            assert_eq!(MailedCode::parse(code.expose()).unwrap().expose(), code.expose());
            assert!(!format!("{code:?}").contains(code.expose()));
        }
    }

    #[test]
    fn a_stored_code_belongs_to_one_challenge_and_outlives_a_change_of_the_secret() {
        let [one, other] = [(); 2].map(|()| ChallengeToken::generate().digest());
        let code = MailedCode::parse("01234567").unwrap();
        let stored = code.stored(&keys(SECRET, &[]), &one);
        assert!(code.is(&stored, &keys(OTHER_SECRET, &[SECRET]), &one));
        assert!(!code.is(&stored, &keys(SECRET, &[]), &other));
        assert!(!code.is(&stored, &keys(OTHER_SECRET, &[]), &one));
        assert!(!MailedCode::parse("01234568").unwrap().is(&stored, &keys(SECRET, &[]), &one));
    }
}
