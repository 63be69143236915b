//! `#[derive(AuthUser)]`.

mod check;
mod expand;
mod forms;
mod kind;
mod library;
mod markers;
mod model;
mod parse;

use darling::Error;
use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::support::fallback;
use model::Model;

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(input) {
        Ok(input) => user(&input),
        Err(error) => error.into_compile_error(),
    }
}

fn user(input: &DeriveInput) -> TokenStream {
    let mut errors = Error::accumulator();
    let declared = parse::declared(input, &mut errors);
    let model = Model::of(&declared);
    check::check(&model, &mut errors);
    match (errors.finish(), model.keys().next()) {
        (Ok(()), Some(key)) => expand::expand(&model, key),
        (result, key) => fallback::user(input, key.map(|key| key.ty), result.err()),
    }
}
