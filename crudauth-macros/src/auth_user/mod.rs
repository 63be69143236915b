//! `#[derive(AuthUser)]`.

mod check;
mod expand;
mod kind;
mod library;
mod model;
mod name;
mod parse;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::support::{Errors, fallback};
use model::Model;

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(input) {
        Ok(input) => user(&input),
        Err(error) => error.into_compile_error(),
    }
}

fn user(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let declared = parse::declared(input, &mut errors);
    let model = Model::of(&declared);
    check::check(&model, &mut errors);
    match (errors.finish(), model.key()) {
        (Ok(()), Some(key)) => expand::expand(&model, key),
        (told, key) => fallback::user(input, key.map(|key| key.ty()), told.err()),
    }
}
