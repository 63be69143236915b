//! `#[crudauth::routes(..)]`.

mod check;
mod expand;
mod model;
mod parse;
mod slices;

use proc_macro2::TokenStream;
use quote::quote;

use crate::support::Errors;
use model::Model;

pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(declared) = parse::declared(arguments, item.clone(), &mut errors) else {
        let told = errors.finish().err().map(syn::Error::into_compile_error);
        return quote!(#told #item);
    };
    let model = Model::of(&declared);
    check::check(&declared, &model, &mut errors);
    match errors.finish() {
        Ok(()) => expand::expand(&model),
        Err(error) => {
            let (told, mount) = (error.into_compile_error(), expand::expand(&model.broken()));
            quote!(#told #mount)
        }
    }
}
