//! Messages: what is said, who carries it, and the queue between.
//!
//! Nothing is sent while a request waits: a flow hands a job to the [`Outbox`] and answers, so a
//! slow, failing or hanging sender changes no answer and no timing.

mod email;
mod outbox;
mod recording;
mod sender;
#[cfg(feature = "smtp")]
mod smtp;
mod texts;

pub use email::{EmailMessage, MessageKind};
pub use outbox::{Outbox, OutboxConfig};
pub use recording::RecordingSender;
pub use sender::{BoxError, EmailSender, PrintingSender, SharedSender};
#[cfg(feature = "smtp")]
pub use smtp::{SmtpConfig, SmtpError, SmtpSender, SmtpTls};
pub(crate) use texts::compose;
