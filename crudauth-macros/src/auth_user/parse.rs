//! Reads the struct and its `#[auth(..)]` attributes. Tokens are kept where an error may point at
//! them.

use darling::error::Accumulator;
use darling::{FromDeriveInput, FromField};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Data, DataStruct, DeriveInput, Expr, ExprLit, ExprUnary, Fields, Generics, Lit, Type};

use crate::support::{Argument, Flag, Name, Value, mistake, take};

/// A struct as it was written.
pub(super) struct Declared<'a> {
    pub(super) ident: &'a Ident,
    pub(super) generics: &'a Generics,
    /// `None` if they could not be read.
    pub(super) arguments: Option<StructArguments>,
    pub(super) fields: Vec<DeclaredField<'a>>,
    /// Whether all arguments could be read. If not, a missing one may only be misspelt.
    pub(super) is_understood: bool,
}

/// The arguments of the struct: the table, and the names of the library's columns in it.
#[derive(FromDeriveInput)]
#[darling(attributes(auth))]
pub(super) struct StructArguments {
    pub(super) schema: Option<Argument<Name>>,
    pub(super) table: Option<Argument<Name>>,
    pub(super) times: Option<Argument<TimeUnit>>,
    pub(super) deleted_at: Option<Argument<Name>>,
    hashed_password: Option<Argument<Name>>,
    is_active: Option<Argument<Name>>,
    is_superuser: Option<Argument<Name>>,
    token_version: Option<Argument<Name>>,
    auth_epoch: Option<Argument<Name>>,
    verified: Option<Argument<Name>>,
    created_at: Option<Argument<Name>>,
    updated_at: Option<Argument<Name>>,
}

/// A field as it was written.
pub(super) struct DeclaredField<'a> {
    pub(super) ident: &'a Ident,
    pub(super) ty: &'a Type,
    /// Empty if they could not be read.
    pub(super) arguments: FieldArguments,
    pub(super) is_understood: bool,
}

/// The arguments of a field.
#[derive(Default, FromField)]
#[darling(attributes(auth))]
pub(super) struct FieldArguments {
    pub(super) id: Option<Flag>,
    pub(super) generate: Option<Argument<Generator>>,
    pub(super) email: Option<Flag>,
    pub(super) username: Option<Flag>,
    pub(super) phone: Option<Flag>,
    pub(super) identifier: Option<Flag>,
    pub(super) recovery: Option<Flag>,
    pub(super) no_login: Option<Flag>,
    pub(super) exact: Option<Flag>,
    pub(super) blank_is_null: Option<Flag>,
    pub(super) unique: Option<Flag>,
    pub(super) register: Option<Flag>,
    pub(super) editable: Option<Flag>,
    pub(super) role: Option<Flag>,
    pub(super) export: Option<Flag>,
    pub(super) skip: Option<Flag>,
    pub(super) column: Option<Argument<Name>>,
    pub(super) key: Option<Argument<Name>>,
    pub(super) max_length: Option<Argument<Length>>,
    pub(super) default: Option<Argument<DefaultValue>>,
    pub(super) erase: Option<Argument<Erased>>,
}

/// A number of characters that every database can limit a text to.
#[derive(Clone, Copy)]
pub(super) struct Length(pub(super) usize);

/// The unit of times that are numbers, named as the variant of the library's `TimeUnit`.
#[derive(Clone, Copy, Debug)]
pub(super) enum TimeUnit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// The value of `generate`: the source of the keys of new accounts.
pub(super) enum Generator {
    /// `generate = database`: the default of the column.
    Database,
    /// `generate = uuid`: a UUID as text.
    Uuid,
    /// `generate = ulid`: a ULID.
    Ulid,
    /// `generate = new_key`: the app's function.
    Function(syn::ExprPath),
}

/// The value of `default`.
pub(super) enum DefaultValue {
    /// `default`: `Default::default()` of the type.
    OfType,
    /// `default = "free"`: the default of the column in the database.
    Sql(SqlLiteral),
    /// `default = Plan::free()`: evaluated at each sign-up.
    Bound(Expr),
}

/// The value of `erase`: what is left of a column when the account is deleted and its row stays.
pub(super) enum Erased {
    /// `erase`: NULL.
    Null,
    /// `erase = "deleted"`: this literal.
    Literal(SqlLiteral),
}

/// A literal that SQL has as well.
pub(super) struct SqlLiteral {
    pub(super) kind: LiteralKind,
    /// The literal, with the sign of a negative integer.
    pub(super) value: Expr,
}

/// The kinds of literals, named as the variants of the library's `SqlDefault`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LiteralKind {
    Text,
    Integer,
    Boolean,
}

pub(super) fn declared<'a>(input: &'a DeriveInput, errors: &mut Accumulator) -> Declared<'a> {
    let arguments = take(StructArguments::from_derive_input(input), errors);
    let is_understood = arguments.is_some();
    let DeriveInput { ident, generics, .. } = input;
    let mut declared = Declared { ident, generics, arguments, fields: Vec::new(), is_understood };
    if let Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) = &input.data {
        for field in &fields.named {
            declared.add(field, errors);
        }
    } else {
        let message = "`AuthUser` can only be derived for a struct with named fields: write \
                       `struct User { id: i64, email: String }`";
        errors.push(mistake(&input.ident, message));
        declared.is_understood = false;
    }
    declared
}

impl<'a> Declared<'a> {
    fn add(&mut self, field: &'a syn::Field, errors: &mut Accumulator) {
        let Some(ident) = &field.ident else { return };
        let arguments = take(FieldArguments::from_field(field), errors);
        let is_understood = arguments.is_some();
        let arguments = arguments.unwrap_or_default();
        self.fields.push(DeclaredField { ident, ty: &field.ty, arguments, is_understood });
        self.is_understood &= is_understood;
    }
}

impl StructArguments {
    /// The library's columns: the argument that renames each, and the new name.
    pub(super) fn library(&self) -> [(&'static str, Option<&Name>); 8] {
        [
            ("hashed_password", &self.hashed_password),
            ("is_active", &self.is_active),
            ("is_superuser", &self.is_superuser),
            ("token_version", &self.token_version),
            ("auth_epoch", &self.auth_epoch),
            ("verified", &self.verified),
            ("created_at", &self.created_at),
            ("updated_at", &self.updated_at),
        ]
        .map(|(column, argument)| (column, argument.as_ref().map(|argument| &argument.value)))
    }
}

impl FieldArguments {
    /// The arguments that exclude each other: the key, an identifier, or no column.
    pub(super) fn roles(&self) -> impl Iterator<Item = &Ident> {
        let identifiers = [&self.email, &self.username, &self.phone, &self.identifier];
        let roles = [&self.id].into_iter().chain(identifiers).chain([&self.skip]);
        roles.flatten().map(|flag| &flag.name)
    }

    /// All other arguments.
    pub(super) fn details(&self) -> impl Iterator<Item = &Ident> {
        let flags = [&self.recovery, &self.no_login, &self.exact, &self.blank_is_null];
        let flags = flags.into_iter().chain([&self.unique, &self.register, &self.editable]);
        let flags = flags.chain([&self.role, &self.export]);
        let flags = flags.flatten().map(|flag| &flag.name);
        let names = [&self.column, &self.key].into_iter().flatten().map(|argument| &argument.name);
        let length = self.max_length.iter().map(|length| &length.name);
        let default = self.default.iter().map(|default| &default.name);
        let generate = self.generate.iter().map(|generate| &generate.name);
        let erase = self.erase.iter().map(|erase| &erase.name);
        names.chain(flags).chain(length).chain(default).chain(generate).chain(erase)
    }
}

impl Value for Length {
    const KIND: &'static str = "a number from 1 to 4096";
    const FORM: &'static str = " = 40";

    fn read(value: Option<&Expr>) -> Option<Self> {
        let Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) = value? else { return None };
        let number = number.base10_parse().ok()?;
        (1..=4096).contains(&number).then_some(Self(number))
    }
}

impl Value for TimeUnit {
    const KIND: &'static str =
        "`\"seconds\"`, `\"milliseconds\"`, `\"microseconds\"` or `\"nanoseconds\"`";
    const FORM: &'static str = " = \"seconds\"";

    fn read(value: Option<&Expr>) -> Option<Self> {
        let Expr::Lit(ExprLit { lit: Lit::Str(unit), .. }) = value? else { return None };
        Some(match &*unit.value() {
            "seconds" => Self::Seconds,
            "milliseconds" => Self::Milliseconds,
            "microseconds" => Self::Microseconds,
            "nanoseconds" => Self::Nanoseconds,
            _ => return None,
        })
    }
}

impl ToTokens for TimeUnit {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        Ident::new(&format!("{self:?}"), Span::call_site()).to_tokens(tokens);
    }
}

impl Value for Generator {
    const KIND: &'static str = "`uuid`, `ulid`, `database` or the path of a function";
    const FORM: &'static str = " = uuid";

    fn read(value: Option<&Expr>) -> Option<Self> {
        let Expr::Path(path) = value? else { return None };
        let word = path.path.get_ident().map(ToString::to_string);
        Some(match word.as_deref() {
            Some("database") => Self::Database,
            Some("uuid") => Self::Uuid,
            Some("ulid") => Self::Ulid,
            _ => Self::Function(path.clone()),
        })
    }
}

impl Value for DefaultValue {
    const KIND: &'static str = "a value after `=`";
    const FORM: &'static str = " = ..";

    fn read(value: Option<&Expr>) -> Option<Self> {
        let Some(value) = value else { return Some(Self::OfType) };
        let literal = SqlLiteral::of(value).map(Self::Sql);
        Some(literal.unwrap_or_else(|| Self::Bound(value.clone())))
    }
}

impl Value for Erased {
    const KIND: &'static str = "a text, an integer, a boolean, or no value for NULL";
    const FORM: &'static str = " = \"..\"";

    fn read(value: Option<&Expr>) -> Option<Self> {
        match value {
            None => Some(Self::Null),
            Some(value) => SqlLiteral::of(value).map(Self::Literal),
        }
    }
}

impl SqlLiteral {
    fn of(value: &Expr) -> Option<Self> {
        LiteralKind::of(value).map(|kind| Self { kind, value: value.clone() })
    }

    /// The number of characters of a text.
    pub(super) fn chars(&self) -> Option<usize> {
        match &self.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().chars().count()),
            _ => None,
        }
    }
}

impl LiteralKind {
    /// The kind of this literal: `"free"`, `3`, `-3`, `true`.
    fn of(value: &Expr) -> Option<Self> {
        match value {
            Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => Some(Self::Text),
            Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => Some(Self::Integer),
            Expr::Lit(ExprLit { lit: Lit::Bool(_), .. }) => Some(Self::Boolean),
            Expr::Unary(ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => {
                Self::of(expr).filter(|kind| *kind == Self::Integer)
            }
            _ => None,
        }
    }

    /// The kind that a type with a well-known name reads: `String`, `bool`, `i64`.
    pub(super) fn of_type(name: &str) -> Option<Self> {
        match name {
            "String" => Some(Self::Text),
            "bool" => Some(Self::Boolean),
            "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => Some(Self::Integer),
            _ => None,
        }
    }
}

impl ToTokens for SqlLiteral {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let variant = Ident::new(&format!("{:?}", self.kind), Span::call_site());
        let value = &self.value;
        tokens.extend(quote!(#variant(#value)));
    }
}
