//! `crudauth::roles! { pub Admin = "admin"; }`: a type for each role.

use darling::Error;
use darling::error::Accumulator;
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{LitInt, LitStr};

use crate::support::{Declaration, mistake, private};

/// How a column holds a role.
enum Value {
    /// `= "admin"`: in a text.
    Name(LitStr),
    /// `= 0b100`: in an integer.
    Bits(LitInt),
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitInt) {
            input.parse().map(Self::Bits)
        } else {
            input.parse().map(Self::Name)
        }
    }
}

const FORM: &str = "expected a role: write `pub Admin = \"admin\";` for a column of text, or \
                    `pub Admin = 1;` for the bits of an integer";

pub(crate) fn roles(input: TokenStream) -> TokenStream {
    let mut errors = Error::accumulator();
    let declared = declared(input, &mut errors);
    let errors = errors.finish().err().map(Error::write_errors);
    let roles = declared.iter().map(expand);
    quote!(#errors #(#roles)*)
}

fn declared(input: TokenStream, errors: &mut Accumulator) -> Vec<Declaration<Value>> {
    let declared = Declaration::<Value>::list(input, FORM, errors);
    for role in &declared {
        match &role.value {
            Value::Name(name) if !is_name(&name.value()) => {
                let message =
                    "invalid role name: write 1 to 64 visible ASCII characters without `,`";
                errors.push(mistake(name, message));
            }
            Value::Bits(bits) if !is_bits(bits) => {
                let message = "invalid bits of a role: write a number from 1 to 2^63 - 1";
                errors.push(mistake(bits, message));
            }
            Value::Name(_) | Value::Bits(_) => {}
        }
    }
    declared
}

/// A comma and white space separate the roles of a text. The length is the library's limit.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// Every account has all bits of zero. Integers of databases have signs.
fn is_bits(bits: &LitInt) -> bool {
    bits.suffix().is_empty() && bits.base10_parse::<i64>().is_ok_and(|bits| bits > 0)
}

fn expand(declared: &Declaration<Value>) -> TokenStream {
    let p = private();
    let ident = &declared.ident;
    let (docs, value) = match &declared.value {
        Value::Name(name) => (
            format!("The role `{}`.", name.value()),
            quote!(impl #p::RoleName for #ident {
                const NAME: &'static ::core::primitive::str = #name;
            }),
        ),
        Value::Bits(bits) => (
            format!("The role with the bits `{bits}`."),
            quote!(impl #p::RoleBits for #ident {
                const BITS: ::core::primitive::u64 = #bits;
            }),
        ),
    };
    let ty = declared.unit_struct(&docs);
    quote!(#ty #[automatically_derived] #value)
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
        assert_eq!(errors_of(quote!(pub A = "a"; /** b */ B = 1; C = 0x8;)), [""; 0]);
    }

    #[test]
    fn every_invalid_role_is_reported_at_once() {
        let input =
            quote!(A = "a b"; B = "a,b"; C = ""; D = 0; E = 1u8; F = 9223372036854775808; G = -1;);
        assert_eq!(errors_of(input).len(), 7);
    }

    #[test]
    fn a_malformed_role_shows_the_form_of_one() {
        for input in [quote!(A = true;), quote!(A), quote!(A = 1 << 3;)] {
            assert_eq!(errors_of(input), [FORM]);
        }
    }
}
