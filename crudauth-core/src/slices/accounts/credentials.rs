//! What an account has that opens it, all together.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::AuthUser;
use crate::store_error::StoreError;

/// Ends what opens an account.
#[async_trait]
pub trait CredentialStore<U: AuthUser>: Send + Sync + 'static {
    /// Ends every session, grant, API key and one-time token of an account that is disabled, by
    /// whatever means it was: enabling it again brings none of them back, whichever of them was used
    /// meanwhile. Nothing happens if it is enabled again by now.
    async fn end_all_of_disabled(&self, id: &U::Id, now: DateTime<Utc>) -> Result<(), StoreError>;
}
