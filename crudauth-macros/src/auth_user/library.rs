//! The columns of the user's table that the library maintains.

use super::kind::Kind;
use super::parse::{Declared, StructArguments};
use crate::support::Name;
use crate::support::naming::is_same_column;

/// The password hash, which the app never sees.
pub(super) const HASH: &str = "hashed_password";

/// Whether the recovery contact is verified. The column is named after the contact by default.
pub(super) const VERIFIED: &str = "verified";

/// The library's columns: the argument that renames each, and its name in the table.
#[derive(Default)]
pub(super) struct Library(Vec<(&'static str, Name)>);

impl Library {
    /// The names that the attribute gives, and crudauth-py's names for the others.
    pub(super) fn of(declared: &Declared<'_>, recovery: Option<Kind>) -> Self {
        let columns = declared.arguments.iter().flat_map(StructArguments::library);
        let columns = columns.filter_map(|(argument, renamed)| {
            let usual = match (argument, recovery) {
                (VERIFIED, Some(Kind::Phone)) => Some("phone_verified"),
                (VERIFIED, Some(_)) => Some("email_verified"),
                (VERIFIED, None) => None,
                (argument, _) => Some(argument),
            };
            let usual = usual.map(|usual| Name::new(usual.to_owned(), declared.ident.span()));
            Some((argument, renamed.cloned().or(usual)?))
        });
        Self(columns.collect())
    }

    /// All columns, each with its argument.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, &Name)> {
        self.0.iter().map(|(argument, name)| (*argument, name))
    }

    /// The argument and the name of this column, if it is one of the library's.
    pub(super) fn find(&self, column: &str) -> Option<(&'static str, &Name)> {
        self.columns().find(|(_, name)| is_same_column(name, column))
    }

    /// The name of the column that this argument renames.
    pub(super) fn name(&self, argument: &str) -> Option<&str> {
        self.columns().find(|(one, _)| *one == argument).map(|(_, name)| name.as_str())
    }
}
