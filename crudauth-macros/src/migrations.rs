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
        Ok(ty) => migrations_of(&ty),
        Err(error) => {
            let errors = Error::write_errors(error);
            let value = migrations_of(&fallback::placeholder_user());
            quote!({ #errors #value })
        }
    }
}

/// A function with a bound, since rustc explains an unmet bound better than a missing method.
fn migrations_of(ty: &Type) -> TokenStream {
    let p = private();
    let call = quote_spanned!(ty.span()=> migrations_of::<#ty>());
    quote!({
        fn migrations_of<T: #p::HasMigrations>() -> #p::Migrations<T::User> {
            T::migrations()
        }
        #call
    })
}

const ONE: &str = "expected one mount or user struct: write `crudauth::migrations!(Auth)`";

/// One type, and an optional comma.
fn one_type(input: ParseStream<'_>) -> syn::Result<Type> {
    let ty = input.parse()?;
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() { Ok(ty) } else { Err(input.error(ONE)) }
}
