//! The hook by which an app exports and erases its data of an account.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::model::{Account, AuthUser};

/// The cause of a failed hook.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Data of an account that an app, or a slice, keeps beside the account itself.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod example {
/// # use crudauth_core::model::{Account, AuthUser}; // crudauth::{Account, AuthUser}
/// # use crudauth_core::slices::account::{AccountData, BoxError}; // crudauth::account
/// # use serde_json::Value;
/// struct Poems(sqlx::SqlitePool);
///
/// impl<U: AuthUser<Id = i64>> AccountData<U> for Poems {
///     fn name(&self) -> &'static str {
///         "poems"
///     }
///
///     async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
///         let poems = sqlx::query_scalar::<_, String>("SELECT text FROM poems WHERE author = $1");
///         Ok(poems.bind(account.user.id()).fetch_all(&self.0).await?.into())
///     }
///
///     async fn erase(&self, account: &Account<U>) -> Result<(), BoxError> {
///         let poems = sqlx::query("DELETE FROM poems WHERE author = $1");
///         poems.bind(account.user.id()).execute(&self.0).await?;
///         Ok(())
///     }
/// }
/// # }
/// ```
pub trait AccountData<U: AuthUser>: Send + Sync + 'static {
    /// Its key in the export.
    fn name(&self) -> &'static str;

    /// Returns the data for the owner, without secrets and their digests.
    ///
    /// # Errors
    /// Any failure; there is no export then.
    fn export(&self, account: &Account<U>) -> impl Future<Output = Result<Value, BoxError>> + Send;

    /// Deletes it, or takes the owner out of it. The account is disabled then, and is deleted next.
    ///
    /// It runs again if a later step fails, so it must accept that the data is gone already.
    ///
    /// # Errors
    /// Any failure; the account stays then.
    fn erase(&self, account: &Account<U>) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// [`AccountData`] as an object.
#[async_trait]
trait ErasedData<U: AuthUser>: Send + Sync {
    fn name_erased(&self) -> &'static str;
    async fn export_erased(&self, account: &Account<U>) -> Result<Value, BoxError>;
    async fn erase_erased(&self, account: &Account<U>) -> Result<(), BoxError>;
}

#[async_trait]
impl<U: AuthUser, T: AccountData<U>> ErasedData<U> for T {
    fn name_erased(&self) -> &'static str {
        self.name()
    }

    async fn export_erased(&self, account: &Account<U>) -> Result<Value, BoxError> {
        self.export(account).await
    }

    async fn erase_erased(&self, account: &Account<U>) -> Result<(), BoxError> {
        self.erase(account).await
    }
}

/// [`AccountData`] of any type. Clones share it.
#[doc(hidden)]
pub struct SharedData<U>(Arc<dyn ErasedData<U>>);

impl<U: AuthUser> SharedData<U> {
    /// Wraps a hook.
    #[must_use]
    pub fn new(data: impl AccountData<U>) -> Self {
        Self(Arc::new(data))
    }

    pub(super) fn name(&self) -> &'static str {
        self.0.name_erased()
    }

    pub(super) async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
        self.0.export_erased(account).await
    }

    pub(super) async fn erase(&self, account: &Account<U>) -> Result<(), BoxError> {
        self.0.erase_erased(account).await
    }
}

impl<U> Clone for SharedData<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U> fmt::Debug for SharedData<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedData(..)")
    }
}
