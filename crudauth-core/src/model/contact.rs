//! The address or number that reaches an account's owner.
//!
//! Used by recovery and by the delivery channels.

use std::fmt;
use std::str::FromStr;

use super::{EmailAddress, Identifier, IdentifierKind, PhoneNumber};

/// An address or number for messages, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Contact {
    /// An email address.
    Email(EmailAddress),
    /// A phone number.
    Phone(PhoneNumber),
}

impl Contact {
    /// Parses a contact of that kind; `None` if `text` is invalid, or the kind cannot receive
    /// messages.
    #[must_use]
    pub fn parse(kind: IdentifierKind, text: &str) -> Option<Self> {
        Identifier::parse(kind, text).ok()?.into_contact()
    }

    /// Parses a contact of that kind which other software may have stored, see
    /// [`EmailAddress::parse_stored`]; `None` if no message can be sent to it.
    #[must_use]
    pub fn parse_stored(kind: IdentifierKind, text: &str) -> Option<Self> {
        if kind == IdentifierKind::Email {
            return EmailAddress::parse_stored(text).ok().map(Self::Email);
        }
        Self::parse(kind, text)
    }

    /// Returns the address or number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(address) => address.as_str(),
            Self::Phone(number) => number.as_str(),
        }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text is not a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an email address nor an international phone number")]
pub struct InvalidContact;

/// Parses a text with a leading `+` as a phone number, and any other as an email address.
impl FromStr for Contact {
    type Err = InvalidContact;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let is_number = typed.trim_start().starts_with('+') && !typed.contains('@');
        let kind = if is_number { IdentifierKind::Phone } else { IdentifierKind::Email };
        Self::parse(kind, typed).ok_or(InvalidContact)
    }
}

impl From<EmailAddress> for Contact {
    fn from(address: EmailAddress) -> Self {
        Self::Email(address)
    }
}
