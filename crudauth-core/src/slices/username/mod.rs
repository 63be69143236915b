//! Owners change the username of their account, by the rules of a sign-up and after fresh proof.
//!
//! Credentials are bound to the state of the account and not to a name of it, so all stay valid. The
//! old name is free at once.

mod change;
mod error;
mod sql;
pub mod store;

use std::collections::HashMap;
use std::sync::Arc;

pub use error::UsernameError;

use crate::guard::Action;
use crate::kit::Kit;
use crate::model::AuthUser;
use crate::slices::accounts::{Callers, username_column};
use crate::slices::sudo::Sudo;
use store::UsernameStore;

/// Changes of username, by account: 5 an hour by default.
pub const CHANGE: Action = Action::per_hour("username_change", 5);

/// Changes usernames for their owners.
pub struct Usernames<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn UsernameStore<U>>,
    callers: Callers<U>,
    sudo: Arc<Sudo<U>>,
    /// The largest number of characters of the column.
    longest: usize,
}

impl<U: AuthUser> Usernames<U> {
    /// Creates the slice. `widths` are the longest texts of the columns of the live table.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        store: Arc<dyn UsernameStore<U>>,
        (callers, sudo): (Callers<U>, Arc<Sudo<U>>),
        widths: &HashMap<String, usize>,
    ) -> Self {
        let longest = username_column::<U>().map_or(0, |column| column.holds(widths));
        Self { kit, store, callers, sudo, longest }
    }
}

impl<U: AuthUser> std::fmt::Debug for Usernames<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Usernames(..)")
    }
}
