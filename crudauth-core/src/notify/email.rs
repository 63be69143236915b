//! A complete email, as passed to a sender.

use std::fmt;
use std::time::Duration;

use super::MessageKind;
use crate::model::EmailAddress;

/// An email to send.
///
/// `Debug` redacts the texts, the link and the code, which give access to the account.
#[derive(Clone)]
#[non_exhaustive]
pub struct EmailMessage {
    /// Recipient: a parsed address, never typed text.
    pub to: EmailAddress,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
    /// Kind of message, for senders that write their own texts.
    pub kind: MessageKind,
    /// Link in the texts; `None` for a notice.
    pub link: Option<String>,
    /// Code in the texts, for [`MessageKind::EmailLogin`] only.
    pub code: Option<String>,
    /// Lifetime of the link and the code; zero without one.
    pub expires_in: Duration,
}

impl fmt::Debug for EmailMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailMessage")
            .field("to", &self.to)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
