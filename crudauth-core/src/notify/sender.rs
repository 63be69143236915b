//! The port for sending emails.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;

use super::EmailMessage;

/// Any error of a sender, channel or service.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Sends emails. Implement it with a plain `async fn`:
///
/// ```
/// # mod crudauth { pub use crudauth_core::notify as email; }
/// use crudauth::email::{BoxError, EmailMessage, EmailSender};
///
/// struct MyProvider;
///
/// impl EmailSender for MyProvider {
///     async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
///         println!("{:?} to {}", message.kind, message.to);
///         Ok(())
///     }
/// }
/// ```
///
/// It runs after the response, and is cancelled after a time limit. An error is logged and has no
/// other effect. It must not contain the link.
pub trait EmailSender: Send + Sync + 'static {
    /// Sends the message.
    ///
    /// # Errors
    /// Any failure; it is logged.
    fn send(&self, message: &EmailMessage) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<T: EmailSender> EmailSender for Arc<T> {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        T::send(self, message).await
    }
}

/// A type-erased sender.
#[derive(Clone)]
pub struct SharedSender(Arc<dyn ErasedSender>);

#[async_trait]
trait ErasedSender: Send + Sync {
    async fn send_erased(&self, message: &EmailMessage) -> Result<(), BoxError>;
}

#[async_trait]
impl<T: EmailSender> ErasedSender for T {
    async fn send_erased(&self, message: &EmailMessage) -> Result<(), BoxError> {
        self.send(message).await
    }
}

impl SharedSender {
    /// Erases the type of `sender`.
    pub fn new(sender: impl EmailSender) -> Self {
        Self(Arc::new(sender))
    }

    pub(crate) async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        self.0.send_erased(message).await
    }
}

crate::opaque::opaque!(SharedSender);

/// Prints every message to standard output, including links. For development only.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrintingSender;

impl EmailSender for PrintingSender {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "--- mail to {}: {}\n{}\n---", message.to, message.subject, message.text)?;
        Ok(())
    }
}
