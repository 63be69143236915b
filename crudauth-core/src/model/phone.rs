//! Phone numbers, in one normal form that is displayed, compared, unique and sent to.
//!
//! A parsed number is international, and parses again to the same text. Called by sign-up, sign-in
//! and recovery. A channel receives the value, never the typed text.

use serde::Serialize;

/// A phone number in its normal form: `+`, country code and number, digits only (ITU-T E.164).
///
/// The number is not known to be in use or to belong to a country. Only a received message proves
/// that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PhoneNumber(String);

/// Why a text is not a phone number, worded for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPhone {
    /// The number does not begin with `+` and a country code.
    #[error("value is not a valid phone number: begin with + and the country code")]
    National,
    /// The number contains an invalid character.
    #[error("value is not a valid phone number: it may have digits, blanks, dots, dashes and ()")]
    Malformed,
    /// The number has fewer than 7 or more than 15 digits.
    #[error("value is not a valid phone number: it has 7 to 15 digits")]
    Length,
}

impl PhoneNumber {
    /// Maximum length of the normal form: `+` and 15 digits (E.164, section 6).
    pub const MAX_CHARS: usize = 16;

    /// Maximum input, including separators.
    const MAX_TYPED_BYTES: usize = 64;

    /// Parses a typed number, with spaces, dots, dashes and parentheses between the digits.
    ///
    /// Invisible marks of the writing direction, which address books put around numbers, are
    /// ignored.
    ///
    /// Only international numbers are accepted, because a national number is ambiguous.
    ///
    /// # Errors
    /// [`InvalidPhone`] with the broken rule.
    pub fn parse(typed: &str) -> Result<Self, InvalidPhone> {
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(InvalidPhone::Length);
        }
        let typed = typed.replace(is_direction_mark, "");
        let rest = typed.trim().strip_prefix('+').ok_or(InvalidPhone::National)?;
        if !rest.chars().all(|c| matches!(c, '0'..='9' | ' ' | '.' | '-' | '(' | ')' | '\u{a0}')) {
            return Err(InvalidPhone::Malformed);
        }
        // In `+44 (0)20 …`, the digits in parentheses are dialled within the country only.
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

    /// Returns the number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns `true` for the characters of Unicode with the property `Bidi_Control` (UAX #9).
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

super::text::text!(PhoneNumber, InvalidPhone);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_spellings_of_a_number_have_one_form() {
        for typed in
            ["+15550100", "+1 555 0100", "+1 (555) 01-00", "+1.555.0100", " +1\u{a0}5550100 "]
        {
            assert_eq!(PhoneNumber::parse(typed).unwrap().as_str(), "+15550100", "{typed}");
        }
    }

    #[test]
    fn a_number_is_read_with_the_direction_marks_of_an_address_book() {
        for typed in [
            "\u{202a}+1\u{a0}555\u{a0}0100\u{202c}",
            "\u{200e}+1 (555) 01\u{200f}-00",
            " \u{2066}+15550100\u{2069} ",
            "\u{61c}+15550100",
        ] {
            assert_eq!(PhoneNumber::parse(typed).unwrap().as_str(), "+15550100", "{typed:?}");
        }
        assert!(PhoneNumber::parse("\u{200b}+15550100").is_err(), "no mark of direction");
    }

    #[test]
    fn invalid_numbers_are_rejected_with_their_rule() {
        for (typed, error) in [
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
            assert_eq!(PhoneNumber::parse(typed), Err(error), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_stable(typed in "\\+?[-0-9 .()a]{0,24}|\\PC{0,30}") {
            if let Ok(number) = PhoneNumber::parse(&typed) {
                prop_assert!(number.as_str().len() <= PhoneNumber::MAX_CHARS);
                prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number));
            }
        }
    }
}
