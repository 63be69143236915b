//! `crudauth::migrations!(..)`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Token, Type};

use crate::support::{fallback, private};

pub(crate) fn migrations(input: TokenStream) -> TokenStream {
    match one_type.parse2(input) {
        Ok(ty) => migrations_of(&ty),
        Err(error) => {
            let (told, value) = (error.into_compile_error(), migrations_of(&fallback::nobody()));
            quote!({ #told #value })
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
    let ty: Type = input.parse().map_err(|error| syn::Error::new(error.span(), ONE))?;
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() { Ok(ty) } else { Err(input.error(ONE)) }
}
