//! `crudauth::migrations!(..)`: one struct, one value.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Token, Type};

use crate::support::{fallback, private};

pub(crate) fn migrations(input: TokenStream) -> TokenStream {
    match one_type.parse2(input) {
        Ok(user) => migrations_of(&user),
        Err(error) => {
            let (told, value) = (error.into_compile_error(), migrations_of(&fallback::nobody()));
            quote!({ #told #value })
        }
    }
}

/// A function of our own, since a struct that is no user is told better at a bound than at a
/// method that is not there.
fn migrations_of(user: &Type) -> TokenStream {
    let p = private();
    let called = quote_spanned!(user.span()=> migrations_of::<#user>());
    quote!({
        fn migrations_of<U: #p::AuthUser>() -> #p::Migrations<U> {
            #p::Migrations::new()
        }
        #called
    })
}

const ONE: &str = "one user struct at a time: write `crudauth::migrations!(User)`";

/// A type and nothing else but a comma.
fn one_type(input: ParseStream<'_>) -> syn::Result<Type> {
    let user: Type = input.parse().map_err(|error| syn::Error::new(error.span(), ONE))?;
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() { Ok(user) } else { Err(input.error(ONE)) }
}
