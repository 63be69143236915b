//! Kinds of messages.

/// Kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// Asks the owner to confirm an email address.
    VerifyEmail,
    /// Asks the owner to confirm a recovery contact other than an email address.
    VerifyRecovery,
    /// Offers a link to choose a new password.
    ResetPassword,
    /// Asks the owner to confirm a new email address.
    ChangeEmail,
    /// Notifies the owner of a contact of an attempt to sign up with it.
    ExistingAccount,
    /// Notifies the old address of a requested change of address.
    EmailChangeRequested,
    /// Notifies the old address of a changed address.
    EmailChanged,
    /// Notifies the owner of a changed or reset password.
    PasswordChanged,
    /// Notifies the owner of a new API key.
    ApiKeyMade,
}

impl MessageKind {
    /// Returns the stable name, which is that of crudauth-py if it has the kind.
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
