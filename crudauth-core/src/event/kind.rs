//! The kinds of events.

/// Declares [`EventKind`]: the name in records, and the sentence of the log. Those of
/// `warnings` are for administrators: an attack or a mistake of configuration.
macro_rules! kinds {
    (
        events { $($kind:ident = $name:literal, $sentence:literal;)* }
        warnings { $($warning:ident = $warning_name:literal, $warning_sentence:literal;)* }
    ) => {
        /// What happened to an account.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventKind {
            $(#[doc = concat!("`", $name, "`: ", $sentence, ".")] $kind,)*
            $(#[doc = concat!("`", $warning_name, "`: ", $warning_sentence, ".")] $warning,)*
        }

        impl EventKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)* $(Self::$warning,)*];

            /// The name in records. It never changes.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                    $(Self::$warning => $warning_name,)*
                }
            }

            /// Whether an administrator should see it: an attack or a mistake of configuration. Such
            /// an event is logged as a warning.
            #[must_use]
            pub const fn is_warning(self) -> bool {
                match self {
                    $(Self::$kind => false,)*
                    $(Self::$warning => true,)*
                }
            }

            /// The sentence of the log.
            pub(crate) const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$kind => $sentence,)*
                    $(Self::$warning => $warning_sentence,)*
                }
            }
        }
    };
}

kinds! {
    events {
        Registered = "registered", "registered";
        RegisteredWithProvider = "registered-with-provider", "registered with a provider";
        RegisteredByMail = "registered-by-mail", "registered by mail";
        SignUpIdentifierTaken = "sign-up-identifier-taken", "sign-up rejected: identifier taken";
        SignUpContactTaken = "sign-up-contact-taken", "sign-up rejected: contact taken";
        SignUpConflict = "sign-up-conflict", "sign-up rejected: unique column taken";
        Invited = "invited", "invitation sent";
        InvitationAccepted = "invitation-accepted", "invitation accepted";
        InvitationRevoked = "invitation-revoked", "invitation revoked";
        SignUpClosed = "sign-up-closed", "sign-up rejected: not open to this person";
        SignUpRefused = "sign-up-refused", "sign-up refused by the app";

        SignedIn = "signed-in", "signed in";
        SignedOut = "signed-out", "signed out";
        SignedOutByProvider = "signed-out-by-provider", "signed out by a provider";
        SecondFactorProved = "second-factor-proved", "second factor proved";
        SecondFactorSkipped = "second-factor-skipped", "second factor skipped: trusted browser";
        PasswordHashRenewed = "password-hash-renewed", "password hash renewed";
        SessionElevated = "session-elevated", "session elevated";
        SessionRevoked = "session-revoked", "session revoked";
        SessionsRevoked = "sessions-revoked", "all sessions revoked";
        TokensRefreshed = "tokens-refreshed", "tokens refreshed";
        TokensSentAgain = "tokens-sent-again", "tokens sent again within the grace period";
        TokensRevoked = "tokens-revoked", "bearer tokens revoked";
        AllTokensRevoked = "all-tokens-revoked", "all bearer tokens revoked";
        ApiKeyCreated = "api-key-created", "API key created";
        ApiKeyRevoked = "api-key-revoked", "API key revoked";
        ApiKeysRevoked = "api-keys-revoked", "all API keys revoked";
        DisabledCredentialsRevoked = "disabled-credentials-revoked",
            "credential rejected, all credentials revoked: account disabled";

        PasswordChanged = "password-changed", "password changed";
        PasswordChangeRejected = "password-change-rejected", "password change rejected: wrong password";
        PasswordReset = "password-reset", "password reset";
        OneTimeTokenIssued = "one-time-token-issued", "one-time token issued";
        LinkRejected = "link-rejected", "link rejected: invalid or expired";
        LinkWithoutAccount = "link-without-account", "link not sent: no such account";
        LinkNotNeeded = "link-not-needed", "link not sent: account disabled or verified";
        LinkAddressTaken = "link-address-taken", "link not sent: address taken";
        LinkLimited = "link-limited", "link not sent: rate limit of the address";
        VerificationLimited = "verification-limited", "verification not sent: rate limit of the address";
        ContactVerified = "contact-verified", "contact verified";
        ContactReplaced = "contact-replaced", "contact replaced";
        AddressChangeRequested = "address-change-requested", "change of address requested";
        AddressChangeRejected = "address-change-rejected", "change of address rejected: wrong password";
        AddressChanged = "address-changed", "address changed";

        SecondFactorAdded = "second-factor-added", "second factor added";
        SecondFactorRemoved = "second-factor-removed", "second factor removed";
        SecondFactorRejected = "second-factor-rejected", "second factor rejected: wrong password";
        RecoveryCodeUsed = "recovery-code-used", "recovery code used";
        RecoveryCodesReplaced = "recovery-codes-replaced", "recovery codes replaced";
        BrowserTrusted = "browser-trusted", "browser trusted";
        BrowserDistrusted = "browser-distrusted", "trust in a browser ended";
        BrowsersDistrusted = "browsers-distrusted", "trust in all browsers ended";
        PasskeyAdded = "passkey-added", "passkey added";
        PasskeyRenamed = "passkey-renamed", "passkey renamed";
        PasskeyRemoved = "passkey-removed", "passkey removed";
        PasskeysRemoved = "passkeys-removed", "passkeys removed";
        ConnectionAdded = "connection-added", "connection added";
        ConnectionAddedByAddress = "connection-added-by-address", "connection added by address";
        ConnectionRemoved = "connection-removed", "connection removed";

        ProfileEdited = "profile-edited", "profile edited";
        UsernameChanged = "username-changed", "username changed";
        UsernameRefused = "username-refused", "change of username refused by the app";
        AccountDisabled = "account-disabled", "account disabled";
        AccountEnabled = "account-enabled", "account enabled";
        AccountExported = "account-exported", "account exported";
        DeletionRequested = "deletion-requested", "account deletion requested";
        AccountRestored = "account-restored", "account restored";
        AccountDeleted = "account-deleted", "account deleted";
        DisabledByAdministrator = "disabled-by-administrator", "account disabled by administrator";
        EnabledByAdministrator = "enabled-by-administrator", "account enabled by administrator";
        SuspensionEnded = "suspension-ended", "account enabled: suspension ended";
        SessionsEndedByAdministrator = "sessions-ended-by-administrator", "sessions ended by administrator";
        PasswordChangeForced = "password-change-forced", "password change forced by administrator";
        ResetRequestedByAdministrator = "reset-requested-by-administrator", "reset requested by administrator";
        FactorRemovedByAdministrator = "factor-removed-by-administrator", "second factor removed by administrator";
        ImpersonationStarted = "impersonation-started", "impersonation by administrator started";
        ImpersonationEnded = "impersonation-ended", "impersonation by administrator ended";
        SuperuserPromoted = "superuser-promoted", "superuser promoted by administrator";
        SuperuserDemoted = "superuser-demoted", "superuser demoted by administrator";
    }
    warnings {
        SignInRejected = "sign-in-rejected", "sign-in rejected";
        SignInLockedOut = "sign-in-locked-out", "sign-in rejected: locked out";
        SignInLimited = "sign-in-limited", "sign-in rejected: too many successes";
        SignInDisabled = "sign-in-disabled", "sign-in rejected: account disabled";
        SignInRefused = "sign-in-refused", "sign-in refused by the app";
        MailedCodeRejected = "mailed-code-rejected", "mailed code rejected";
        CodeRejected = "code-rejected", "code of second factor rejected";
        SecondFactorLocked = "second-factor-locked", "second factor locked";
        ElevationRejected = "elevation-rejected", "elevation rejected";
        RefreshTokenReused = "refresh-token-reused", "refresh token reused, token family revoked";
        ApiKeyRejected = "api-key-rejected", "API key rejected: unknown";
        PasskeyRejected = "passkey-rejected", "passkey rejected";
        PasskeyOfAnotherAccount = "passkey-of-another-account", "passkey rejected: another account";
        PasskeyCopied = "passkey-copied", "passkey rejected: its counter went back";
        PasskeyUsedTwice = "passkey-used-twice", "passkey rejected: counter used or removed";
        ProviderAnswerRejected = "provider-answer-rejected", "provider's answer rejected: another browser or provider";
        AccountTakenOver = "account-taken-over", "account taken over by the proved owner of its address";
    }
}

impl EventKind {
    /// Whether it changed nothing: an attempt that was rejected, or a message that was not sent.
    /// Strangers can cause any number of such events.
    pub(crate) const fn is_rejection(self) -> bool {
        matches!(
            self,
            Self::SignUpIdentifierTaken
                | Self::SignUpContactTaken
                | Self::SignUpConflict
                | Self::SignUpRefused
                | Self::PasswordChangeRejected
                | Self::LinkRejected
                | Self::LinkWithoutAccount
                | Self::LinkNotNeeded
                | Self::LinkAddressTaken
                | Self::LinkLimited
                | Self::VerificationLimited
                | Self::AddressChangeRejected
                | Self::SecondFactorRejected
                | Self::SignInRejected
                | Self::SignInLockedOut
                | Self::SignInLimited
                | Self::SignInDisabled
                | Self::SignInRefused
                | Self::MailedCodeRejected
                | Self::CodeRejected
                | Self::ElevationRejected
                | Self::ApiKeyRejected
                | Self::PasskeyRejected
                | Self::PasskeyOfAnotherAccount
                | Self::PasskeyCopied
                | Self::PasskeyUsedTwice
                | Self::ProviderAnswerRejected
        )
    }
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn names_differ_and_are_short_kebab_case() {
        for (at, kind) in EventKind::ALL.iter().enumerate() {
            let name = kind.as_str();
            let is_kebab = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(is_kebab && name.len() <= 64, "{name}");
            assert!(EventKind::ALL[..at].iter().all(|other| other.as_str() != name), "{name}");
        }
    }
}
