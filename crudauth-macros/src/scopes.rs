//! `crudauth::scopes! { pub ReportsRead = "reports:read"; }`: a type for each scope.

use darling::Error;
use darling::error::Accumulator;
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Token, Visibility};

use crate::support::{mistake, private};

/// A scope as it was written.
struct Declared {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    ident: Ident,
    name: LitStr,
}

impl Parse for Declared {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let ident = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { attributes, visibility, ident, name: input.parse()? })
    }
}

const FORM: &str = "expected a scope: write `pub ReportsRead = \"reports:read\";`";

pub(crate) fn scopes(input: TokenStream) -> TokenStream {
    let mut errors = Error::accumulator();
    let declared = declared(input, &mut errors);
    let errors = errors.finish().err().map(Error::write_errors);
    let scopes = declared.iter().map(expand);
    quote!(#errors #(#scopes)*)
}

fn declared(input: TokenStream, errors: &mut Accumulator) -> Vec<Declared> {
    let list = Punctuated::<Declared, Token![;]>::parse_terminated.parse2(input);
    let list = errors.handle(list.map_err(|error| mistake(&error.span(), FORM)));
    let declared: Vec<_> = list.into_iter().flatten().collect();
    check(&declared, errors);
    declared
}

fn check(declared: &[Declared], errors: &mut Accumulator) {
    for (at, scope) in declared.iter().enumerate() {
        let name = scope.name.value();
        if !is_scope(&name) {
            let message = "invalid scope name: write 1 to 64 visible ASCII characters without `\"` \
                           and `\\`";
            errors.push(mistake(&scope.name, message));
        } else if declared[..at].iter().any(|other| other.name.value() == name) {
            errors.push(mistake(&scope.name, format!("duplicate scope `{name}`: remove one")));
        }
    }
}

/// The characters are those of RFC 6749, section 3.3. The length is the library's limit.
fn is_scope(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
}

fn expand(declared: &Declared) -> TokenStream {
    let p = private();
    let Declared { attributes, visibility, ident, name } = declared;
    let is_documented = attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
    let docs = (!is_documented).then(|| {
        let docs = format!("The scope `{}`.", name.value());
        quote!(#[doc = #docs])
    });
    let into_scopes = into_scopes(ident);
    quote! {
        #docs
        #(#attributes)*
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #visibility struct #ident;

        #[automatically_derived]
        impl #p::ScopeName for #ident {
            const NAME: &'static ::core::primitive::str = #name;
        }

        #into_scopes
    }
}

/// Conversion to a set of scopes, and `ReportsRead | ReportsWrite`.
fn into_scopes(ident: &Ident) -> TokenStream {
    let p = private();
    quote! {
        #[automatically_derived]
        impl ::core::convert::From<#ident> for #p::Scopes {
            fn from(_: #ident) -> Self {
                #p::scope::<#ident>()
            }
        }

        #[automatically_derived]
        impl<__S: ::core::convert::Into<#p::Scopes>> ::core::ops::BitOr<__S> for #ident {
            type Output = #p::Scopes;
            fn bitor(self, __other: __S) -> #p::Scopes {
                #p::scope::<#ident>() | __other
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::messages;

    fn errors_of(input: TokenStream) -> Vec<String> {
        let mut errors = Error::accumulator();
        declared(input, &mut errors);
        messages(errors)
    }

    #[test]
    fn a_valid_list_has_no_errors() {
        assert_eq!(errors_of(quote!()), [""; 0]);
        assert_eq!(errors_of(quote!(A = "a"; B = "b")), [""; 0]);
        assert_eq!(errors_of(quote!(pub A = "a:b"; /** b */ pub(crate) B = "!";)), [""; 0]);
    }

    #[test]
    fn every_invalid_name_is_reported_at_once() {
        let errors = errors_of(quote!(A = "a b"; B = "é"; C = ""; D = "a\"b"; E = "e"; F = "e";));
        assert_eq!(errors.len(), 5);
    }

    #[test]
    fn a_malformed_scope_shows_the_form_of_one() {
        assert_eq!(errors_of(quote!(A = 3;)), [FORM]);
        assert_eq!(errors_of(quote!(A)), [FORM]);
        assert_eq!(errors_of(quote!(A = "a" B = "b";)), [FORM]);
    }
}
