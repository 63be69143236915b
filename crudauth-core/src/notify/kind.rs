//! What messages are about.

/// The kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// Asks to confirm an address.
    VerifyEmail,
    /// Asks to confirm what recovers the account where that is no address: a phone number.
    VerifyRecovery,
    /// Offers to choose a new password.
    ResetPassword,
    /// Asks to confirm a new address.
    ChangeEmail,
    /// Tells the owner of an address or a number that somebody tried to sign up with it.
    ExistingAccount,
    /// Tells the old address that the account is about to move to another.
    EmailChangeRequested,
    /// Tells the old address that the account has moved to another.
    EmailChanged,
    /// Tells that the password was changed, or chosen anew by a link.
    PasswordChanged,
    /// Tells that an API key was made.
    ApiKeyMade,
}

impl MessageKind {
    /// Its stable name; what crudauth-py sends, too, is called as there.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::VerifyRecovery => "verify_recovery",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::ExistingAccount => "existing_account",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::ApiKeyMade => "api_key_made",
        }
    }
}
