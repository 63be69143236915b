//! Settings of deletion.

use std::collections::HashMap;
use std::time::Duration;

use super::Tombstone;
use crate::config_error::ConfigError;
use crate::model::{IdentifierKind, Shape};
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
        /// `#[auth(erase)]`. No rule of a foreign key (`ON DELETE ..`) runs then. The struct needs
        /// `#[auth(deleted_at = "..")]`, by which queries leave such rows out.
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

    /// Returns errors if rows are to be kept, and the table has no column for the time of a deletion,
    /// or a column of an identifier that does not take what a deletion leaves. `widths` has the longest
    /// text of each column.
    #[doc(hidden)]
    #[must_use]
    pub fn check_table(
        &self,
        shape: &Shape,
        layout: &Layout,
        widths: &HashMap<String, usize>,
    ) -> Vec<ConfigError> {
        if !self.keep_rows {
            return Vec::new();
        }
        let requires = |value: &str, requirement| ConfigError::Requires {
            setting: "account.keep_rows",
            value: value.to_owned(),
            requirement,
        };
        let time = (!layout.keeps_deleted()).then(|| {
            requires(
                "true",
                "`#[auth(deleted_at = \"..\")]` on the user struct, with a column for times",
            )
        });
        let names = shape.identifiers.iter().filter_map(|one| {
            let (is_met, requirement) = match one.kind {
                _ if one.is_optional => (
                    !layout.is_never_null(one.column),
                    "a column that takes NULL, or `#[auth(blank_is_null)]` on the field",
                ),
                IdentifierKind::Email => {
                    (one.holds(widths) >= Tombstone::EMAIL_CHARS, "room for 32 characters")
                }
                _ => (one.holds(widths) >= Tombstone::NAME_CHARS, "room for 16 characters"),
            };
            (!is_met).then(|| requires(one.column, requirement))
        });
        time.into_iter().chain(names).collect()
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
