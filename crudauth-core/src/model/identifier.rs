//! What a person types to name an account, parsed to the form that is compared.

use super::{AuthUser, EmailAddress, IdentifierKind, InvalidEmail, InvalidUsername, Username};

/// An identifier of one kind, in its parsed form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// An address.
    Email(EmailAddress),
    /// A name.
    Username(Username),
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
        })
    }

    /// What the column shows.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Email(address) => address.as_str(),
            Self::Username(name) => name.as_str(),
        }
    }

    /// What is compared, and unique in the table.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Email(address) => address.as_str(),
            Self::Username(name) => name.key(),
        }
    }

    /// The readings of what was typed at a login, in the order in which the shape tries them.
    pub(crate) fn readings<U: AuthUser>(typed: &str) -> Vec<(usize, Self)> {
        let kinds = U::SHAPE.identifiers.iter().map(|identifier| identifier.kind).enumerate();
        kinds.filter_map(|(at, kind)| Some((at, Self::parse(kind, typed).ok()?))).collect()
    }
}
