//! What a person typed as a password: in one Unicode form, bounded, never shown.

use std::{fmt, iter};

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// The longest password that is taken, in bytes of UTF-8: as it was typed, and after NFKC.
///
/// Far above the 64 characters that must be possible (ASVS 6.2.9), and low enough that no request
/// can keep a core busy with a password's length.
pub const MAX_BYTES: usize = 4096;

/// A password as a person typed it, in Unicode's form NFKC: the same characters from another
/// keyboard are the same password (NIST SP 800-63B, section 3.1.1.2).
///
/// Where that is another text than the one typed, both are kept: other systems made hashes of what
/// was typed. It is wiped when dropped; `Debug` redacts it; it can be neither printed, serialized nor compared.
#[derive(Clone)]
pub struct Password {
    normal: SecretString,
    /// As it was typed, if that is another text.
    typed: Option<SecretString>,
}

impl Password {
    /// Takes what was typed, whatever it is: a policy is not asked here, since a login must take
    /// what was allowed once.
    ///
    /// # Errors
    /// [`PasswordTooLong`] for more than [`MAX_BYTES`] bytes, typed or after NFKC.
    pub fn parse(typed: &str) -> Result<Self, PasswordTooLong> {
        if typed.len() > MAX_BYTES {
            return Err(PasswordTooLong);
        }
        // NFKC can make eleven bytes of one. It is measured first, because a string that grew on
        // the way would leave pieces of the password behind in freed memory.
        let length = typed.nfkc().map(char::len_utf8).sum();
        if length > MAX_BYTES {
            return Err(PasswordTooLong);
        }
        let mut normal = String::with_capacity(length);
        normal.extend(typed.nfkc());
        let typed = (normal != typed).then(|| SecretString::from(typed));
        Ok(Self { normal: SecretString::from(normal), typed })
    }

    /// How many characters (Unicode code points) it has after NFKC.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.expose().chars().count()
    }

    pub(crate) fn expose(&self) -> &str {
        self.normal.expose_secret()
    }

    /// What other systems may have hashed: the form NFKC, then, if that is another text, the one
    /// that was typed. How many there are depends on what was typed alone.
    pub(crate) fn readings(&self) -> impl Iterator<Item = &str> {
        let typed = self.typed.as_ref().map(|typed| typed.expose_secret());
        iter::once(self.expose()).chain(typed)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// More than [`MAX_BYTES`] bytes were typed as a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a password may have at most {MAX_BYTES} bytes")]
pub struct PasswordTooLong;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_one_password_are_one_password() {
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
    fn what_was_typed_is_the_second_reading_where_it_is_another_text() {
        for typed in ["cafe\u{301}", "\u{ff11}\u{ff12}\u{ff13}", "\u{fb01}le"] {
            let password = Password::parse(typed).unwrap();
            assert_eq!(password.readings().collect::<Vec<_>>(), [password.expose(), typed]);
        }
        for typed in ["caf\u{e9}", " two words ", ""] {
            assert_eq!(Password::parse(typed).unwrap().readings().collect::<Vec<_>>(), [typed]);
        }
    }

    #[test]
    fn blanks_and_case_are_part_of_it() {
        for typed in [" two words ", "\tX\0", ""] {
            assert_eq!(Password::parse(typed).unwrap().expose(), typed);
        }
    }

    #[test]
    fn its_length_is_bounded_as_typed_and_as_normalised() {
        assert_eq!(Password::parse(&"x".repeat(MAX_BYTES)).unwrap().chars(), MAX_BYTES);
        assert_eq!(Password::parse(&"x".repeat(MAX_BYTES + 1)).unwrap_err(), PasswordTooLong);
        // One ligature of three bytes, which NFKC writes out as 18 characters in 33 bytes.
        let ligature = "\u{fdfa}";
        assert_eq!(Password::parse(&ligature.repeat(124)).unwrap().chars(), 124 * 18);
        assert_eq!(Password::parse(&ligature.repeat(125)).unwrap_err(), PasswordTooLong);
        let shrinking = "e\u{301}".repeat(MAX_BYTES / 2);
        assert_eq!(Password::parse(&shrinking).unwrap_err(), PasswordTooLong);
    }

    #[test]
    fn it_is_not_shown() {
        for typed in ["a-strong-one", "a-strong-\u{ff11}"] {
            let shown = format!("{:?}", Password::parse(typed).unwrap());
            assert_eq!(shown, "Password(redacted)");
        }
    }
}
