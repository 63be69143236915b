//! `crudauth::scopes! { pub ReportsRead = "reports:read"; }`: a type for each scope.

use darling::Error;
use darling::error::Accumulator;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, LitStr};

use crate::support::{Declaration, mistake, private};

const FORM: &str = "expected a scope: write `pub ReportsRead = \"reports:read\";`";

pub(crate) fn scopes(input: TokenStream) -> TokenStream {
    let mut errors = Error::accumulator();
    let declared = declared(input, &mut errors);
    let errors = errors.finish().err().map(Error::write_errors);
    let scopes = declared.iter().map(expand);
    quote!(#errors #(#scopes)*)
}

fn declared(input: TokenStream, errors: &mut Accumulator) -> Vec<Declaration<LitStr>> {
    let declared = Declaration::list(input, FORM, errors);
    check(&declared, errors);
    declared
}

fn check(declared: &[Declaration<LitStr>], errors: &mut Accumulator) {
    for (at, scope) in declared.iter().enumerate() {
        let name = scope.value.value();
        if !is_scope(&name) {
            let message = "invalid scope name: write 1 to 64 visible ASCII characters without `\"` \
                           and `\\`";
            errors.push(mistake(&scope.value, message));
        } else if declared[..at].iter().any(|other| other.value.value() == name) {
            errors.push(mistake(&scope.value, format!("duplicate scope `{name}`: remove one")));
        }
    }
}

/// The characters are those of RFC 6749, section 3.3. The length is the library's limit.
fn is_scope(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
}

fn expand(declared: &Declaration<LitStr>) -> TokenStream {
    let p = private();
    let Declaration { ident, value: name, .. } = declared;
    let ty = declared.unit_struct(&format!("The scope `{}`.", name.value()));
    let into_scopes = into_scopes(ident);
    quote! {
        #ty

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
