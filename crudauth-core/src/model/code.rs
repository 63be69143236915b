//! Identifiers that the app assigns, such as employee, member and customer numbers.
//!
//! A code has one normal form and only visible characters. Case counts: `A7` and `a7` may name two
//! accounts. Sign-up and sign-in use it through `Identifier`.

use super::PhoneNumber;
use super::unicode::{is_invisible, nfkc};

/// A code that names an account, trimmed and in the Unicode form NFKC.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code(String);

/// Why a text is not a code, worded for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCode {
    /// The code is empty.
    #[error("value is empty")]
    Empty,
    /// The code is longer than [`Code::MAX_CHARS`].
    #[error("value is longer than {} characters", Code::MAX_CHARS)]
    TooLong,
    /// The code contains white space, a control character, or a character without a glyph.
    #[error("value contains a blank or an invisible character")]
    Invisible,
    /// The code is an email address or a phone number, which may be another account's.
    #[error("value is an address or a phone number")]
    Contact,
}

impl Code {
    /// Maximum length in code points.
    pub const MAX_CHARS: usize = 64;

    /// Maximum input: far more than [`MAX_CHARS`](Self::MAX_CHARS) take before composition.
    const MAX_TYPED_BYTES: usize = 16 * Self::MAX_CHARS;

    /// Parses a typed code.
    ///
    /// # Errors
    /// [`InvalidCode`] with the broken rule.
    pub fn parse(typed: &str) -> Result<Self, InvalidCode> {
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(InvalidCode::TooLong);
        }
        let code: String = nfkc(typed.trim()).collect();
        if code.is_empty() {
            return Err(InvalidCode::Empty);
        }
        if code.contains(|c: char| c.is_whitespace() || is_invisible(c)) {
            return Err(InvalidCode::Invisible);
        }
        if code.contains('@') || PhoneNumber::parse(&code).is_ok() {
            return Err(InvalidCode::Contact);
        }
        if code.chars().count() > Self::MAX_CHARS {
            return Err(InvalidCode::TooLong);
        }
        Ok(Self(code))
    }

    /// Returns the code as it is stored and compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_normalized_and_case_sensitive() {
        assert_eq!(Code::parse(" E-1７ ").unwrap().as_str(), "E-17");
        assert_ne!(Code::parse("a7").unwrap(), Code::parse("A7").unwrap());
    }

    #[test]
    fn invalid_codes_are_rejected() {
        for (typed, error) in [
            ("  ", InvalidCode::Empty),
            ("a b", InvalidCode::Invisible),
            ("a\u{200b}", InvalidCode::Invisible),
            ("a\0", InvalidCode::Invisible),
            ("ada＠example.com", InvalidCode::Contact),
            ("+1-555-0100", InvalidCode::Contact),
        ] {
            assert_eq!(Code::parse(typed), Err(error), "{typed:?}");
        }
        assert_eq!(Code::parse(&"x".repeat(65)), Err(InvalidCode::TooLong));
    }

    proptest! {
        #[test]
        fn the_normal_form_is_stable(typed in "\\PC{0,80}") {
            if let Ok(code) = Code::parse(&typed) {
                prop_assert_eq!(Code::parse(code.as_str()), Ok(code));
            }
        }
    }
}
