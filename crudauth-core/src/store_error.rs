//! The error of all stores.

use std::error::Error;

/// An operation of a store failed.
///
/// `source()` has the cause, for logs only. A driver's text never reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is unreachable or has no free connection. A later attempt may succeed.
    #[error("store unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The store returned an error.
    #[error("store failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Creates a [`Failed`](Self::Failed) from its cause.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// Logs the failure of a job that runs after the response, so no caller can handle it.
    pub(crate) fn log(&self, job: &'static str) {
        tracing::error!(job, error = self as &dyn Error, "background job failed");
    }
}
