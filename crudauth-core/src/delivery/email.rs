//! A message, in full.

use std::fmt;
use std::time::Duration;

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

/// The kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// Asks to confirm an address.
    VerifyEmail,
    /// Offers to choose a new password.
    ResetPassword,
    /// Asks to confirm a new address.
    ChangeEmail,
    /// Tells the owner of an address that somebody tried to sign up with it.
    ExistingAccount,
    /// Tells the old address that the account is about to move to another.
    EmailChangeRequested,
    /// Tells the old address that the account has moved to another.
    EmailChanged,
    /// Tells that the password was changed, or chosen anew by a mailed link.
    PasswordChanged,
}

impl MessageKind {
    /// Its stable name, as crudauth-py has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::ExistingAccount => "existing_account",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
        }
    }
}

impl fmt::Debug for EmailMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailMessage")
            .field("to", &self.to)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
