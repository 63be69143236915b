//! Recovery codes: secrets on paper, each of which replaces one code of the authenticator.

use zeroize::Zeroizing;

use crate::model::digest::sha256;
use crate::model::{Account, AuthUser, RecoveryCodeDigest};
use crate::random::random;

/// Letters and digits that are not mistaken for each other: 5 bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of a code: 140 bits, so that a plain digest of it tells nothing (ASVS 6.5.2).
const CHARACTERS: usize = 28;

/// Characters of a code that crudauth-py made: 79 bits. It has one more letter, `u`.
const CRUDAUTH_PY_CHARACTERS: usize = 16;

/// Characters between two dashes.
const GROUP: usize = 4;

/// A recovery code. `Debug` does not show it.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    pub(super) fn generate() -> Self {
        let random: Zeroizing<[u8; CHARACTERS]> = Zeroizing::new(random());
        let characters = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        Self(Zeroizing::new(characters.collect()))
    }

    /// Reads what a person typed: in any case, with or without dashes and blanks. Letters that look
    /// like a digit are read as the digit.
    pub(super) fn parse(typed: &str) -> Option<Self> {
        let mut code = Zeroizing::new(String::with_capacity(CHARACTERS));
        for character in typed.chars().filter(|c| !matches!(c, '-' | ' ' | '\t')) {
            code.push(match character.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                'u' => 'u',
                other if u8::try_from(other).is_ok_and(|byte| ALPHABET.contains(&byte)) => other,
                _ => return None,
            });
        }
        matches!(code.len(), CHARACTERS | CRUDAUTH_PY_CHARACTERS).then_some(Self(code))
    }

    /// The code as it is shown, once: seven groups of four characters.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let groups = self.0.as_bytes().chunks(GROUP).map(String::from_utf8_lossy);
        Zeroizing::new(groups.collect::<Vec<_>>().join("-"))
    }

    /// The stored form: a digest of the code and its account, so that a row that outlives its
    /// account opens no other. That of crudauth-py's codes names no account.
    pub(super) fn digest<U: AuthUser>(&self, account: &Account<U>) -> RecoveryCodeDigest {
        if self.0.len() == CRUDAUTH_PY_CHARACTERS {
            return RecoveryCodeDigest::new(sha256(&[self.0.as_bytes()]));
        }
        let owner = account.counter_key();
        RecoveryCodeDigest::new(sha256(&[owner.as_bytes(), b" ", self.0.as_bytes()]))
    }
}

crate::opaque::opaque!(RecoveryCode);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_in_every_form_that_a_person_types() {
        let code = RecoveryCode("0123456789abcdefghjkmnpqrstv".to_owned().into());
        let shown = "0123-4567-89ab-cdef-ghjk-mnpq-rstv";
        assert_eq!(*code.expose(), shown);
        for typed in [
            shown,
            "0123456789abcdefghjkmnpqrstv",
            " O1 23-4567-89AB-CDEF-GHJK-MNPQ-RSTV\t",
            "oi23-4567-89ab-cdef-ghjk-mnpq-rstv",
            "0l23-4567-89ab-cdef-ghjk-mnpq-rstv",
        ] {
            assert_eq!(RecoveryCode::parse(typed).unwrap().0, code.0, "{typed}");
        }
    }

    #[test]
    fn another_form_is_no_code() {
        let code = RecoveryCode::generate().expose();
        for wrong in
            ["", "123456", &code[1..], &format!("{}0", *code), &code.replace('-', "_"), "é"]
        {
            assert!(RecoveryCode::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn codes_differ_and_are_not_shown() {
        let code = RecoveryCode::generate();
        assert_ne!(code.0, RecoveryCode::generate().0);
        assert_eq!(RecoveryCode::parse(&code.expose()).unwrap().0, code.0);
        assert_eq!(format!("{code:?}"), "RecoveryCode(..)");
    }
}
