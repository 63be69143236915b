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
mod tests;
