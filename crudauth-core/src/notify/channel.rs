//! The port for delivering recovery messages: email, SMS or any other medium.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{BoxError, MessageKind};
use crate::model::{Contact, MailedCode, OneTimeToken};

/// A message to deliver. The channel words it.
///
/// `Debug` redacts the token and the code, because they give access to the account.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Recipient: a parsed address or number, never typed text.
    pub to: Contact,
    /// Kind of message.
    pub kind: MessageKind,
    /// Secret for the `…-confirm` route; `None` for a notice.
    pub token: Option<OneTimeToken>,
    /// Code beside the token, for [`MessageKind::EmailLogin`] only.
    pub code: Option<MailedCode>,
    /// Lifetime of the token; zero without one.
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

/// Delivers recovery messages over one medium.
///
/// A token is 64 hex digits, for use in a link. The flows of `recovery` have no short codes, which
/// would need protection against guessing. Implement it with a plain `async fn`:
///
/// ```
/// # mod crudauth { pub use crudauth_core::notify as channel; }
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
///             _ => return Ok(()), // kinds for email, and kinds of later versions
///         };
///         println!("{}: {text}", delivery.to);
///         Ok(())
///     }
/// }
/// ```
///
/// It runs after the response, and is cancelled after a time limit. An error is logged and has no
/// other effect. It must not contain the token.
pub trait DeliveryChannel: Send + Sync + 'static {
    /// Delivers the message.
    ///
    /// # Errors
    /// Any failure; it is logged.
    fn deliver(&self, delivery: &Delivery) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<T: DeliveryChannel> DeliveryChannel for Arc<T> {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        T::deliver(self, delivery).await
    }
}

/// A type-erased channel.
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
    /// Erases the type of `channel`.
    pub fn new(channel: impl DeliveryChannel) -> Self {
        Self(Arc::new(channel))
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        self.0.deliver_erased(delivery).await
    }
}

crate::opaque::opaque!(SharedChannel);
