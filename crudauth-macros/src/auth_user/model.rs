//! What the words mean: a table, its columns, and what each column is for. Mistakes are kept as
//! they are; `check` tells them.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericArgument, PathArguments, Type};

use super::kind::{Kind, name_of, recovery_kind, recovery_of};
use super::library::Library;
use super::name::Name;
use super::parse::{Body, Declared, DeclaredField, DefaultWord, SqlLiteral};
use crate::support::naming;

/// A user struct.
pub(super) struct Model<'a> {
    pub(super) declared: &'a Declared<'a>,
    pub(super) table: Name,
    pub(super) library: Library,
    pub(super) fields: Vec<Field<'a>>,
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
    /// Names the account, or recovers it.
    Identifier(Kind),
    /// The library's, by the word for it; the app may look.
    Library(&'static str),
    /// Asked for at sign-up.
    Register,
    /// Stored at sign-up without asking; `None` is the type's own default.
    Bound(Option<&'a syn::Expr>),
    /// Filled by the database.
    Sql(&'a SqlLiteral),
    /// Nobody fills it: an `Option` is empty then.
    Unfilled,
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
        let declared_fields: &[DeclaredField<'_>] = match &declared.body {
            Body::Named(fields) => fields,
            Body::Other(_) => &[],
        };
        let library = Library::of(declared, recovery_kind(declared_fields));
        let fields = declared_fields.iter().map(|field| Field::of(field, &library)).collect();
        Self { declared, table, library, fields }
    }

    /// The position, among the identifiers, of what recovers an account.
    pub(super) fn recovery(&self) -> Option<usize> {
        let declared: Vec<_> = self.identifiers().map(|(_, field)| field.declared).collect();
        recovery_of(&declared)
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
    fn of(declared: &'a DeclaredField<'a>, library: &Library) -> Self {
        let name = name_of(declared);
        let mut column = match &declared.words.column {
            Some((_, column)) => Name { text: column.value(), tokens: column.to_token_stream() },
            None => Name { text: name.clone(), tokens: declared.ident.to_token_stream() },
        };
        let role = Role::of(declared, &name, &column.text, library);
        // A library's column has one name, in whatever letters it is written here.
        if let (Role::Library(_), Some((_, known))) = (&role, library.find(&column.text)) {
            known.text.clone_into(&mut column.text);
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

    /// The column in which an identifier is compared, where that is one of its own.
    pub(super) fn own_key(&self) -> Option<Name> {
        let words = &self.declared.words;
        match (&self.role, &words.key) {
            (Role::Identifier(_), Some((_, key))) => {
                Some(Name { text: key.value(), tokens: key.to_token_stream() })
            }
            (Role::Identifier(kind), None) if kind.is_folded() && words.exact.is_none() => {
                Some(Name {
                    text: format!("{}_key", self.column.text),
                    tokens: self.column.tokens.clone(),
                })
            }
            _ => None,
        }
    }

    /// The type's name where it is a plain one: `String`, `bool`, `i64`.
    pub(super) fn type_name(&self) -> Option<String> {
        let (name, has_argument) = last_segment(self.ty())?;
        (!has_argument).then_some(name)
    }
}

impl<'a> Role<'a> {
    /// A word says more than a name.
    fn of(declared: &'a DeclaredField<'a>, name: &str, column: &str, library: &Library) -> Self {
        let words = &declared.words;
        if let Some(kind) = Kind::of(declared, name) {
            return Self::Identifier(kind);
        }
        match name {
            _ if words.id.is_some() => Self::Key,
            _ if words.skip.is_some() => Self::Skipped,
            "id" => Self::Key,
            _ => match library.find(column) {
                Some((word, _)) => Self::Library(word),
                None if words.register.is_some() => Self::Register,
                None => Self::filled(words.default.as_ref().map(|(_, default)| default)),
            },
        }
    }

    fn filled(default: Option<&'a DefaultWord>) -> Self {
        match default {
            Some(DefaultWord::OfType) => Self::Bound(None),
            Some(DefaultWord::Bound(value)) => Self::Bound(Some(value)),
            Some(DefaultWord::Sql(literal)) => Self::Sql(literal),
            None => Self::Unfilled,
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
