//! Turns arguments and struct into words that keep their places.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Generics, Ident, Type, Visibility};

use super::slices::SLICES;
use crate::support::{Errors, Word, naming, put};

/// The mount as it was written.
pub(super) struct Declared {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) ident: Ident,
    pub(super) generics: Generics,
    /// What the item is if it is no unit struct; the tokens that tell so.
    pub(super) surplus: Option<TokenStream>,
    pub(super) user: Option<Type>,
    /// The app's own transports, and after how many of the slices each was named.
    pub(super) own: Vec<Own>,
    /// The slices, as they were named.
    pub(super) slices: Vec<Ident>,
    /// Whether every word was one; else what seems to be missing may only be misspelt.
    pub(super) is_understood: bool,
}

/// A transport of the app's own.
pub(super) struct Own {
    pub(super) ty: Type,
    /// How many slices were named before it.
    pub(super) after: usize,
}

/// What stands behind a `=`.
enum Value {
    Type(Type),
    Other(Expr),
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        match input.fork().parse::<Type>() {
            Ok(_) => Ok(Self::Type(input.parse()?)),
            Err(_) => Ok(Self::Other(input.parse()?)),
        }
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Type(ty) => ty.to_tokens(tokens),
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}

impl Value {
    fn ty(self, key: &Ident, example: &str, errors: &mut Errors) -> Option<Type> {
        match self {
            Self::Type(ty) => Some(ty),
            Self::Other(other) => {
                errors.at(other, format!("`{key}` takes a struct: write `{key} = {example}`"));
                None
            }
        }
    }
}

/// `None` if nothing can be made of the item.
pub(super) fn declared(
    arguments: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<Declared> {
    let mut user = None;
    let (mut slices, mut own) = (Vec::new(), Vec::new());
    for word in errors.take(Word::<Value>::list.parse2(arguments)).into_iter().flatten() {
        let key = word.key.clone();
        if key == "user" {
            if let Some(value) = ty(word, "User", errors) {
                put(&mut user, &key, value, errors);
            }
        } else if key == "transport" {
            if let Some(ty) = ty(word, "Certificate", errors) {
                own_transport(ty, slices.len(), &mut own, errors);
            }
        } else {
            slice(word, &mut slices, errors);
        }
    }
    let is_understood = errors.len() == 0;
    let Ok(item) = syn::parse2::<DeriveInput>(item.clone()) else {
        errors.at(item, UNIT);
        return None;
    };
    let surplus = surplus(&item.data);
    let DeriveInput { attrs: attributes, vis: visibility, ident, generics, .. } = item;
    let declared = Declared {
        attributes,
        visibility,
        ident,
        generics,
        surplus,
        user,
        own,
        slices,
        is_understood,
    };
    Some(declared)
}

/// What the attribute stands on.
pub(super) const UNIT: &str = "a mount is a unit struct: write `struct Auth;`";

/// What a word that stands for a type says.
fn ty(word: Word<Value>, example: &str, errors: &mut Errors) -> Option<Type> {
    let key = word.key.clone();
    let mut value = None;
    word.value(&mut value, example, errors);
    value?.ty(&key, example, errors)
}

fn own_transport(ty: Type, after: usize, own: &mut Vec<Own>, errors: &mut Errors) {
    if own.iter().any(|known| known.ty == ty) {
        errors.at(&ty, format!("`{}` is named twice: drop one", ty.to_token_stream()));
    } else {
        own.push(Own { ty, after });
    }
}

fn slice(word: Word<Value>, slices: &mut Vec<Ident>, errors: &mut Errors) {
    let known: Vec<_> = SLICES.iter().map(|slice| slice.word).collect();
    let name = word.key.to_string();
    if !known.contains(&&*name) {
        let known: Vec<_> = ["user", "transport"].into_iter().chain(known).collect();
        errors.at(&word.key, naming::unknown(&name, "`routes`", &known));
        return;
    }
    let mut place = slices.iter().find(|slice| *slice == &word.key).cloned();
    let is_new = place.is_none();
    word.flag(&mut place, errors);
    slices.extend(place.filter(|_| is_new));
}

fn surplus(data: &Data) -> Option<TokenStream> {
    match data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(fields.to_token_stream()),
            Fields::Unnamed(fields) => Some(fields.to_token_stream()),
            Fields::Unit => None,
        },
        Data::Enum(data) => Some(data.enum_token.to_token_stream()),
        Data::Union(data) => Some(data.union_token.to_token_stream()),
    }
}
