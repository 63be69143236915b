//! Who carries a message of recovery: mail, SMS, or whatever else reaches people.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{BoxError, MessageKind};
use crate::model::{Contact, Token};

/// A message to be delivered, before anybody has put it into words.
///
/// Its token opens an account, so `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// To whom: a parsed address or number, never what somebody typed.
    pub to: Contact,
    /// What it is about.
    pub kind: MessageKind,
    /// The secret that the person brings back to `…-confirm`; a notice has none.
    pub token: Option<Token>,
    /// How long it works; zero without one.
    pub expires_in: Duration,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("to", &self.to)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Delivers messages of recovery over one medium. A token is 64 hex digits, made for a link; there
/// are no short codes, which would have to be guarded against guessing. Write it as a plain
/// `async fn`:
///
/// ```
/// # mod crudauth { pub use crudauth_core::delivery as channel; }
/// use crudauth::channel::{BoxError, Delivery, DeliveryChannel, MessageKind};
///
/// struct Sms;
///
/// impl DeliveryChannel for Sms {
///     async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
///         let text = match (delivery.kind, &delivery.token) {
///             (MessageKind::VerifyRecovery, Some(token)) => {
///                 format!("Confirm your number: https://app.example.com/v#{}", token.expose())
///             }
///             (MessageKind::ResetPassword, Some(token)) => {
///                 format!("Choose a new password: https://app.example.com/r#{}", token.expose())
///             }
///             (MessageKind::ExistingAccount, _) => "You have an account with us already.".into(),
///             (MessageKind::PasswordChanged, _) => "Your password was changed.".into(),
///             _ => return Ok(()), // kinds that are added later, and those for email
///         };
///         println!("{}: {text}", delivery.to);
///         Ok(())
///     }
/// }
/// ```
///
/// It runs after the request was answered, and is given up after a time limit. What it answers is
/// logged and changes nothing else; its error must not repeat the token.
pub trait DeliveryChannel: Send + Sync + 'static {
    /// Hands the message on.
    ///
    /// # Errors
    /// Whatever went wrong, for the log.
    fn deliver(&self, delivery: &Delivery) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<T: DeliveryChannel> DeliveryChannel for Arc<T> {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        T::deliver(self, delivery).await
    }
}

/// A channel whose type is forgotten.
#[derive(Clone)]
pub struct SharedChannel(Arc<dyn ErasedChannel>);

#[async_trait]
trait ErasedChannel: Send + Sync {
    async fn deliver_erased(&self, delivery: &Delivery) -> Result<(), BoxError>;
}

#[async_trait]
impl<T: DeliveryChannel> ErasedChannel for T {
    async fn deliver_erased(&self, delivery: &Delivery) -> Result<(), BoxError> {
        self.deliver(delivery).await
    }
}

impl SharedChannel {
    /// Forgets the type of `channel`.
    pub fn new(channel: impl DeliveryChannel) -> Self {
        Self(Arc::new(channel))
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        self.0.deliver_erased(delivery).await
    }
}

impl fmt::Debug for SharedChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedChannel(..)")
    }
}
