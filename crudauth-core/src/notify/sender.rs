//! Who carries a message.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;

use super::EmailMessage;

/// Any error of a sender's.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Sends emails. Write it as a plain `async fn`:
///
/// ```
/// # mod crudauth { pub use crudauth_core::delivery as email; }
/// use crudauth::email::{BoxError, EmailMessage, EmailSender};
///
/// struct MyProvider;
///
/// impl EmailSender for MyProvider {
///     async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
///         println!("{} gets {:?}", message.to, message.kind);
///         Ok(())
///     }
/// }
/// ```
///
/// It runs after the request was answered, and is given up after a time limit. What it answers is
/// logged and changes nothing else; its error must not repeat the link.
pub trait EmailSender: Send + Sync + 'static {
    /// Hands the message on.
    ///
    /// # Errors
    /// Whatever went wrong, for the log.
    fn send(&self, message: &EmailMessage) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<T: EmailSender> EmailSender for Arc<T> {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        T::send(self, message).await
    }
}

/// A sender whose type is forgotten.
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
    /// Forgets the type of `sender`.
    pub fn new(sender: impl EmailSender) -> Self {
        Self(Arc::new(sender))
    }

    pub(crate) async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        self.0.send_erased(message).await
    }
}

impl std::fmt::Debug for SharedSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSender(..)")
    }
}

/// Prints every message to standard output, link and all: for development only.
#[derive(Clone, Copy, Debug, Default)]
pub struct PrintingSender;

impl EmailSender for PrintingSender {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "--- mail to {}: {}\n{}\n---", message.to, message.subject, message.text)?;
        Ok(())
    }
}
