//! Shared by the macros: arguments of attributes, compile errors, names in SQL, and the code that
//! replaces an item after a mistake.

mod argument;
mod declaration;
mod errors;
pub(crate) mod fallback;
pub(crate) mod naming;

pub(crate) use argument::{Argument, Flag, Value, reject};
pub(crate) use declaration::Declaration;
#[cfg(test)]
pub(crate) use errors::messages;
pub(crate) use errors::{mistake, take};
pub(crate) use naming::Name;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

/// The only module of the library that generated code names.
pub(crate) fn private() -> TokenStream {
    private_at(Span::call_site())
}

/// The same module, for code whose errors must point at a token of the user's.
pub(crate) fn private_at(span: Span) -> TokenStream {
    quote_spanned!(span=> ::crudauth::private)
}

/// A local variable that the app's expressions cannot refer to. The prefix is needed because a unit
/// struct of the same name, such as a poem handler, would be read as a pattern.
pub(crate) fn local(name: &str) -> Ident {
    format_ident!("__{name}", span = Span::mixed_site())
}

/// An `Option` as tokens.
pub(crate) fn optional(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
