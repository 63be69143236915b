//! What the words mean: a table, its columns, and what each column is for. Mistakes are kept as
//! they are; `check` tells them.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericArgument, PathArguments, Type};

use super::parse::{Body, Declared, DeclaredField, DefaultWord, SqlLiteral};
use crate::support::naming;

/// A user struct.
pub(super) struct Model<'a> {
    pub(super) declared: &'a Declared<'a>,
    pub(super) table: Name,
    pub(super) fields: Vec<Field<'a>>,
}

/// A name in SQL, and the tokens that gave it.
pub(super) struct Name {
    pub(super) text: String,
    pub(super) tokens: TokenStream,
}

/// A field and what it is for.
pub(super) struct Field<'a> {
    pub(super) declared: &'a DeclaredField<'a>,
    /// Its name in requests and answers.
    pub(super) name: String,
    pub(super) column: Name,
    pub(super) role: Role<'a>,
}

/// What a field is for.
pub(super) enum Role<'a> {
    /// No column.
    Skipped,
    /// The key of the account.
    Key,
    /// Names the account.
    Identifier(Kind),
    /// The library's; the app may look.
    Library,
    /// Asked for at sign-up.
    Register,
    /// Stored at sign-up without asking; `None` is the type's own default.
    Bound(Option<&'a syn::Expr>),
    /// Filled by the database.
    Sql(&'a SqlLiteral),
    /// Nobody fills it: an `Option` is empty then.
    Unfilled,
}

/// A kind of identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Username,
}

impl Kind {
    /// The word, the usual field name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
        }
    }
}

/// The password hash, which is never shown.
pub(super) const HASH: &str = "hashed_password";

/// The library's columns in the user's table: `Companion::DEFAULT` there.
const LIBRARY: &[&str] = &[
    HASH,
    "is_active",
    "is_superuser",
    "token_version",
    "auth_epoch",
    "email_verified",
    "created_at",
    "updated_at",
];

/// SQLite and MySQL do not tell `Email` from `email` where a column is meant.
pub(super) fn is_same_column(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// The library's column of this name.
pub(super) fn library_column(name: &str) -> Option<&'static str> {
    LIBRARY.iter().copied().find(|column| is_same_column(column, name))
}

impl<'a> Model<'a> {
    pub(super) fn of(declared: &'a Declared<'a>) -> Self {
        let table = match &declared.table {
            Some(table) => Name { text: table.value(), tokens: table.to_token_stream() },
            None => Name {
                text: naming::table_of(&declared.ident.unraw().to_string()),
                tokens: declared.ident.to_token_stream(),
            },
        };
        let fields = match &declared.body {
            Body::Named(fields) => fields.iter().map(Field::of).collect(),
            Body::Other(_) => Vec::new(),
        };
        Self { declared, table, fields }
    }

    /// The fields that are columns, in declared order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| !matches!(field.role, Role::Skipped))
    }

    pub(super) fn key(&self) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| matches!(field.role, Role::Key))
    }

    /// What names an account, in the order in which a login tries them.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = (Kind, &Field<'a>)> {
        self.fields.iter().filter_map(|field| match field.role {
            Role::Identifier(kind) => Some((kind, field)),
            _ => None,
        })
    }

    /// What a sign-up asks for beside identifiers and password.
    pub(super) fn register(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| matches!(field.role, Role::Register))
    }

    /// What a sign-up stores without asking, and the value.
    pub(super) fn bound(&self) -> impl Iterator<Item = (Option<&'a syn::Expr>, &Field<'a>)> {
        self.fields.iter().filter_map(|field| match field.role {
            Role::Bound(value) => Some((value, field)),
            _ => None,
        })
    }
}

impl<'a> Field<'a> {
    fn of(declared: &'a DeclaredField<'a>) -> Self {
        let name = declared.ident.unraw().to_string();
        let mut column = match &declared.words.column {
            Some((_, column)) => Name { text: column.value(), tokens: column.to_token_stream() },
            None => Name { text: name.clone(), tokens: declared.ident.to_token_stream() },
        };
        let role = Role::of(declared, &name, &column.text);
        // A library's column has one name, in whatever letters it is written here.
        if let (Role::Library, Some(known)) = (&role, library_column(&column.text)) {
            known.clone_into(&mut column.text);
        }
        Self { declared, name, column, role }
    }

    pub(super) fn ident(&self) -> &'a Ident {
        self.declared.ident
    }

    pub(super) fn ty(&self) -> &'a Type {
        self.declared.ty
    }

    pub(super) fn is_optional(&self) -> bool {
        last_segment(self.ty()).is_some_and(|(name, has_argument)| name == "Option" && has_argument)
    }

    /// The type's name where it is a plain one: `String`, `bool`, `i64`.
    pub(super) fn type_name(&self) -> Option<String> {
        let (name, has_argument) = last_segment(self.ty())?;
        (!has_argument).then_some(name)
    }
}

impl<'a> Role<'a> {
    /// A word says more than a name.
    fn of(declared: &'a DeclaredField<'a>, name: &str, column: &str) -> Self {
        let words = &declared.words;
        match name {
            _ if words.id.is_some() => Self::Key,
            _ if words.email.is_some() => Self::Identifier(Kind::Email),
            _ if words.username.is_some() => Self::Identifier(Kind::Username),
            _ if words.skip.is_some() => Self::Skipped,
            "id" => Self::Key,
            "email" => Self::Identifier(Kind::Email),
            "username" => Self::Identifier(Kind::Username),
            _ if library_column(column).is_some() => Self::Library,
            _ if words.register.is_some() => Self::Register,
            _ => match &words.default {
                Some((_, DefaultWord::OfType)) => Self::Bound(None),
                Some((_, DefaultWord::Bound(value))) => Self::Bound(Some(value)),
                Some((_, DefaultWord::Sql(literal))) => Self::Sql(literal),
                None => Self::Unfilled,
            },
        }
    }
}

/// The last name in a path, and whether one type stands in its brackets.
fn last_segment(ty: &Type) -> Option<(String, bool)> {
    match ty {
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        Type::Path(path) if path.qself.is_none() => {
            let segment = path.path.segments.last()?;
            let has_argument = match &segment.arguments {
                PathArguments::AngleBracketed(list) => {
                    matches!(list.args.first(), Some(GenericArgument::Type(_)))
                }
                _ => false,
            };
            Some((segment.ident.to_string(), has_argument))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_columns_are_known_in_any_case() {
        assert_eq!(library_column("IS_Superuser"), Some("is_superuser"));
        assert_eq!(library_column("is_superuser_"), None);
    }

    #[test]
    fn an_option_is_one_however_it_is_written() {
        for (ty, is_option) in [
            ("Option<String>", true),
            ("std::option::Option<String>", true),
            ("(Option<i64>)", true),
            ("String", false),
            ("Option", false),
            ("Vec<Option<u8>>", false),
            ("[u8; 4]", false),
        ] {
            let ty: Type = syn::parse_str(ty).unwrap();
            let found = last_segment(&ty).is_some_and(|(name, of)| name == "Option" && of);
            assert_eq!(found, is_option, "{}", ty.to_token_stream());
        }
    }
}
