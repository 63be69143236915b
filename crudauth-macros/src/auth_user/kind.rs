//! The kinds of identifiers.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, TokenStreamExt};

use super::parse::FieldArguments;

/// A kind of identifier, named as the variant of the library's `IdentifierKind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Username,
    Phone,
    Code,
}

impl Kind {
    /// The kind that an argument gives the field.
    pub(super) fn marked(arguments: &FieldArguments) -> Option<Self> {
        let marks = [
            (&arguments.email, Self::Email),
            (&arguments.username, Self::Username),
            (&arguments.phone, Self::Phone),
            (&arguments.identifier, Self::Code),
        ];
        marks.into_iter().find(|(mark, _)| mark.is_some()).map(|(_, kind)| kind)
    }

    /// The kind that a field has by its name.
    pub(super) fn named(field: &str) -> Option<Self> {
        let kinds = [Self::Email, Self::Username, Self::Phone];
        kinds.into_iter().find(|kind| kind.argument() == field)
    }

    /// The argument that marks a field as one. Except for codes, it is the usual field name, too.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
            Self::Phone => "phone",
            Self::Code => "identifier",
        }
    }

    /// Whether it is compared in a normalised form, unless the field is `exact`.
    pub(super) fn is_folded(self) -> bool {
        matches!(self, Self::Username | Self::Phone)
    }

    /// Whether messages can be sent to it.
    pub(super) fn is_contact(self) -> bool {
        matches!(self, Self::Email | Self::Phone)
    }
}

impl ToTokens for Kind {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append(Ident::new(&format!("{self:?}"), Span::call_site()));
    }
}
