//! Messages: their kinds and texts, the channels that carry them, and the outbox in between.
//!
//! Nothing is sent while a request waits: a flow hands its work to [`Background`] and answers, so a
//! slow, failing or hanging channel changes no answer and no timing.

mod background;
mod channel;
mod email;
mod kind;
mod mail;
mod notifier;
mod outbox;
mod recording;
mod sender;
#[cfg(feature = "smtp")]
mod smtp;
mod texts;

pub use background::Background;
pub use channel::{Delivery, DeliveryChannel, SharedChannel};
pub use email::EmailMessage;
pub use kind::MessageKind;
pub use mail::MailChannel;
pub(crate) use mail::TOKEN;
pub use notifier::{EXISTING_ACCOUNT_NOTICE, MESSAGES, Notifier, TEXTS};
pub use outbox::{DirectOutbox, Outbox};
pub use recording::{RecordingChannel, RecordingSender};
pub use sender::{BoxError, EmailSender, PrintingSender, SharedSender};
#[cfg(feature = "smtp")]
pub use smtp::{SmtpConfig, SmtpError, SmtpSender, SmtpTls};
#[doc(hidden)]
pub use texts::escape;
