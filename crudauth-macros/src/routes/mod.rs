//! `#[crudauth::routes(..)]`.

mod check;
mod expand;
mod model;
mod parse;
mod slices;

use darling::Error;
use proc_macro2::TokenStream;
use quote::quote;

use model::Model;

pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Error::accumulator();
    let Some(declared) = parse::declared(arguments, item.clone(), &mut errors) else {
        let errors = errors.finish().err().map(Error::write_errors);
        return quote!(#errors #item);
    };
    let model = Model::of(&declared);
    check::check(&declared, &mut errors);
    match errors.finish() {
        Ok(()) => expand::expand(&model),
        Err(error) => {
            let errors = error.write_errors();
            let mount = expand::expand(&model.broken());
            quote!(#errors #mount)
        }
    }
}
