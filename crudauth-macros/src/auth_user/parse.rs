//! Turns the struct's tokens into words that keep their places. Decides nothing but what a word is.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, ExprUnary, Fields, Generics, Ident};
use syn::{Lit, LitBool, LitInt, LitStr, Type, UnOp};

use crate::support::{Errors, Word, naming, put};

/// The struct as it was written.
pub(super) struct Declared<'a> {
    pub(super) ident: &'a Ident,
    pub(super) generics: &'a Generics,
    pub(super) table: Option<LitStr>,
    /// The library's columns that are called otherwise than usual: which, and how.
    pub(super) library: Vec<(Ident, LitStr)>,
    pub(super) body: Body<'a>,
    /// Whether every word was one; else what seems to be missing may only be misspelt.
    pub(super) is_understood: bool,
}

/// What is behind the name.
pub(super) enum Body<'a> {
    Named(Vec<DeclaredField<'a>>),
    /// Something that is no table; the tokens that tell so.
    Other(TokenStream),
}

/// A field as it was written.
pub(super) struct DeclaredField<'a> {
    pub(super) ident: &'a Ident,
    pub(super) ty: &'a Type,
    pub(super) words: FieldWords,
    pub(super) is_understood: bool,
}

/// The words on a field.
#[derive(Default)]
pub(super) struct FieldWords {
    pub(super) id: Option<Ident>,
    pub(super) email: Option<Ident>,
    pub(super) username: Option<Ident>,
    pub(super) phone: Option<Ident>,
    pub(super) identifier: Option<Ident>,
    pub(super) recovery: Option<Ident>,
    pub(super) no_login: Option<Ident>,
    pub(super) exact: Option<Ident>,
    pub(super) unique: Option<Ident>,
    pub(super) register: Option<Ident>,
    pub(super) skip: Option<Ident>,
    pub(super) column: Option<(Ident, LitStr)>,
    pub(super) key: Option<(Ident, LitStr)>,
    pub(super) max_length: Option<(Ident, LitInt)>,
    pub(super) default: Option<(Ident, DefaultWord)>,
}

/// What a `default` says.
pub(super) enum DefaultWord {
    /// `default`: the type's own.
    OfType,
    /// `default = "free"`: the database's.
    Sql(SqlLiteral),
    /// `default = Plan::free()`: whatever this is at sign-up.
    Bound(Expr),
}

/// A literal that SQL has too.
pub(super) enum SqlLiteral {
    Text(LitStr),
    /// A whole number, its sign included.
    Integer(Expr),
    Boolean(LitBool),
}

const TABLE: &str = "table";

/// The library's columns, as the struct's words call them.
pub(super) const LIBRARY_WORDS: &[&str] = &[
    "hashed_password",
    "is_active",
    "is_superuser",
    "token_version",
    "auth_epoch",
    "verified",
    "created_at",
    "updated_at",
];

const FIELD_WORDS: &[&str] = &[
    "id",
    "email",
    "username",
    "phone",
    "identifier",
    "recovery",
    "no_login",
    "exact",
    "key",
    "column",
    "max_length",
    "unique",
    "register",
    "default",
    "skip",
];

pub(super) fn declared<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Declared<'a> {
    let (mut table, mut library) = (None, Vec::new());
    for word in words(&input.attrs, errors) {
        if word.key == TABLE {
            word.value(&mut table, "\"users\"", errors);
        } else {
            library_word(word, &mut library, errors);
        }
    }
    let table = table.and_then(|value| text(value, TABLE, errors));
    let body = body(input, errors);
    Declared {
        ident: &input.ident,
        generics: &input.generics,
        table,
        library,
        body,
        is_understood: errors.len() == 0,
    }
}

/// What one of the library's columns is called.
fn library_word(word: Word<Expr>, library: &mut Vec<(Ident, LitStr)>, errors: &mut Errors) {
    let (key, name) = (word.key.clone(), word.key.to_string());
    if !LIBRARY_WORDS.contains(&&*name) {
        let known: Vec<_> = std::iter::once(TABLE).chain(LIBRARY_WORDS.iter().copied()).collect();
        return errors.at(&key, naming::unknown(&name, "a struct", &known));
    }
    let mut value = None;
    word.value(&mut value, "\"column\"", errors);
    let mut place = library.iter().find(|(one, _)| *one == key).cloned();
    let is_new = place.is_none();
    if let Some(column) = value.and_then(|value| text(value, &name, errors)) {
        put(&mut place, &key, (key.clone(), column), errors);
    }
    library.extend(place.filter(|_| is_new));
}

fn body<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Body<'a> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                let named =
                    |field: &'a syn::Field| field.ident.as_ref().map(|ident| (ident, field));
                let fields = fields.named.iter().filter_map(named);
                Body::Named(
                    fields.map(|(ident, field)| declared_field(ident, field, errors)).collect(),
                )
            }
            Fields::Unnamed(fields) => Body::Other(fields.to_token_stream()),
            Fields::Unit => Body::Other(input.ident.to_token_stream()),
        },
        Data::Enum(data) => Body::Other(data.enum_token.to_token_stream()),
        Data::Union(data) => Body::Other(data.union_token.to_token_stream()),
    }
}

fn declared_field<'a>(
    ident: &'a Ident,
    field: &'a syn::Field,
    errors: &mut Errors,
) -> DeclaredField<'a> {
    let mut words = FieldWords::default();
    let told_before = errors.len();
    for word in self::words(&field.attrs, errors) {
        words.set(word, errors);
    }
    DeclaredField { ident, ty: &field.ty, words, is_understood: errors.len() == told_before }
}

impl FieldWords {
    fn set(&mut self, word: Word<Expr>, errors: &mut Errors) {
        match word.key.to_string().as_str() {
            "id" => word.flag(&mut self.id, errors),
            "email" => word.flag(&mut self.email, errors),
            "username" => word.flag(&mut self.username, errors),
            "phone" => word.flag(&mut self.phone, errors),
            "identifier" => word.flag(&mut self.identifier, errors),
            "recovery" => word.flag(&mut self.recovery, errors),
            "no_login" => word.flag(&mut self.no_login, errors),
            "exact" => word.flag(&mut self.exact, errors),
            "unique" => word.flag(&mut self.unique, errors),
            "register" => word.flag(&mut self.register, errors),
            "skip" => word.flag(&mut self.skip, errors),
            "column" => text_word(word, &mut self.column, errors),
            "key" => text_word(word, &mut self.key, errors),
            "max_length" => number_word(word, &mut self.max_length, errors),
            "default" => {
                let value = word.value.map_or(DefaultWord::OfType, default_word);
                put(&mut self.default, &word.key, (word.key.clone(), value), errors);
            }
            unknown => errors.at(&word.key, naming::unknown(unknown, "a field", FIELD_WORDS)),
        }
    }
}

/// `column = "name"`.
fn text_word(word: Word<Expr>, place: &mut Option<(Ident, LitStr)>, errors: &mut Errors) {
    let (key, mut value) = (word.key.clone(), None);
    word.value(&mut value, "\"name\"", errors);
    if let Some(name) = value.and_then(|value| text(value, &key.to_string(), errors)) {
        put(place, &key, (key.clone(), name), errors);
    }
}

/// `max_length = 40`.
fn number_word(word: Word<Expr>, place: &mut Option<(Ident, LitInt)>, errors: &mut Errors) {
    let (key, mut value) = (word.key.clone(), None);
    word.value(&mut value, "40", errors);
    match value.map(ungrouped) {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => {
            put(place, &key, (key.clone(), number), errors);
        }
        Some(other) => errors.at(other, format!("`{key}` takes a number: write `{key} = 40`")),
        None => {}
    }
}

/// The words of every `#[auth(..)]`.
fn words(attributes: &[Attribute], errors: &mut Errors) -> Vec<Word<Expr>> {
    let ours = attributes.iter().filter(|attribute| attribute.path().is_ident("auth"));
    ours.filter_map(|attribute| errors.take(attribute.parse_args_with(Word::list)))
        .flatten()
        .collect()
}

fn text(value: Expr, key: &str, errors: &mut Errors) -> Option<LitStr> {
    match ungrouped(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        other => {
            errors.at(other, format!("`{key}` takes a text: write `{key} = \"..\"`"));
            None
        }
    }
}

fn default_word(value: Expr) -> DefaultWord {
    match ungrouped(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => DefaultWord::Sql(SqlLiteral::Text(text)),
        Expr::Lit(ExprLit { lit: Lit::Bool(truth), .. }) => {
            DefaultWord::Sql(SqlLiteral::Boolean(truth))
        }
        other if is_integer(&other) => DefaultWord::Sql(SqlLiteral::Integer(other)),
        other => DefaultWord::Bound(other),
    }
}

/// `3` or `-3`.
fn is_integer(value: &Expr) -> bool {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => true,
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => {
            matches!(**expr, Expr::Lit(ExprLit { lit: Lit::Int(_), .. }))
        }
        _ => false,
    }
}

/// Without the invisible parentheses that a `macro_rules!` puts around what it was given.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}
