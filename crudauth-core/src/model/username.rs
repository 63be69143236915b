//! Usernames, which people choose.
//!
//! Names that fold to the same letters are one name. A name is never an email address or a phone
//! number, and has only visible characters. Sign-up and sign-in use it through `Identifier`.

use serde::{Serialize, Serializer};

use super::PhoneNumber;
use super::unicode::{is_invisible, nfc, nfkc};

/// A username: the displayed form, and the key that is compared and unique.
///
/// The displayed form is the typed text in NFC. The key is its compatibility form in lower case
/// (NFKC and the case mapping of RFC 8265, section 3.3), so `Alice` and a full-width `alice` are
/// the same name. Usernames are equal if their keys are.
#[derive(Clone, Debug)]
pub struct Username {
    shown: String,
    key: String,
}

/// Why a text is not a username, worded for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUsername {
    /// The name is empty.
    #[error("value is not a valid username: it is empty")]
    Empty,
    /// The displayed form or the key is longer than [`Username::MAX_CHARS`].
    #[error("value is not a valid username: it is longer than {} characters", Username::MAX_CHARS)]
    TooLong,
    /// The name contains white space.
    #[error("value is not a valid username: it cannot contain blanks")]
    Blank,
    /// The name contains a control character, or one without a glyph.
    #[error("value is not a valid username: it contains an invisible or unassigned character")]
    Invisible,
    /// The name contains an @-sign, possibly in its compatibility form only.
    #[error("value is not a valid username: it cannot contain an @-sign")]
    AtSign,
    /// The name is a phone number, which may be another account's.
    #[error("value is not a valid username: it is a phone number")]
    PhoneNumber,
    /// Folding the name twice gives another key than folding it once.
    #[error("value is not a valid username: it contains characters that cannot be compared")]
    Unstable,
}

impl Username {
    /// Maximum length in code points.
    pub const MAX_CHARS: usize = 64;

    /// Maximum input: far more than [`MAX_CHARS`](Self::MAX_CHARS) take before composition. Bounds
    /// the work for invalid input.
    const MAX_TYPED_BYTES: usize = 16 * Self::MAX_CHARS;

    /// Parses a typed username. White space around it is rejected, not trimmed.
    ///
    /// # Errors
    /// [`InvalidUsername`] with the broken rule.
    pub fn parse(typed: &str) -> Result<Self, InvalidUsername> {
        if typed.is_empty() {
            return Err(InvalidUsername::Empty);
        }
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(InvalidUsername::TooLong);
        }
        let shown: String = nfc(typed).collect();
        let key = fold(&shown);
        if fold(&key) != key {
            return Err(InvalidUsername::Unstable);
        }
        // Folding keeps invisible characters, and reveals a space or an @-sign that a compatibility
        // character hides.
        check(&key)?;
        if PhoneNumber::parse(&key).is_ok() {
            return Err(InvalidUsername::PhoneNumber);
        }
        if shown.chars().count().max(key.chars().count()) > Self::MAX_CHARS {
            return Err(InvalidUsername::TooLong);
        }
        Ok(Self { shown, key })
    }

    /// Returns the displayed form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Returns the form that is compared, looked up and unique.
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

super::text::text!(Username, InvalidUsername);

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

fn check(text: &str) -> Result<(), InvalidUsername> {
    text.chars().try_for_each(|c| match c {
        '@' => Err(InvalidUsername::AtSign),
        c if is_blank(c) => Err(InvalidUsername::Blank),
        c if is_invisible(c) => Err(InvalidUsername::Invisible),
        _ => Ok(()),
    })
}

/// Folds a name. NFKC runs before and after the case mapping, because either can undo the other.
fn fold(text: &str) -> String {
    nfkc(&nfkc(text).collect::<String>().to_lowercase()).collect()
}

impl Username {
    /// Returns the compared form of a text that need not be a valid username.
    pub(crate) fn fold(text: &str) -> String {
        fold(text)
    }
}

/// Returns `true` for white space, and for a character that looks like it.
fn is_blank(c: char) -> bool {
    const BRAILLE_BLANK: char = '\u{2800}';
    c.is_whitespace() || c == BRAILLE_BLANK
}

#[cfg(test)]
mod tests;
