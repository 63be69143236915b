//! Settings of deletion.

use std::time::Duration;

use crate::config_error::ConfigError;
use crate::sql::Layout;

crate::settings! {
    /// Settings of the `account` slice.
    #[derive(Clone, Copy, Debug)]
    pub struct AccountConfig {
        /// How long an owner can withdraw a deletion (default: none, the account is deleted at once;
        /// 1 hour to 1 year). Until then the account is disabled, and the mail about the deletion has
        /// a link that restores it.
        grace: Option<Duration> | Duration = None,
        /// Whether a deleted account leaves its row, for the tables that refer to it (default `false`:
        /// the row is deleted). The row loses its names, its password and the columns with
        /// `#[auth(erase)]`. The struct needs `#[auth(deleted_at = "..")]`, by which queries leave such
        /// rows out.
        keep_rows: bool = false,
    }
}

impl AccountConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let bounds = Duration::from_hours(1)..=Duration::from_hours(365 * 24);
        ConfigError::found([ConfigError::duration("account.grace", self.grace, bounds)])
    }

    /// Returns an error if rows are to be kept, and the table has no column for the time of a deletion.
    #[doc(hidden)]
    #[must_use]
    pub fn check_layout(&self, layout: &Layout) -> Option<ConfigError> {
        (self.keep_rows && !layout.keeps_deleted()).then(|| ConfigError::Requires {
            setting: "account.keep_rows",
            value: "true".to_owned(),
            requirement: "`#[auth(deleted_at = \"..\")]` on the user struct, with a column for times",
        })
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
