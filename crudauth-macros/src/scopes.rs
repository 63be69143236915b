//! `crudauth::scopes! { pub ReportsRead = "reports:read"; }`: a type for each scope.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Ident, LitStr, Token, Visibility};

use crate::support::{Errors, private};

/// A scope as it was written.
struct Declared {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    ident: Ident,
    name: LitStr,
}

impl Parse for Declared {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (attributes, visibility) = (input.call(Attribute::parse_outer)?, input.parse()?);
        let told = |error: syn::Error| syn::Error::new(error.span(), DECLARATION);
        let ident = input.parse().map_err(told)?;
        input.parse::<Token![=]>().map_err(told)?;
        let name = input.parse().map_err(told)?;
        // The last one may do without.
        if !input.is_empty() {
            input.parse::<Token![;]>().map_err(told)?;
        }
        Ok(Self { attributes, visibility, ident, name })
    }
}

const DECLARATION: &str =
    "a scope is a type and a name: write `pub ReportsRead = \"reports:read\";`";

pub(crate) fn scopes(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let declared = errors.take(list.parse2(input)).unwrap_or_default();
    check(&declared, &mut errors);
    let (told, scopes) = (errors.finish().err(), declared.iter().map(expand));
    let told = told.map(syn::Error::into_compile_error);
    quote!(#told #(#scopes)*)
}

fn list(input: ParseStream<'_>) -> syn::Result<Vec<Declared>> {
    let mut declared = Vec::new();
    while !input.is_empty() {
        declared.push(input.parse()?);
    }
    Ok(declared)
}

fn check(declared: &[Declared], errors: &mut Errors) {
    for (at, scope) in declared.iter().enumerate() {
        let name = scope.name.value();
        if !is_scope(&name) {
            let told = "no client can ask for such a scope: write 1 to 64 visible ASCII characters \
                        without `\"` and `\\`";
            errors.at(&scope.name, told);
        } else if declared[..at].iter().any(|other| other.name.value() == name) {
            errors.at(&scope.name, format!("`{name}` is declared twice: drop one"));
        }
    }
}

/// RFC 6749, section 3.3; the length is what the library takes.
fn is_scope(name: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    (1..=64).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn expand(declared: &Declared) -> TokenStream {
    let (p, Declared { attributes, visibility, ident, name }) = (private(), declared);
    let about = (!attributes.iter().any(|attribute| attribute.path().is_ident("doc"))).then(|| {
        let about = format!("The scope `{}`.", name.value());
        quote!(#[doc = #about])
    });
    quote! {
        #about
        #(#attributes)*
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #visibility struct #ident;

        #[automatically_derived]
        impl #p::ScopeName for #ident {
            const NAME: &'static ::core::primitive::str = #name;
        }

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

    fn told(input: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        let declared = errors.take(list.parse2(input)).unwrap_or_default();
        check(&declared, &mut errors);
        errors.messages()
    }

    #[test]
    fn a_right_list_is_told_nothing() {
        assert_eq!(told(quote!()), [""; 0]);
        assert_eq!(told(quote!(A = "a"; B = "b")), [""; 0]);
        assert_eq!(told(quote!(pub A = "a:b"; /** b */ pub(crate) B = "!";)), [""; 0]);
    }

    #[test]
    fn every_wrong_name_is_told_at_once() {
        let told = told(quote!(A = "a b"; B = "é"; C = ""; D = "a\"b"; E = "e"; F = "e";));
        assert_eq!(told.len(), 5);
    }

    #[test]
    fn what_is_no_declaration_is_told_what_one_is() {
        assert_eq!(told(quote!(A = 3;)), [DECLARATION]);
        assert_eq!(told(quote!(A)), [DECLARATION]);
        assert_eq!(told(quote!(A = "a" B = "b";)), [DECLARATION]);
    }
}
