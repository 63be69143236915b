//! Names that people choose for themselves.
//!
//! It promises that two names which fold to the same letters are one name, that a name is never
//! somebody's email address, and that every character of it can be seen. Registration and login
//! call it through `Identifier`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use super::PhoneNumber;
use super::unicode::is_unseen;

/// A username: the form that is shown, and the key that is compared and unique.
///
/// What is shown is the typed text in NFC; the key is its compatibility form, lower-cased (NFKC and
/// the case mapping of RFC 8265, section 3.3), so `Alice` and a full-width `alice` are the same
/// name. Two usernames are equal when their keys are.
#[derive(Clone, Debug)]
pub struct Username {
    shown: String,
    key: String,
}

/// Why a text is no username, worded for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUsername {
    /// There is nothing.
    #[error("value is not a valid username: it is empty")]
    Empty,
    /// The form shown, or the key, is longer than [`Username::MAX_CHARS`].
    #[error("value is not a valid username: it is longer than {} characters", Username::MAX_CHARS)]
    TooLong,
    /// A blank, anywhere.
    #[error("value is not a valid username: it cannot contain blanks")]
    Blank,
    /// A control character, or one that has no glyph or no meaning of its own.
    #[error("value is not a valid username: it contains an invisible or unassigned character")]
    Unseen,
    /// It has an email's shape, or would have in its compatibility form.
    #[error("value is not a valid username: it cannot contain an @-sign")]
    AtSign,
    /// It is a phone number, by which somebody else may sign in.
    #[error("value is not a valid username: it is a phone number")]
    PhoneNumber,
    /// No form of it stays the same when folded again.
    #[error("value is not a valid username: it contains characters that cannot be compared")]
    Unstable,
}

impl Username {
    /// The longest username, in code points.
    pub const MAX_CHARS: usize = 64;

    /// Far more than [`MAX_CHARS`](Self::MAX_CHARS) can take before they are composed: it bounds
    /// the work for a text that would be refused anyway.
    const MAX_TYPED_BYTES: usize = 16 * Self::MAX_CHARS;

    /// Reads a username as it was typed; blanks around it are refused, not trimmed.
    ///
    /// # Errors
    /// [`InvalidUsername`] with the rule that it breaks.
    pub fn parse(typed: &str) -> Result<Self, InvalidUsername> {
        if typed.is_empty() {
            return Err(InvalidUsername::Empty);
        }
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(InvalidUsername::TooLong);
        }
        let shown: String = typed.nfc().collect();
        let key = fold(&shown);
        if fold(&key) != key {
            return Err(InvalidUsername::Unstable);
        }
        // Folding keeps what cannot be seen, and brings out what a compatibility character hides: a
        // blank, an @-sign.
        check(&key)?;
        if PhoneNumber::parse(&key).is_ok() {
            return Err(InvalidUsername::PhoneNumber);
        }
        let is_too_long = |text: &str| text.chars().count() > Self::MAX_CHARS;
        if is_too_long(&shown) || is_too_long(&key) {
            return Err(InvalidUsername::TooLong);
        }
        Ok(Self { shown, key })
    }

    /// The name as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The name as it is compared, looked up and kept unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Username {}

impl std::hash::Hash for Username {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        Self::parse(typed)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl AsRef<str> for Username {
    fn as_ref(&self) -> &str {
        &self.shown
    }
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

fn check(text: &str) -> Result<(), InvalidUsername> {
    text.chars().try_for_each(|c| match c {
        '@' => Err(InvalidUsername::AtSign),
        c if is_blank(c) => Err(InvalidUsername::Blank),
        c if is_unseen(c) => Err(InvalidUsername::Unseen),
        _ => Ok(()),
    })
}

/// NFKC on both sides of the case mapping: either can undo the other's form.
fn fold(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

impl Username {
    /// The compared form of a text that need not be a username by these rules.
    pub(crate) fn fold(text: &str) -> String {
        fold(text)
    }
}

/// White space, and what looks like it.
fn is_blank(c: char) -> bool {
    const BRAILLE_BLANK: char = '\u{2800}';
    c.is_whitespace() || c == BRAILLE_BLANK
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(typed: &str) -> String {
        Username::parse(typed).unwrap().key().to_owned()
    }

    #[test]
    fn a_name_is_shown_as_it_was_typed_and_compared_without_its_case() {
        let name = Username::parse("Ada.Lovelace-1815").unwrap();
        assert_eq!(name.as_str(), "Ada.Lovelace-1815");
        assert_eq!(name.key(), "ada.lovelace-1815");
        assert_eq!(name, Username::parse("ADA.lovelace-1815").unwrap());
    }

    #[test]
    fn a_lookalike_by_compatibility_is_the_same_name() {
        for typed in ["alice", "ALICE", "ａｌｉｃｅ", "ＡＬＩＣＥ", "𝒶𝓁𝒾𝒸ℯ", "ⓐlice", "alⅰce"]
        {
            assert_eq!(key(typed), "alice", "{typed}");
        }
        assert_eq!(key("\u{212A}arl"), "karl");
        assert_eq!(key("Jose\u{301}"), key("JOSÉ"));
        assert_eq!(key("ﬁona"), "fiona");
    }

    #[test]
    fn what_is_shown_is_composed() {
        assert_eq!(Username::parse("Jose\u{301}").unwrap().as_str(), "José");
    }

    #[test]
    fn names_of_other_scripts_are_names() {
        for name in ["ада", "愛", "عمر", "Ὀδυσσεύς", "İpek", "ßß", "o'hara", "🦀"]
        {
            assert_eq!(Username::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn an_empty_name_is_refused() {
        assert_eq!(Username::parse(""), Err(InvalidUsername::Empty));
    }

    #[test]
    fn blanks_are_refused_and_never_trimmed() {
        for typed in [
            " ",
            " ada",
            "ada ",
            "a da",
            "ada\t",
            "ada\n",
            "ada\r\n",
            "\u{A0}ada",
            "ada\u{3000}",
            "ada\u{2028}",
            "a\u{2800}da",
            // These decompose to a space and a mark.
            "\u{A8}ada",
            "ada\u{B4}",
        ] {
            assert_eq!(Username::parse(typed), Err(InvalidUsername::Blank), "{typed:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for c in [
            '\0',
            '\u{7}',
            '\u{7F}',
            '\u{9B}',
            '\u{AD}',
            '\u{34F}',
            '\u{115F}',
            '\u{1160}',
            '\u{17B4}',
            '\u{180B}',
            '\u{180E}',
            '\u{180F}',
            '\u{200B}',
            '\u{200D}',
            '\u{200F}',
            '\u{202E}',
            '\u{2060}',
            '\u{2065}',
            '\u{2069}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{FFFE}',
            '\u{E000}',
            '\u{378}',
            '\u{E0041}',
            '\u{E0100}',
            '\u{10FFFF}',
        ] {
            let refused = Err(InvalidUsername::Unseen);
            assert_eq!(Username::parse(&format!("a{c}da")), refused, "{:x}", u32::from(c));
        }
    }

    #[test]
    fn a_name_never_has_an_email_shape() {
        for typed in ["@ada", "ada@example.com", "ada＠example.com", "ada﹫example.com"] {
            assert_eq!(Username::parse(typed), Err(InvalidUsername::AtSign), "{typed}");
        }
    }

    #[test]
    fn length_is_counted_in_code_points_of_both_forms() {
        let longest = "é".repeat(Username::MAX_CHARS);
        assert!(Username::parse(&longest).is_ok());
        assert!(Username::parse(&"e\u{301}".repeat(Username::MAX_CHARS)).is_ok());
        let too_long = Err(InvalidUsername::TooLong);
        assert_eq!(Username::parse(&format!("{longest}a")), too_long);
        assert_eq!(Username::parse(&"ﬃ".repeat(22)), too_long);
        assert_eq!(Username::parse(&"a".repeat(1 << 20)), too_long);
    }

    #[test]
    fn a_message_never_echoes_the_name() {
        for typed in [" secret", "secret@x", "secret\0", &"secret".repeat(20)] {
            assert!(!Username::parse(typed).unwrap_err().to_string().contains("secret"));
        }
    }

    #[test]
    fn every_character_there_is_keeps_its_key_or_is_refused() {
        for c in '\0'..=char::MAX {
            if let Ok(name) = Username::parse(&format!("a{c}b")) {
                assert!(!is_unseen(c) && !is_blank(c), "{:x}", u32::from(c));
                assert_eq!(key(name.key()), name.key(), "{:x}", u32::from(c));
            }
        }
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key_and_a_shown_name_its_own_spelling(
            typed in "\\PC{0,20}|[a-zA-ZİıſKΣσς\u{300}-\u{345}]{0,20}",
        ) {
            if let Ok(name) = Username::parse(&typed) {
                let again = Username::parse(name.as_str()).unwrap();
                prop_assert_eq!(again.as_str(), name.as_str());
                prop_assert_eq!(again.key(), name.key());
                prop_assert_eq!(key(name.key()), name.key());
                prop_assert!(!name.key().contains(['@', ' ']));
            }
        }

        #[test]
        fn case_and_width_never_make_a_second_name(typed in "[!-?A-~]{1,30}") {
            let wide: String = typed
                .chars()
                .map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap())
                .collect();
            prop_assert_eq!(key(&wide), key(&typed));
            prop_assert_eq!(key(&typed.to_uppercase()), key(&typed));
        }
    }
}
