//! Identifiers of accounts: parsing, the compared form, and look-ups of typed text.
//!
//! Called by sign-up, sign-in and the migrations.

use super::unicode::{nfc, nfkc};
use super::{
    AuthUser, Code, Contact, EmailAddress, IdentifierColumn, IdentifierKind, InvalidCode,
    InvalidEmail, InvalidPhone, InvalidUsername, PhoneNumber, Username,
};

/// A parsed identifier of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// An email address.
    Email(EmailAddress),
    /// A username.
    Username(Username),
    /// A phone number.
    Phone(PhoneNumber),
    /// A code that the app assigns.
    Code(Code),
}

/// Why a text is not an identifier of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    /// The text is not an email address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// The text is not a username.
    #[error(transparent)]
    Username(#[from] InvalidUsername),
    /// The text is not a phone number.
    #[error(transparent)]
    Phone(#[from] InvalidPhone),
    /// The text is not a code.
    #[error(transparent)]
    Code(#[from] InvalidCode),
}

impl InvalidIdentifier {
    /// Returns `true` if the text is too long for its kind.
    #[must_use]
    pub const fn is_too_long(&self) -> bool {
        matches!(
            self,
            Self::Email(InvalidEmail::TooLong)
                | Self::Username(InvalidUsername::TooLong)
                | Self::Code(InvalidCode::TooLong)
        )
    }
}

impl Identifier {
    /// Parses a typed identifier of that kind.
    ///
    /// # Errors
    /// [`InvalidIdentifier`] with the broken rule.
    pub fn parse(kind: IdentifierKind, typed: &str) -> Result<Self, InvalidIdentifier> {
        Ok(match kind {
            IdentifierKind::Email => Self::Email(EmailAddress::parse(typed)?),
            IdentifierKind::Username => Self::Username(Username::parse(typed)?),
            IdentifierKind::Phone => Self::Phone(PhoneNumber::parse(typed)?),
            IdentifierKind::Code => Self::Code(Code::parse(typed)?),
        })
    }

    /// Returns the displayed form.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Email(address) => address.as_str(),
            Self::Username(name) => name.as_str(),
            Self::Phone(number) => number.as_str(),
            Self::Code(code) => code.as_str(),
        }
    }

    /// Returns the form that is compared and unique in `column`. Without a key column, this is the
    /// displayed form.
    #[must_use]
    pub fn key(&self, column: &IdentifierColumn) -> &str {
        match self {
            Self::Username(name) if column.has_own_key() => name.key(),
            other => other.shown(),
        }
    }

    /// Converts the identifier into a contact, if it can receive messages.
    #[must_use]
    pub fn into_contact(self) -> Option<Contact> {
        match self {
            Self::Email(address) => Some(Contact::Email(address)),
            Self::Phone(number) => Some(Contact::Phone(number)),
            Self::Username(_) | Self::Code(_) => None,
        }
    }
}

impl IdentifierColumn {
    /// Returns the compared form of a stored identifier.
    ///
    /// Rows that other software wrote may hold identifiers that sign-up rejects. They keep a
    /// lenient form, so that their owners can sign in. It never equals the form of a valid
    /// identifier.
    #[must_use]
    pub fn key_of(&self, shown: &str) -> String {
        match Identifier::parse(self.kind, shown) {
            Ok(identifier) => identifier.key(self).to_owned(),
            Err(_) => self.lenient_key(shown).unwrap_or_else(|| {
                let trimmed = shown.trim_ascii();
                let is_valid = Identifier::parse(self.kind, trimmed).is_ok();
                if is_valid { shown.to_owned() } else { trimmed.to_owned() }
            }),
        }
    }

    /// Returns another form in which other software may have stored the identifier: the same
    /// address with its domain in Unicode.
    pub(crate) fn alternate(&self, key: &str) -> Option<String> {
        if self.kind != IdentifierKind::Email || self.has_own_key() {
            return None;
        }
        EmailAddress::parse(key).ok()?.in_unicode()
    }

    /// Returns `true` if a look-up finds a row with this displayed text. Without a key column, the
    /// text itself must be in the compared form.
    #[must_use]
    pub fn finds(&self, shown: &str) -> bool {
        if self.has_own_key() {
            return true;
        }
        let key = self.key_of(shown);
        key == shown || self.alternate(&key).is_some_and(|alternate| alternate == shown)
    }

    /// Returns the compared form of an invalid identifier; `None` if that form is itself valid,
    /// because a lookalike must not become the identifier that it resembles.
    fn lenient_key(&self, text: &str) -> Option<String> {
        let form = match self.kind {
            IdentifierKind::Email => text.trim().to_lowercase(),
            IdentifierKind::Username if self.has_own_key() => Username::fold(text),
            IdentifierKind::Username => nfc(text).collect(),
            IdentifierKind::Phone => text.trim().to_owned(),
            IdentifierKind::Code => nfkc(text.trim()).collect(),
        };
        if Identifier::parse(self.kind, &form).is_err() { Some(form) } else { None }
    }

    /// Returns `true` if other software may have stored an invalid `text` in this column. An
    /// address or a number must look like one, or every look-up of a name would cost another query.
    fn may_contain(&self, text: &str) -> bool {
        match self.kind {
            IdentifierKind::Email => text.contains('@'),
            IdentifierKind::Phone => {
                text.contains(|c: char| c.is_ascii_digit()) && !text.contains(char::is_alphabetic)
            }
            IdentifierKind::Username | IdentifierKind::Code => true,
        }
    }
}

/// Maximum length of a text that is looked up, in bytes.
pub(crate) const MAX_LOOKUP_BYTES: usize = 1024;

/// Returns the look-ups for a typed identifier: positions and compared forms, in the order of the
/// shape.
///
/// They depend on the text alone, so known and unknown names cost the same if all are looked up.
pub(crate) fn lookups<U: AuthUser>(typed: &str) -> Vec<(usize, String)> {
    if typed.len() > MAX_LOOKUP_BYTES || typed.contains('\0') {
        return Vec::new();
    }
    let columns: Vec<_> =
        U::SHAPE.identifiers.iter().enumerate().filter(|(_, column)| column.is_login).collect();
    let mut strict = Vec::new();
    for &(at, column) in &columns {
        if let Ok(identifier) = Identifier::parse(column.kind, typed) {
            let key = identifier.key(column).to_owned();
            let alternate = column.alternate(&key);
            strict.push((at, key));
            strict.extend(alternate.map(|key| (at, key)));
        } else if column.kind == IdentifierKind::Phone && column.may_contain(typed) {
            strict.extend(column.lenient_key(typed).map(|key| (at, key)));
        }
    }
    if !strict.is_empty() {
        return strict;
    }
    // The text is not a valid identifier, but other software may have stored it.
    columns
        .into_iter()
        .filter(|(_, column)| column.may_contain(typed))
        .filter_map(|(at, column)| Some((at, column.lenient_key(typed)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [IdentifierKind; 4] = [
        IdentifierKind::Email,
        IdentifierKind::Username,
        IdentifierKind::Phone,
        IdentifierKind::Code,
    ];

    fn column(kind: IdentifierKind, key: &'static str) -> IdentifierColumn {
        IdentifierColumn {
            name: "name",
            column: "name",
            key,
            kind,
            max_chars: None,
            is_optional: false,
            is_login: true,
            is_blank_null: false,
        }
    }

    #[test]
    fn a_lookalike_does_not_become_a_valid_identifier() {
        let email = column(IdentifierKind::Email, "name_key");
        for shown in ["mi\u{212A}e@example.com", "\u{2028}ada@example.com", "ſam@example.com"] {
            let key = email.key_of(shown);
            assert!(EmailAddress::parse(&key).is_err(), "{shown}: {key}");
        }
    }

    proptest! {
        #[test]
        fn the_key_of_an_invalid_identifier_is_invalid(
            text in "\\PC{0,24}|[ a-zA-Z0-9@.+()-]{0,24}|[ A-Za-z]{0,6}@[A-Z]{1,4}\\.com\
                |[\t\r\n\x0b ]{0,2}(\\+1555[0-9]{4,8}|[a-z]{3,8}|[a-z]{1,4}@b\\.cd)[\t\r\n\x0b ]{0,2}",
        ) {
            for kind in KINDS {
                for key in ["name", "name_key"] {
                    let column = column(kind, key);
                    if Identifier::parse(kind, &text).is_err() {
                        let form = column.key_of(&text);
                        prop_assert!(Identifier::parse(kind, &form).is_err(), "{kind:?} {form:?}");
                    }
                }
            }
        }
    }
}
