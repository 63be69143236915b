//! Kinds of messages: the stable name and the default texts of each.

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
    /// Offers a link and a code that sign in.
    EmailLogin,
    /// Offers a link that accepts an invitation.
    Invitation,
    /// Notifies the owner of a contact of an attempt to sign up with it.
    ExistingAccount,
    /// Notifies the old address of a requested change of address.
    EmailChangeRequested,
    /// Notifies the old address of a changed address.
    EmailChanged,
    /// Notifies the owner of a changed or reset password.
    PasswordChanged,
    /// Notifies the owner of a changed username.
    UsernameChanged,
    /// Notifies the owner of a new API key.
    ApiKeyMade,
    /// Notifies the owner of a new second factor.
    SecondFactorAdded,
    /// Notifies the owner of a removed second factor.
    SecondFactorRemoved,
    /// Notifies the owner of many wrong codes by someone who has the password.
    SecondFactorGuessed,
    /// Notifies the owner of a used recovery code.
    RecoveryCodeUsed,
    /// Notifies the owner of new recovery codes.
    RecoveryCodesReplaced,
    /// Notifies the owner of a browser that is not asked for the second factor any more.
    BrowserTrusted,
    /// Offers a link that deletes the account.
    DeleteAccount,
    /// Notifies the owner of a requested deletion, with a link that restores the account.
    DeletionRequested,
    /// Notifies the owner of a deleted account.
    AccountDeleted,
    /// Notifies the owner of a withdrawn deletion.
    AccountRestored,
    /// Notifies the owner of an account that an administrator has disabled.
    AccountDisabled,
    /// Notifies the owner of an administrator who acts as the account.
    Impersonated,
    /// Notifies the owner of a sign-in from a device that is not known.
    NewDevice,
    /// Notifies the owner of a new passkey.
    PasskeyAdded,
    /// Notifies the owner of a removed passkey.
    PasskeyRemoved,
    /// Notifies the owner of a new way to sign in, with a provider.
    ConnectionAdded,
    /// Notifies the owner of a removed way to sign in.
    ConnectionRemoved,
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
            Self::EmailLogin => "email_login",
            Self::Invitation => "invitation",
            Self::ExistingAccount => "existing_account",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::UsernameChanged => "username_changed",
            Self::ApiKeyMade => "api_key_made",
            Self::SecondFactorAdded => "second_factor_added",
            Self::SecondFactorRemoved => "second_factor_removed",
            Self::SecondFactorGuessed => "second_factor_guessed",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::RecoveryCodesReplaced => "recovery_codes_replaced",
            Self::BrowserTrusted => "browser_trusted",
            Self::DeleteAccount => "delete_account",
            Self::DeletionRequested => "deletion_requested",
            Self::AccountDeleted => "account_deleted",
            Self::AccountRestored => "account_restored",
            Self::AccountDisabled => "account_disabled",
            Self::Impersonated => "impersonated",
            Self::NewDevice => "new_device",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::ConnectionAdded => "connection_added",
            Self::ConnectionRemoved => "connection_removed",
        }
    }

    /// Returns the default texts of the email: its subject, and what stands before and after the link.
    pub(super) const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::VerifyEmail => (
                "Confirm your email address",
                "To confirm that this is your address, open this link:",
                "If you did not ask for this, you need not do anything.",
            ),
            Self::VerifyRecovery => (
                "Confirm how we reach you",
                "To confirm that this reaches you, open this link:",
                "If you did not ask for this, you need not do anything.",
            ),
            Self::ResetPassword => (
                "Reset your password",
                "To choose a new password, open this link:",
                "If you did not ask for this, you need not do anything: your password stays as it is.",
            ),
            Self::ChangeEmail => (
                "Confirm your new email address",
                "To move your account to this address, open this link:",
                "If you did not ask for this, you need not do anything.",
            ),
            Self::EmailLogin => (
                "Sign in",
                "To sign in, open this link:",
                "If you did not ask for this, you need not do anything. Never give the code to anyone.",
            ),
            Self::Invitation => (
                "You are invited",
                "You are invited to sign up. To accept, open this link:",
                "If you do not know what this is about, you need not do anything.",
            ),
            Self::ExistingAccount => (
                "You already have an account",
                "Someone tried to sign up with this address or to invite it, but it already has an account.",
                "If it was you, sign in, or reset your password if you have forgotten it. If not, you \
                 need not do anything.",
            ),
            Self::EmailChangeRequested => (
                "Your email address is about to change",
                "Someone who is signed in to your account asked to move it to another address.",
                "If it was not you, change your password now: that stops the move.",
            ),
            Self::EmailChanged => (
                "Your email address was changed",
                "Your account has moved to another address; this one no longer belongs to it.",
                "If it was not you, get in touch with us at once.",
            ),
            Self::PasswordChanged => (
                "Your password was changed",
                "The password of your account was changed, and your other devices were signed out.",
                "If it was not you, reset your password at once.",
            ),
            Self::UsernameChanged => (
                "Your username was changed",
                "Someone who is signed in to your account gave it another username. The old one no \
                 longer belongs to it.",
                "If it was not you, reset your password at once.",
            ),
            Self::ApiKeyMade => (
                "An API key was created for your account",
                "Someone who is signed in to your account created an API key, with which a program can \
                 act for you.",
                "If it was not you, reset your password at once: that ends every key.",
            ),
            Self::SecondFactorAdded => (
                "A second factor was added to your account",
                "From now on your account asks for a code when you sign in, and your other devices \
                 were signed out.",
                "If it was not you, reset your password at once and get in touch with us.",
            ),
            Self::SecondFactorRemoved => (
                "The second factor of your account was removed",
                "Your account no longer asks for a code when you sign in, and your other devices \
                 were signed out.",
                "If it was not you, reset your password at once.",
            ),
            Self::SecondFactorGuessed => (
                "Someone is guessing the codes of your account",
                "Someone who knows your password has entered many wrong codes. To sign in, enter the \
                 next three codes of your authenticator one after the other, or a recovery code.",
                "If it was not you, reset your password at once.",
            ),
            Self::RecoveryCodeUsed => (
                "A recovery code of your account was used",
                "A recovery code replaced a code of your authenticator. It does not work again.",
                "If it was not you, reset your password at once and make new recovery codes.",
            ),
            Self::RecoveryCodesReplaced => (
                "Your recovery codes were replaced",
                "Your account has new recovery codes. The earlier ones no longer work.",
                "If it was not you, reset your password at once and make new recovery codes.",
            ),
            Self::BrowserTrusted => (
                "A browser of your account is trusted",
                "After a code was entered, a browser was trusted: it is not asked for codes for some time.",
                "If it was not you, reset your password at once: that ends every sign-in and every trust.",
            ),
            Self::DeleteAccount => (
                "Confirm that your account is to be deleted",
                "To delete your account and everything in it, open this link:",
                "If you did not ask for this, you need not do anything: your account stays.",
            ),
            Self::DeletionRequested => (
                "Your account is about to be deleted",
                "Someone who is signed in to your account asked to delete it. Nobody can sign in until \
                 then. To keep your account, open this link:",
                "After that time your account is deleted for good.",
            ),
            Self::AccountDeleted => (
                "Your account was deleted",
                "Your account was deleted, as its owner asked.",
                "If it was not you, get in touch with us at once.",
            ),
            Self::AccountRestored => (
                "Your account was restored",
                "Your account is not deleted. Your devices were signed out; sign in again.",
                "If it was not you who asked for the deletion, reset your password at once.",
            ),
            Self::AccountDisabled => (
                "Your account was disabled",
                "We have disabled your account, and your devices were signed out.",
                "If you have questions, get in touch with us.",
            ),
            Self::Impersonated => (
                "An administrator opens your account",
                "To help you, one of our administrators opens your account and sees it as you do, for a \
                 limited time. Your password and your other ways to sign in stay as they are.",
                "If you did not ask for help, get in touch with us.",
            ),
            Self::NewDevice => (
                "New sign-in to your account",
                "Someone signed in to your account on a device that has not signed in before.",
                "If it was not you, reset your password at once: that ends every sign-in.",
            ),
            Self::PasskeyAdded => (
                "A passkey was added to your account",
                "From now on a new passkey signs in to your account.",
                "If it was not you, remove the passkey in your account, reset your password at once and \
                 get in touch with us.",
            ),
            Self::PasskeyRemoved => (
                "A passkey of your account was removed",
                "A passkey no longer signs in to your account, and your other devices were signed out.",
                "If it was not you, reset your password at once and get in touch with us.",
            ),
            Self::ConnectionAdded => (
                "A new way to sign in was added to your account",
                "From now on an account at another provider signs in to your account as well.",
                "If it was not you, remove the connection and reset your password at once.",
            ),
            Self::ConnectionRemoved => (
                "A way to sign in was removed from your account",
                "An account at another provider no longer signs in to your account, and your other \
                 devices were signed out.",
                "If it was not you, reset your password at once.",
            ),
        }
    }
}
