//! The arguments of an attribute, such as `register` and `column = "name"`. darling finds them and
//! rejects unknown and repeated ones; the types here read their values.

use std::fmt::Display;

use darling::FromMeta;
use darling::error::Accumulator;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, Meta, Type};

use super::errors::mistake;
use super::naming::Name;

/// An argument that was written. Its name is kept because errors point at it.
#[derive(Clone, Debug)]
pub(crate) struct Argument<V> {
    pub(crate) name: Ident,
    pub(crate) value: V,
}

/// An argument without a value. `darling::util::Flag` keeps no name and panics on `name()`.
pub(crate) type Flag = Argument<()>;

/// A value that an argument can have.
pub(crate) trait Value: Sized {
    /// Noun phrase for errors: "`column` takes a string".
    const KIND: &'static str;
    /// The text after the name in the form that errors suggest: `column = ".."`.
    const FORM: &'static str;

    /// Reads the expression after `=`, if there is one. `None` if it is of another kind.
    fn read(value: Option<&Expr>) -> Option<Self>;
}

impl<V: Value> FromMeta for Argument<V> {
    fn from_meta(item: &Meta) -> darling::Result<Self> {
        let name = item.path().require_ident()?.clone();
        let (value, at) = match item {
            Meta::Path(_) => (V::read(None), name.span()),
            Meta::NameValue(pair) => (V::read(Some(ungrouped(&pair.value))), pair.value.span()),
            Meta::List(_) => (None, name.span()),
        };
        let message = format!("`{name}` takes {}: write `{name}{}`", V::KIND, V::FORM);
        value.map(|value| Self { name, value }).ok_or_else(|| mistake(&at, message))
    }
}

/// Rejects an argument that is present.
pub(crate) fn reject<V>(
    argument: &Option<Argument<V>>,
    reason: impl Display,
    errors: &mut Accumulator,
) {
    if let Some(Argument { name, .. }) = argument {
        errors.push(mistake(name, format!("{reason}: remove `{name}`")));
    }
}

/// Removes the invisible group that a `macro_rules!` puts around an expression.
fn ungrouped(value: &Expr) -> &Expr {
    match value {
        Expr::Group(group) => ungrouped(&group.expr),
        other => other,
    }
}

impl Value for () {
    const KIND: &'static str = "no value";
    const FORM: &'static str = "";

    fn read(value: Option<&Expr>) -> Option<Self> {
        value.is_none().then_some(())
    }
}

impl Value for Name {
    const KIND: &'static str = "a string";
    const FORM: &'static str = " = \"..\"";

    fn read(value: Option<&Expr>) -> Option<Self> {
        match value? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                Some(Self::new(text.value(), text.span()))
            }
            _ => None,
        }
    }
}

impl Value for Type {
    const KIND: &'static str = "a type";
    const FORM: &'static str = " = Type";

    fn read(value: Option<&Expr>) -> Option<Self> {
        syn::parse2(value?.to_token_stream()).ok()
    }
}
