//! Sender and channel for tests, which record messages.

use std::sync::{Arc, Mutex, PoisonError};

use super::{BoxError, Delivery, DeliveryChannel, EmailMessage, EmailSender, MessageKind};

/// A sender that records messages. Clones share the record.
#[derive(Clone, Debug, Default)]
pub struct RecordingSender(Arc<Mutex<Vec<EmailMessage>>>);

impl RecordingSender {
    /// Returns all recorded messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<EmailMessage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the newest message of that kind to that address.
    #[must_use]
    pub fn last(&self, kind: MessageKind, to: &str) -> Option<EmailMessage> {
        let messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        messages.iter().rev().find(|one| one.kind == kind && one.to.as_str() == to).cloned()
    }
}

impl EmailSender for RecordingSender {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
        Ok(())
    }
}

/// A channel that records messages. Clones share the record.
#[derive(Clone, Debug, Default)]
pub struct RecordingChannel(Arc<Mutex<Vec<Delivery>>>);

impl RecordingChannel {
    /// Returns all recorded messages, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the newest message of that kind to that address or number.
    #[must_use]
    pub fn last(&self, kind: MessageKind, to: &str) -> Option<Delivery> {
        let deliveries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        deliveries.iter().rev().find(|one| one.kind == kind && one.to.as_str() == to).cloned()
    }
}

impl DeliveryChannel for RecordingChannel {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(delivery.clone());
        Ok(())
    }
}
