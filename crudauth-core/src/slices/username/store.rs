//! Port of the usernames.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, AuthUser, Username};
use crate::store_error::StoreError;
use crate::unmounted::port;

port! {
/// Changes usernames, in the app's own table.
pub trait UsernameStore<U> {
    /// Gives an account another username, and stores the time of the change, if the account is active
    /// and still has the state of `account`. Of several accounts and sign-ups at once that ask for
    /// one name, one gets it.
    async fn rename(
        &self,
        account: &Account<U>,
        name: &Username,
        now: DateTime<Utc>,
    ) -> Result<Renamed, StoreError>;
}
}

/// Result of a change of username.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renamed {
    /// The account has the name.
    Done,
    /// The account is disabled, gone, or in another state.
    Ended,
    /// Another account has the name.
    Taken,
    /// A constraint or a trigger of the app refused the name, or the column cannot hold it.
    Refused,
}
