//! What a person types to name an account, parsed to the form that is compared.

use unicode_normalization::UnicodeNormalization;

use super::{
    AuthUser, Code, Contact, EmailAddress, IdentifierColumn, IdentifierKind, InvalidCode,
    InvalidEmail, InvalidPhone, InvalidUsername, PhoneNumber, Username,
};

/// An identifier of one kind, in its parsed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// An address.
    Email(EmailAddress),
    /// A name.
    Username(Username),
    /// A number that messages reach.
    Phone(PhoneNumber),
    /// A code of the app's own.
    Code(Code),
}

/// Why a text is no identifier of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    /// It is no address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// It is no username.
    #[error(transparent)]
    Username(#[from] InvalidUsername),
    /// It is no phone number.
    #[error(transparent)]
    Phone(#[from] InvalidPhone),
    /// It is no code.
    #[error(transparent)]
    Code(#[from] InvalidCode),
}

impl InvalidIdentifier {
    /// Whether it has more characters than one of its kind may have.
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
    /// Reads `typed` as an identifier of that kind.
    ///
    /// # Errors
    /// [`InvalidIdentifier`] with the rule that it breaks.
    pub fn parse(kind: IdentifierKind, typed: &str) -> Result<Self, InvalidIdentifier> {
        Ok(match kind {
            IdentifierKind::Email => Self::Email(EmailAddress::parse(typed)?),
            IdentifierKind::Username => Self::Username(Username::parse(typed)?),
            IdentifierKind::Phone => Self::Phone(PhoneNumber::parse(typed)?),
            IdentifierKind::Code => Self::Code(Code::parse(typed)?),
        })
    }

    /// What the column shows.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Email(address) => address.as_str(),
            Self::Username(name) => name.as_str(),
            Self::Phone(number) => number.as_str(),
            Self::Code(code) => code.as_str(),
        }
    }

    /// What is compared, and unique, in `column`: one that is compared as it is shown has one form
    /// only.
    #[must_use]
    pub fn key(&self, column: &IdentifierColumn) -> &str {
        match self {
            Self::Username(name) if column.has_own_key() => name.key(),
            other => other.shown(),
        }
    }

    /// Where messages reach its owner, if it is such a place.
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
    /// The compared form of what a row shows. Rows that other software wrote may hold what no
    /// sign-up of ours would take; they keep a form of their own, so that their owners can sign in.
    /// It is never the form of somebody whom a sign-up would take.
    #[must_use]
    pub fn key_of(&self, shown: &str) -> String {
        match Identifier::parse(self.kind, shown) {
            Ok(identifier) => identifier.key(self).to_owned(),
            Err(_) => self.lenient(shown).unwrap_or_else(|| {
                let trimmed = shown.trim_ascii();
                let is_taken = Identifier::parse(self.kind, trimmed).is_ok();
                (if is_taken { shown } else { trimmed }).to_owned()
            }),
        }
    }

    /// Another form under which rows that other software wrote may keep the identifier: the same
    /// address with its domain in Unicode.
    pub(crate) fn alternate(&self, key: &str) -> Option<String> {
        if self.kind != IdentifierKind::Email || self.has_own_key() {
            return None;
        }
        EmailAddress::parse(key).ok()?.in_unicode()
    }

    /// Whether a look-up finds a row that shows this text: where the compared form is not kept
    /// beside it, the text itself must be in that form.
    #[must_use]
    pub fn finds(&self, shown: &str) -> bool {
        if self.has_own_key() {
            return true;
        }
        let key = self.key_of(shown);
        key == shown || self.alternate(&key).is_some_and(|alternate| alternate == shown)
    }

    /// The form of what is no identifier by the rules; `None` if that form is one by the rules: a
    /// lookalike must not become what it looks like.
    fn lenient(&self, text: &str) -> Option<String> {
        let form = match self.kind {
            IdentifierKind::Email => text.trim().to_lowercase(),
            IdentifierKind::Username if self.has_own_key() => Username::fold(text),
            IdentifierKind::Username => text.nfc().collect(),
            IdentifierKind::Phone => text.trim().to_owned(),
            IdentifierKind::Code => text.trim().nfkc().collect(),
        };
        Identifier::parse(self.kind, &form).is_err().then_some(form)
    }

    /// Whether a text that is no identifier by the rules may be one in a row of other software: for
    /// an address or a number it must look like one, or every look-up of a name would cost another.
    fn may_be(&self, text: &str) -> bool {
        match self.kind {
            IdentifierKind::Email => text.contains('@'),
            IdentifierKind::Phone => {
                text.contains(|c: char| c.is_ascii_digit()) && !text.contains(char::is_alphabetic)
            }
            IdentifierKind::Username | IdentifierKind::Code => true,
        }
    }
}

/// Longer texts name nobody.
const LONGEST_LOOKUP: usize = 1024;

/// What to look for when `typed` shall name an account: positions and compared forms, in the order
/// in which the shape tries them. Which positions there are depends on the text alone, so known and
/// unknown names cost the same if all of them are looked up.
pub(crate) fn lookups<U: AuthUser>(typed: &str) -> Vec<(usize, String)> {
    if typed.len() > LONGEST_LOOKUP || typed.contains('\0') {
        return Vec::new();
    }
    let asked = || U::SHAPE.identifiers.iter().enumerate().filter(|(_, column)| column.is_login);
    let mut strict = Vec::new();
    for (at, column) in asked() {
        if let Ok(identifier) = Identifier::parse(column.kind, typed) {
            let key = identifier.key(column).to_owned();
            let alternate = column.alternate(&key);
            strict.push((at, key));
            strict.extend(alternate.map(|key| (at, key)));
        } else if column.kind == IdentifierKind::Phone && column.may_be(typed) {
            strict.extend(column.lenient(typed).map(|key| (at, key)));
        }
    }
    if !strict.is_empty() {
        return strict;
    }
    // By no rule an identifier: a name that other software took may still be one.
    asked()
        .filter(|(_, column)| column.may_be(typed))
        .filter_map(|(at, column)| Some((at, column.lenient(typed)?)))
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
        }
    }

    #[test]
    fn a_lookalike_does_not_become_what_it_looks_like() {
        let email = column(IdentifierKind::Email, "name_key");
        for shown in ["mi\u{212A}e@example.com", "\u{2028}ada@example.com", "ſam@example.com"] {
            let key = email.key_of(shown);
            assert!(EmailAddress::parse(&key).is_err(), "{shown}: {key}");
        }
    }

    proptest! {
        #[test]
        fn what_no_sign_up_takes_is_never_the_key_of_what_one_takes(
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
