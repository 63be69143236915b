//! Identifiers of the app's own making: numbers of employees, members and customers.
//!
//! It promises that a code has one form, that every character of it can be seen, and that case
//! counts: `A7` and `a7` may be two people's. Registration and login call it through `Identifier`.

use unicode_normalization::UnicodeNormalization;

use super::PhoneNumber;
use super::unicode::is_unseen;

/// A code that names an account: what was typed, without blanks around it, in Unicode's form NFKC.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code(String);

/// Why a text is no code, worded for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCode {
    /// There is nothing.
    #[error("value is empty")]
    Empty,
    /// It is longer than [`Code::MAX_CHARS`].
    #[error("value is longer than {} characters", Code::MAX_CHARS)]
    TooLong,
    /// A blank within it, a control character, or one that has no glyph or no meaning of its own.
    #[error("value contains a blank or an invisible character")]
    Unseen,
    /// It is an address or a phone number, by which somebody else may sign in.
    #[error("value is an address or a phone number")]
    Contact,
}

impl Code {
    /// The longest code, in code points.
    pub const MAX_CHARS: usize = 64;

    /// Far more than [`MAX_CHARS`](Self::MAX_CHARS) can take before they are composed.
    const MAX_TYPED_BYTES: usize = 16 * Self::MAX_CHARS;

    /// Reads a code as it was typed.
    ///
    /// # Errors
    /// [`InvalidCode`] with the rule that it breaks.
    pub fn parse(typed: &str) -> Result<Self, InvalidCode> {
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(InvalidCode::TooLong);
        }
        let code: String = typed.trim().nfkc().collect();
        if code.is_empty() {
            return Err(InvalidCode::Empty);
        }
        if code.contains(|c: char| c.is_whitespace() || is_unseen(c)) {
            return Err(InvalidCode::Unseen);
        }
        if code.contains('@') || PhoneNumber::parse(&code).is_ok() {
            return Err(InvalidCode::Contact);
        }
        if code.chars().count() > Self::MAX_CHARS {
            return Err(InvalidCode::TooLong);
        }
        Ok(Self(code))
    }

    /// The code as it is kept and compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_code_has_one_form_and_case_counts() {
        assert_eq!(Code::parse(" E-1７ ").unwrap().as_str(), "E-17");
        assert_ne!(Code::parse("a7").unwrap(), Code::parse("A7").unwrap());
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for (typed, told) in [
            ("  ", InvalidCode::Empty),
            ("a b", InvalidCode::Unseen),
            ("a\u{200b}", InvalidCode::Unseen),
            ("a\0", InvalidCode::Unseen),
            ("ada＠example.com", InvalidCode::Contact),
            ("+1-555-0100", InvalidCode::Contact),
        ] {
            assert_eq!(Code::parse(typed), Err(told), "{typed:?}");
        }
        assert_eq!(Code::parse(&"x".repeat(65)), Err(InvalidCode::TooLong));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_again_to_the_same(typed in "\\PC{0,80}") {
            if let Ok(code) = Code::parse(&typed) {
                prop_assert_eq!(Code::parse(code.as_str()), Ok(code));
            }
        }
    }
}
