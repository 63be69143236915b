//! Messages: what is said, who carries it, and the queue between.
//!
//! Nothing is sent while a request waits: a flow hands a job to the [`Outbox`] and answers, so a
//! slow, failing or hanging sender changes no answer and no timing.

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
pub use outbox::Outbox;
pub use recording::{RecordingChannel, RecordingSender};
pub use sender::{BoxError, EmailSender, PrintingSender, SharedSender};
#[cfg(feature = "smtp")]
pub use smtp::{SmtpConfig, SmtpError, SmtpSender, SmtpTls};
