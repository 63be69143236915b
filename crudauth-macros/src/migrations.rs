//! `crudauth::migrations!(..)`.

use darling::Error;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Token, Type};

use crate::support::{fallback, mistake, private};

pub(crate) fn migrations(input: TokenStream) -> TokenStream {
    match one_type.parse2(input).map_err(|error| mistake(&error.span(), ONE)) {
        Ok(user) => migrations_of(&user),
        Err(error) => {
            let errors = Error::write_errors(error);
            let value = migrations_of(&fallback::placeholder_user());
            quote!({ #errors #value })
        }
    }
}

/// A function with a bound, since rustc explains an unmet bound better than a missing method.
fn migrations_of(user: &Type) -> TokenStream {
    let p = private();
    let call = quote_spanned!(user.span()=> migrations_of::<#user>());
    quote!({
        fn migrations_of<U: #p::AuthUser>() -> #p::Migrations<U> {
            #p::Migrations::new()
        }
        #call
    })
}

const ONE: &str = "expected one user struct: write `crudauth::migrations!(User)`";

/// One type, and an optional comma.
fn one_type(input: ParseStream<'_>) -> syn::Result<Type> {
    let user = input.parse()?;
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() { Ok(user) } else { Err(input.error(ONE)) }
}
