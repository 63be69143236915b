//! Lists of types with a value: `pub ReportsRead = "reports:read";`.

use darling::error::Accumulator;
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Token, Visibility};

use super::mistake;

/// A type with its value as it was written.
pub(crate) struct Declaration<V> {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    pub(crate) ident: Ident,
    pub(crate) value: V,
}

impl<V: Parse> Parse for Declaration<V> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let ident = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { attributes, visibility, ident, value: input.parse()? })
    }
}

impl<V: Parse> Declaration<V> {
    /// Reads a list. A mistake shows the form of an entry.
    pub(crate) fn list(input: TokenStream, form: &str, errors: &mut Accumulator) -> Vec<Self> {
        let list = Punctuated::<Self, Token![;]>::parse_terminated.parse2(input);
        let list = errors.handle(list.map_err(|error| mistake(&error.span(), form)));
        list.into_iter().flatten().collect()
    }
}

impl<V> Declaration<V> {
    /// The type. It is described by `docs` unless the app describes it.
    pub(crate) fn unit_struct(&self, docs: &str) -> TokenStream {
        let Self { attributes, visibility, ident, .. } = self;
        let is_documented = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
        let docs = (!is_documented).then(|| quote!(#[doc = #docs]));
        quote! {
            #docs
            #(#attributes)*
            #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
            #visibility struct #ident;
        }
    }
}
