//! Owners change columns of the app in their own account: those with `#[auth(editable)]`, and no
//! others.
//!
//! An edit is read by the rules of a sign-up. It changes the columns that it names, and the time of
//! the last change. Identifiers, the password and privileges have flows of their own.

mod edit;
mod error;
mod sql;
pub mod store;

use std::collections::HashMap;
use std::sync::Arc;

pub use edit::ProfileEdit;
pub use error::EditError;

use crate::guard::Action;
use crate::kit::Kit;
use crate::model::AuthUser;
use store::ProfileStore;

/// Edits of one account: 60 an hour by default.
pub const EDIT: Action = Action::per_hour("profile_edit", 60);

/// Changes the app's columns of accounts for their owners.
pub struct Profiles<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn ProfileStore<U>>,
    /// The longest text of each column of the live table, by the name in a request.
    limits: Vec<(&'static str, usize)>,
}

impl<U: AuthUser> Profiles<U> {
    /// Creates the slice. `widths` are the longest texts of the columns of the live table.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        store: Arc<dyn ProfileStore<U>>,
        widths: &HashMap<String, usize>,
    ) -> Self {
        let columns = U::SHAPE.editable.iter();
        let limits = columns.filter_map(|&(name, column)| Some((name, *widths.get(column)?)));
        Self { kit, store, limits: limits.collect() }
    }
}

impl<U: AuthUser> std::fmt::Debug for Profiles<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Profiles(..)")
    }
}
