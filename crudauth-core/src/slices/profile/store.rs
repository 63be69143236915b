//! Port of the editable columns.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser};
use crate::store_error::StoreError;

/// Changes the app's own columns, in the app's own table.
#[async_trait]
pub trait ProfileStore<U: AuthUser>: Send + Sync + 'static {
    /// Stores the values of an edit, all or none, and the time of the change, if the account is active
    /// and still has the state of `account`. Other columns stay.
    async fn edit(
        &self,
        account: &Account<U>,
        edit: U::Edit,
        now: DateTime<Utc>,
    ) -> Result<Edited, StoreError>;
}

/// Result of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The values are stored.
    Stored,
    /// The edit has no value.
    Unchanged,
    /// The account is disabled, gone, or in another state.
    Ended,
    /// Another account has the value of a unique column.
    Taken {
        /// The field of the form.
        field: &'static str,
    },
    /// A constraint or a trigger of the app refused the values, or a column cannot hold one.
    Refused {
        /// The field of the form, if it is known.
        field: Option<&'static str>,
    },
}
