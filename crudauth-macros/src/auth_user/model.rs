//! The meaning of a struct: its table, its columns, and the role of each. Mistakes stay in the
//! model; `check` reports them.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Expr, GenericArgument, PathArguments, Type};

use super::kind::Kind;
use super::library::Library;
use super::parse::{
    Declared, DeclaredField, DefaultValue, FieldArguments, LiteralKind, SqlLiteral,
};
use crate::support::{Flag, Name, naming};

/// A user struct.
pub(super) struct Model<'a> {
    pub(super) declared: &'a Declared<'a>,
    pub(super) table: Name,
    pub(super) library: Library,
    pub(super) fields: Vec<Field<'a>>,
}

/// A field and its role.
pub(super) struct Field<'a> {
    pub(super) ident: &'a Ident,
    pub(super) ty: &'a Type,
    pub(super) arguments: &'a FieldArguments,
    /// Its name in requests and responses.
    pub(super) name: String,
    pub(super) column: Name,
    pub(super) role: Role<'a>,
}

/// The role of a field.
pub(super) enum Role<'a> {
    /// Not a column, or not understood.
    Skipped,
    /// The key of the account.
    Key,
    /// An identifier of the account.
    Identifier(Kind),
    /// A column of the library that the app reads, with the argument that renames it.
    Library(&'static str),
    /// Read from the sign-up request.
    Register,
    /// Set at sign-up: to this expression, or to the default of the type.
    Bound(Option<&'a Expr>),
    /// Filled by the database.
    Sql(&'a SqlLiteral),
    /// Never filled by sign-up, so it must be an `Option`.
    Unfilled,
}

impl<'a> Model<'a> {
    pub(super) fn of(declared: &'a Declared<'a>) -> Self {
        let table = declared.arguments.as_ref().and_then(|arguments| arguments.table.as_ref());
        let table = table.map(|table| table.value.clone());
        let table = table.unwrap_or_else(|| {
            let table = naming::table_of(&declared.ident.unraw().to_string());
            Name::new(table, declared.ident.span())
        });
        let fields: Vec<_> = declared.fields.iter().map(Field::of).collect();
        let mut model = Self { declared, table, library: Library::default(), fields };
        model.library = Library::of(declared, model.recovery().map(|(_, kind)| kind));
        for field in &mut model.fields {
            field.assign_to(&model.library);
        }
        model
    }

    /// The identifier that recovers an account, as a position among the identifiers: the one that
    /// is marked, else the email address, else the phone number.
    pub(super) fn recovery(&self) -> Option<(usize, Kind)> {
        let contacts = || {
            let identifiers = self.identifiers().enumerate();
            identifiers.filter(|(_, (kind, _))| kind.is_contact())
        };
        let marked = contacts().find(|(_, (_, field))| field.arguments.recovery.is_some());
        let email = contacts().find(|(_, (kind, _))| *kind == Kind::Email);
        marked.or(email).or_else(|| contacts().next()).map(|(at, (kind, _))| (at, kind))
    }

    /// The fields that are columns, in declared order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| !matches!(field.role, Role::Skipped))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| matches!(field.role, Role::Key))
    }

    /// The identifiers, in the order in which sign-in tries them.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = (Kind, &Field<'a>)> {
        self.fields.iter().filter_map(|field| match field.role {
            Role::Identifier(kind) => Some((kind, field)),
            _ => None,
        })
    }

    /// The fields that sign-up reads from the request, beside identifiers and password.
    pub(super) fn register(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| matches!(field.role, Role::Register))
    }

    /// The fields that owners may change.
    pub(super) fn editable(&self) -> impl Iterator<Item = &Field<'a>> {
        self.columns().filter(|field| field.arguments.editable.is_some())
    }

    /// The fields that hold roles. A valid struct has one at most.
    pub(super) fn role_columns(&self) -> impl Iterator<Item = (&'a Flag, &Field<'a>)> {
        self.columns().filter_map(|field| Some((field.arguments.role.as_ref()?, field)))
    }

    /// The fields that sign-up sets by itself, with the expression.
    pub(super) fn bound(&self) -> impl Iterator<Item = (Option<&'a Expr>, &Field<'a>)> {
        self.fields.iter().filter_map(|field| match field.role {
            Role::Bound(value) => Some((value, field)),
            _ => None,
        })
    }
}

impl<'a> Field<'a> {
    fn of(declared: &'a DeclaredField<'a>) -> Self {
        let DeclaredField { ident, ty, arguments, .. } = declared;
        let name = ident.unraw().to_string();
        let column = arguments.column.as_ref().map(|column| column.value.clone());
        let column = column.unwrap_or_else(|| Name::new(name.clone(), ident.span()));
        let role = Role::of(declared, &name);
        Self { ident, ty, arguments, name, column, role }
    }

    /// Makes the field a column of the library if it is on one. The column keeps the library's
    /// spelling of its name.
    fn assign_to(&mut self, library: &Library) {
        if matches!(self.role, Role::Skipped | Role::Key | Role::Identifier(_)) {
            return;
        }
        if let Some((argument, name)) = library.find(&self.column) {
            self.column = Name::new(name.to_string(), self.column.span());
            self.role = Role::Library(argument);
        }
    }

    pub(super) fn is_optional(&self) -> bool {
        last_segment(self.ty).is_some_and(|(name, has_argument)| name == "Option" && has_argument)
    }

    /// The kind of literal that the type reads, if it is a well-known type.
    pub(super) fn literal_kind(&self) -> Option<LiteralKind> {
        last_segment(self.ty)
            .filter(|(_, has_argument)| !has_argument)
            .and_then(|(name, _)| LiteralKind::of_type(&name))
    }

    /// The type of its values: the type, or the type in its `Option`.
    pub(super) fn value_type(&self) -> &'a Type {
        optional(self.ty).unwrap_or(self.ty)
    }

    /// The default of the column in the database.
    pub(super) fn sql_default(&self) -> Option<&'a SqlLiteral> {
        match self.role {
            Role::Sql(literal) => Some(literal),
            _ => None,
        }
    }

    /// The longest text that the column may hold, in characters.
    pub(super) fn max_length(&self) -> Option<usize> {
        self.arguments.max_length.as_ref().map(|length| length.value.0)
    }

    /// The column that holds the compared form of an identifier, if there is one beside it.
    pub(super) fn own_key(&self) -> Option<Name> {
        let Role::Identifier(kind) = self.role else { return None };
        match &self.arguments.key {
            Some(key) => Some(key.value.clone()),
            // Accounts without a value cannot share a blank in a unique column.
            None if self.arguments.blank_is_null.is_some()
                || kind.is_folded() && self.arguments.exact.is_none() =>
            {
                Some(Name::new(format!("{}_key", *self.column), self.column.span()))
            }
            None => None,
        }
    }
}

impl<'a> Role<'a> {
    /// An argument counts more than the field's name.
    fn of(declared: &'a DeclaredField<'a>, name: &str) -> Self {
        let arguments = &declared.arguments;
        if arguments.id.is_some() {
            return Self::Key;
        }
        if let Some(kind) = Kind::marked(arguments) {
            return Self::Identifier(kind);
        }
        match Kind::named(name) {
            _ if arguments.skip.is_some() => Self::Skipped,
            _ if name == "id" => Self::Key,
            Some(kind) => Self::Identifier(kind),
            None if !declared.is_understood => Self::Skipped,
            None if arguments.register.is_some() => Self::Register,
            None => Self::filled(arguments.default.as_ref().map(|default| &default.value)),
        }
    }

    fn filled(default: Option<&'a DefaultValue>) -> Self {
        match default {
            Some(DefaultValue::OfType) => Self::Bound(None),
            Some(DefaultValue::Bound(value)) => Self::Bound(Some(value)),
            Some(DefaultValue::Sql(literal)) => Self::Sql(literal),
            None => Self::Unfilled,
        }
    }
}

/// The type in an `Option`.
fn optional(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Group(group) => optional(&group.elem),
        Type::Paren(paren) => optional(&paren.elem),
        Type::Path(path) => {
            let segment = path.path.segments.last().filter(|last| last.ident == "Option")?;
            let PathArguments::AngleBracketed(list) = &segment.arguments else { return None };
            list.args.first().and_then(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        }
        _ => None,
    }
}

/// The last name of a path, and whether its first argument is a type.
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
    use quote::ToTokens;

    use super::*;

    #[test]
    fn an_option_is_recognised_in_every_spelling() {
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
