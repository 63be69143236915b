//! Why no ticket was issued.

use crate::store_error::StoreError;

/// Why no ticket was issued.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// The caller has neither a session nor an access token, which a ticket could stand for.
    #[error("only a session or an access token gets a ticket")]
    NoSignIn,
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}
