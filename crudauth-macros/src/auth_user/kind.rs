//! What kinds of identifiers there are, and which field is of which.

use syn::ext::IdentExt;

use super::parse::DeclaredField;

/// A kind of identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Username,
    Phone,
    Code,
}

impl Kind {
    /// The word, the usual field name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
            Self::Phone => "phone",
            Self::Code => "identifier",
        }
    }

    /// Whether it is compared in another form than it is shown, unless `exact` says otherwise.
    pub(super) fn is_folded(self) -> bool {
        matches!(self, Self::Username | Self::Phone)
    }

    /// Whether messages reach it.
    pub(super) fn is_contact(self) -> bool {
        matches!(self, Self::Email | Self::Phone)
    }

    /// A word says more than a name.
    pub(super) fn of(declared: &DeclaredField<'_>, name: &str) -> Option<Self> {
        let words = &declared.words;
        match name {
            _ if words.id.is_some() => None,
            _ if words.email.is_some() => Some(Self::Email),
            _ if words.username.is_some() => Some(Self::Username),
            _ if words.phone.is_some() => Some(Self::Phone),
            _ if words.identifier.is_some() => Some(Self::Code),
            _ if words.skip.is_some() => None,
            "email" => Some(Self::Email),
            "username" => Some(Self::Username),
            "phone" => Some(Self::Phone),
            _ => None,
        }
    }
}

/// The kind of what recovers an account.
pub(super) fn recovery_kind(fields: &[DeclaredField<'_>]) -> Option<Kind> {
    let fields: Vec<_> = fields.iter().collect();
    let field = fields[recovery_of(&fields)?];
    Kind::of(field, &name_of(field))
}

/// The field that says so, else the first address, else the first number.
pub(super) fn recovery_of(fields: &[&DeclaredField<'_>]) -> Option<usize> {
    let kind = |field: &DeclaredField<'_>| Kind::of(field, &name_of(field));
    let first = |wanted| fields.iter().position(|field| kind(field) == Some(wanted));
    let said = fields.iter().position(|field| {
        field.words.recovery.is_some() && kind(field).is_some_and(Kind::is_contact)
    });
    said.or_else(|| first(Kind::Email)).or_else(|| first(Kind::Phone))
}

/// The name of a field in requests and answers, until a word says otherwise.
pub(super) fn name_of(field: &DeclaredField<'_>) -> String {
    field.ident.unraw().to_string()
}
