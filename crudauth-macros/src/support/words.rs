//! Words in an attribute's parentheses: `register`, `column = "name"`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, Token, ext::IdentExt, token};

use super::Errors;

/// A word, and what stands behind its `=`.
pub(crate) struct Word<V> {
    pub(crate) key: Ident,
    pub(crate) value: Option<V>,
}

impl<V: Parse> Parse for Word<V> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = Ident::parse_any(input)?;
        if input.peek(token::Paren) {
            let told =
                format!("`{key}` takes no parentheses: write a value, if it takes one, after `=`");
            return Err(input.error(told));
        }
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self { key, value })
    }
}

impl<V: Parse> Word<V> {
    /// Words with commas between them.
    pub(crate) fn list(input: ParseStream<'_>) -> syn::Result<Vec<Self>> {
        Ok(Punctuated::<Self, Token![,]>::parse_terminated(input)?.into_iter().collect())
    }
}

impl<V: quote::ToTokens> Word<V> {
    /// Puts a word that stands alone into its place.
    pub(crate) fn flag(self, place: &mut Option<Ident>, errors: &mut Errors) {
        if let Some(value) = &self.value {
            errors.at(value, format!("`{}` takes no value: write it alone", self.key));
        }
        put(place, &self.key.clone(), self.key, errors);
    }

    /// Puts a word's value into its place; `example` is what a value looks like.
    pub(crate) fn value(self, place: &mut Option<V>, example: &str, errors: &mut Errors) {
        match self.value {
            Some(value) => put(place, &self.key, value, errors),
            None => {
                errors.at(
                    &self.key,
                    format!("`{0}` takes a value: write `{0} = {example}`", self.key),
                );
            }
        }
    }
}

/// Fills a place that can be filled once.
pub(crate) fn put<T>(place: &mut Option<T>, key: &Ident, value: T, errors: &mut Errors) {
    if place.is_some() {
        errors.at(key, format!("`{key}` is said twice: drop one"));
    } else {
        *place = Some(value);
    }
}
