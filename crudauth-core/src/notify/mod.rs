//! Messages to the owners of accounts: content, delivery and the queue between.
//!
//! No request waits for a message. A flow hands a job to the [`Outbox`] and responds, so a slow,
//! failing or hanging sender affects neither responses nor their timing. Called by the recovery,
//! sign-up, password and API key flows.

mod channel;
mod email;
mod kind;
mod mail;
mod outbox;
mod recording;
mod sender;
#[cfg(feature = "smtp")]
mod smtp;
mod texts;

pub use channel::{Delivery, DeliveryChannel, SharedChannel};
pub use email::EmailMessage;
pub use kind::MessageKind;
pub use mail::MailChannel;
pub use outbox::{Outbox, OutboxConfig};
pub use recording::{RecordingChannel, RecordingSender};
pub use sender::{BoxError, EmailSender, PrintingSender, SharedSender};
#[cfg(feature = "smtp")]
pub use smtp::{SmtpConfig, SmtpError, SmtpSender, SmtpTls};
