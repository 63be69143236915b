//! How a store fails.

use std::error::Error;

/// A store did not do what it was asked.
///
/// The cause is in `source()`, for the log only: a database's words never reach a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, or has no connection to spare: worth another try in a moment.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It answered with an error.
    #[error("the store failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// One that failed by that.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// Logs what a job that runs after the answer could not do: there is nobody left to tell.
    pub(crate) fn log(&self, what: &'static str) {
        tracing::error!(what, error = self as &dyn Error, "not done");
    }
}
