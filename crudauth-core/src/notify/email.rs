//! A message, in full.

use std::fmt;
use std::time::Duration;

use super::MessageKind;
use crate::model::EmailAddress;

/// An email as a sender gets it.
///
/// It may hold a link that opens an account, so `Debug` shows neither texts nor link.
#[derive(Clone)]
#[non_exhaustive]
pub struct EmailMessage {
    /// To whom: a parsed address, never what somebody typed.
    pub to: EmailAddress,
    /// What it is about.
    pub subject: String,
    /// The message as plain text.
    pub text: String,
    /// The message as HTML.
    pub html: String,
    /// What kind of message it is, for senders that write their own texts.
    pub kind: MessageKind,
    /// The link in it; a notice has none.
    pub link: Option<String>,
    /// How long the link works; zero without one.
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
