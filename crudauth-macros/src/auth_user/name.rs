//! Names in SQL.

use proc_macro2::TokenStream;

/// A name in SQL, and the tokens that gave it.
#[derive(Clone)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) tokens: TokenStream,
}

/// SQLite and MySQL do not tell `Email` from `email` where a column is meant.
pub(super) fn is_same_column(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
