//! Passwords as people type them: normalized, bounded, never printed.
//!
//! Created when a form is read; used by the policy and the hashing pool.

use std::iter;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::model::nfkc;

/// Maximum length of a password, in bytes of UTF-8, both as typed and after NFKC.
///
/// Far above the required 64 characters (ASVS 6.2.9), and low enough that no request can keep a
/// core busy with a long password.
pub const MAX_BYTES: usize = 4096;

/// A password as a person typed it, in the Unicode form NFKC.
///
/// The same characters from another keyboard are the same password (NIST SP 800-63B, section
/// 3.1.1.2). If NFKC changes the text, the typed text is kept too, because other systems hashed the
/// typed text.
///
/// Clones share the text, which is wiped when the last one is dropped. `Debug` redacts it. It
/// cannot be printed, serialized or compared.
#[derive(Clone)]
pub struct Password(Arc<Texts>);

struct Texts {
    normal: SecretString,
    /// The typed text, if it differs from `normal`.
    typed: Option<SecretString>,
}

impl Password {
    /// Normalizes a typed password. No policy applies, because a sign-in must accept every password
    /// that was allowed once.
    ///
    /// # Errors
    /// [`PasswordTooLong`] for more than [`MAX_BYTES`] bytes, typed or after NFKC.
    pub fn parse(typed: &str) -> Result<Self, PasswordTooLong> {
        if typed.len() > MAX_BYTES {
            return Err(PasswordTooLong);
        }
        // NFKC can turn one byte into eleven. Measure first: a string that grows leaves parts of
        // the password behind in freed memory.
        let length = nfkc(typed).map(char::len_utf8).sum();
        if length > MAX_BYTES {
            return Err(PasswordTooLong);
        }
        let mut normal = String::with_capacity(length);
        normal.extend(nfkc(typed));
        let typed = (normal != typed).then(|| SecretString::from(typed));
        Ok(Self(Arc::new(Texts { normal: SecretString::from(normal), typed })))
    }

    /// Returns the number of characters (Unicode code points) after NFKC.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.expose().chars().count()
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.normal.expose_secret()
    }

    /// Returns the texts that other systems may have hashed: the NFKC form, then the typed text if
    /// it differs. Their number depends on the typed text alone.
    pub(crate) fn readings(&self) -> impl Iterator<Item = &str> {
        let typed = self.0.typed.as_ref().map(|typed| typed.expose_secret());
        iter::once(self.expose()).chain(typed)
    }
}

crate::opaque::opaque!(Password);

/// A password has more than [`MAX_BYTES`] bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a password may have at most {MAX_BYTES} bytes")]
pub struct PasswordTooLong;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;

    #[test]
    fn unicode_forms_of_one_password_are_equal() {
        for (composed, other) in [
            ("caf\u{e9}", "cafe\u{301}"),
            ("123", "\u{ff11}\u{ff12}\u{ff13}"),
            ("file", "\u{fb01}le"),
        ] {
            let password = Password::parse(other).unwrap();
            assert_eq!(password.expose(), composed);
            assert_eq!(password.chars(), composed.chars().count());
        }
    }

    #[test]
    fn the_typed_text_is_the_second_reading_if_it_differs() {
        for typed in ["cafe\u{301}", "\u{ff11}\u{ff12}\u{ff13}", "\u{fb01}le"] {
            let password = Password::parse(typed).unwrap();
            assert_eq!(password.readings().collect::<Vec<_>>(), [password.expose(), typed]);
        }
        for typed in ["caf\u{e9}", " two words ", ""] {
            assert_eq!(Password::parse(typed).unwrap().readings().collect::<Vec<_>>(), [typed]);
        }
    }

    #[test]
    fn spaces_and_case_are_kept() {
        for typed in [" two words ", "\tX\0", ""] {
            assert_eq!(Password::parse(typed).unwrap().expose(), typed);
        }
    }

    #[test]
    fn the_length_is_limited_as_typed_and_normalized() {
        assert_eq!(Password::parse(&"x".repeat(MAX_BYTES)).unwrap().chars(), MAX_BYTES);
        assert_eq!(Password::parse(&"x".repeat(MAX_BYTES + 1)).unwrap_err(), PasswordTooLong);
        // NFKC turns this ligature of three bytes into 18 characters of 33 bytes.
        let ligature = "\u{fdfa}";
        assert_eq!(Password::parse(&ligature.repeat(124)).unwrap().chars(), 124 * 18);
        assert_eq!(Password::parse(&ligature.repeat(125)).unwrap_err(), PasswordTooLong);
        let shrinking = "e\u{301}".repeat(MAX_BYTES / 2);
        assert_eq!(Password::parse(&shrinking).unwrap_err(), PasswordTooLong);
    }

    #[test]
    fn debug_redacts_the_password() {
        for typed in ["a-strong-one", "a-strong-\u{ff11}"] {
            let shown = format!("{:?}", Password::parse(typed).unwrap());
            assert_eq!(shown, "Password(..)");
        }
    }
}
