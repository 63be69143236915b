//! Port of the outbox: it takes messages, so that they can be kept in a table.

use async_trait::async_trait;
use futures_util::future::join_all;
use tracing::{error, info};

use super::{Delivery, SharedChannel};
use crate::store_error::StoreError;

/// Takes messages to be sent.
///
/// It is called after the request was answered. An implementation may send at once, or store the
/// message and send it later.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Takes one message.
    ///
    /// # Errors
    /// If the message could not be stored; it is lost then.
    async fn push(&self, delivery: Delivery) -> Result<(), StoreError>;
}

/// Sends each message at once over every channel. One that fails or hangs does not affect the others.
#[derive(Clone, Debug)]
pub struct DirectOutbox(Vec<SharedChannel>);

impl DirectOutbox {
    /// Creates an outbox over these channels.
    #[must_use]
    pub fn new(channels: Vec<SharedChannel>) -> Self {
        Self(channels)
    }
}

#[async_trait]
impl Outbox for DirectOutbox {
    async fn push(&self, delivery: Delivery) -> Result<(), StoreError> {
        let kind = delivery.kind.as_str();
        let sent = self.0.iter().map(async |channel| match channel.deliver(&delivery).await {
            Ok(()) => info!(kind, "message sent"),
            Err(cause) => error!(kind, error = %redacted(&*cause, &delivery), "message not sent"),
        });
        join_all(sent).await;
        Ok(())
    }
}

/// The error of a channel without token, code and recipient, in case it repeats them.
fn redacted(error: &dyn std::error::Error, delivery: &Delivery) -> String {
    let text = error.to_string().replace(delivery.to.as_str(), "(recipient)");
    let text = match &delivery.token {
        Some(token) => text.replace(token.expose(), "(token)"),
        None => text,
    };
    match &delivery.code {
        Some(code) => text.replace(code.expose(), "(code)"),
        None => text,
    }
}
