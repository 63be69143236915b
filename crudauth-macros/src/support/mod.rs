//! What the macros share: the collector of mistakes, words in parentheses, names, and what is
//! written in place of something that did not compile.

mod errors;
pub(crate) mod fallback;
pub(crate) mod naming;
mod words;

pub(crate) use errors::Errors;
pub(crate) use words::{Word, put};

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

/// The only module of the library that generated code names.
pub(crate) fn private() -> TokenStream {
    private_at(Span::call_site())
}

/// The same where a mistake should be told at a token of the app's.
pub(crate) fn private_at(span: Span) -> TokenStream {
    quote_spanned!(span=> ::crudauth::private)
}
