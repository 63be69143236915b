//! The library's columns in the user's table: what each is called, and which field shows one.

use quote::ToTokens;

use super::kind::Kind;
use super::name::{Name, is_same_column};
use super::parse::{Declared, LIBRARY_WORDS};

/// The password hash, which is never shown.
pub(super) const HASH: &str = "hashed_password";

/// Whether the account is verified; called after what recovers it.
pub(super) const VERIFIED: &str = "verified";

/// The library's columns in the user's table, each with its word.
pub(super) struct Library(Vec<(&'static str, Name)>);

impl Library {
    /// The names that were said, else the usual ones, which are crudauth-py's.
    pub(super) fn of(declared: &Declared<'_>, recovery: Option<Kind>) -> Self {
        let columns = LIBRARY_WORDS.iter().filter_map(|&word| {
            let said = declared.library.iter().find(|(key, _)| key == word);
            let usual = match (word, recovery) {
                (VERIFIED, Some(Kind::Phone)) => Some("phone_verified"),
                (VERIFIED, Some(_)) => Some("email_verified"),
                (VERIFIED, None) => None,
                (word, _) => Some(word),
            };
            let name = match said {
                Some((_, name)) => Name { text: name.value(), tokens: name.to_token_stream() },
                None => Name { text: usual?.to_owned(), tokens: declared.ident.to_token_stream() },
            };
            Some((word, name))
        });
        Self(columns.collect())
    }

    /// The column of this name: its word, and its name as the library writes it.
    pub(super) fn find(&self, column: &str) -> Option<(&'static str, &Name)> {
        let found = self.0.iter().find(|(_, name)| is_same_column(&name.text, column));
        found.map(|(word, name)| (*word, name))
    }

    /// What the column of that word is called.
    pub(super) fn name(&self, word: &str) -> Option<&str> {
        self.0.iter().find(|(one, _)| *one == word).map(|(_, name)| &*name.text)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().map(|(_, name)| name)
    }
}
