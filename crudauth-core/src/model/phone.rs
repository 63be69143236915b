//! Phone numbers, in the one form that is shown, compared, kept unique and sent to.
//!
//! It promises that a number which was read is an international one and can be read again to the
//! same text. Registration, login and recovery call it; a channel is handed the value and never
//! the typed text.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A phone number in its normal form: `+`, country code and number, digits only (ITU-T E.164).
///
/// Whether the number is in use, or belongs to a country, is not known here: only a message that
/// was received proves it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PhoneNumber(String);

/// Why a text is no phone number, worded for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPhone {
    /// It does not begin with `+` and a country code.
    #[error("value is not a valid phone number: begin with + and the country code")]
    National,
    /// There is something in it that no number has.
    #[error("value is not a valid phone number: it may have digits, blanks, dots, dashes and ()")]
    Malformed,
    /// It has fewer than 7 or more than 15 digits.
    #[error("value is not a valid phone number: it has 7 to 15 digits")]
    Length,
}

impl PhoneNumber {
    /// The most characters of the normal form: a `+` and 15 digits (E.164, section 6).
    pub const MAX_CHARS: usize = 16;

    /// Far more than anybody types between the digits.
    const MAX_TYPED_BYTES: usize = 64;

    /// Reads a number as it was typed, with the usual signs between the digits: blanks, dots,
    /// dashes and parentheses. Only international numbers are taken: what a national one means
    /// depends on who reads it.
    ///
    /// # Errors
    /// [`InvalidPhone`] with the rule that it breaks.
    pub fn parse(typed: &str) -> Result<Self, InvalidPhone> {
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(InvalidPhone::Length);
        }
        let rest = typed.trim().strip_prefix('+').ok_or(InvalidPhone::National)?;
        let is_sign = |c: char| matches!(c, ' ' | '.' | '-' | '(' | ')' | '\u{a0}');
        if !rest.chars().all(|c| c.is_ascii_digit() || is_sign(c)) {
            return Err(InvalidPhone::Malformed);
        }
        // `+44 (0)20 …`: what is in parentheses is dialled within the country only.
        if rest.contains("(0") {
            return Err(InvalidPhone::Malformed);
        }
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        // No country code begins with 0 (E.164, section 6.2.1).
        if digits.starts_with('0') {
            return Err(InvalidPhone::National);
        }
        if !(7..=15).contains(&digits.len()) {
            return Err(InvalidPhone::Length);
        }
        Ok(Self(format!("+{digits}")))
    }

    /// The number as it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhone;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        Self::parse(typed)
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ways_to_write_a_number_are_one_number() {
        for typed in
            ["+15550100", "+1 555 0100", "+1 (555) 01-00", "+1.555.0100", " +1\u{a0}5550100 "]
        {
            assert_eq!(PhoneNumber::parse(typed).unwrap().as_str(), "+15550100", "{typed}");
        }
    }

    #[test]
    fn what_is_no_international_number_is_told_apart() {
        for (typed, told) in [
            ("", InvalidPhone::National),
            ("5550100", InvalidPhone::National),
            ("0015550100", InvalidPhone::National),
            ("+05550100", InvalidPhone::National),
            ("+1555ext100", InvalidPhone::Malformed),
            ("+1+5550100", InvalidPhone::Malformed),
            ("+１５５５０１００", InvalidPhone::Malformed),
            ("+155501\0", InvalidPhone::Malformed),
            ("+44 (0)20 7946 0000", InvalidPhone::Malformed),
            ("+123456", InvalidPhone::Length),
            ("+1234567890123456", InvalidPhone::Length),
        ] {
            assert_eq!(PhoneNumber::parse(typed), Err(told), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_again_to_the_same(typed in "\\+?[-0-9 .()a]{0,24}|\\PC{0,30}") {
            if let Ok(number) = PhoneNumber::parse(&typed) {
                prop_assert!(number.as_str().len() <= PhoneNumber::MAX_CHARS);
                prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number));
            }
        }
    }
}
