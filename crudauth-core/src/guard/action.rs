//! What is counted.

macro_rules! actions {
    ($(#[$doc:meta])* $($action:ident = $name:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "each is named after its allowance")]
        pub enum Action {
            $($action),*
        }

        impl Action {
            pub(super) const ALL: [Self; [$($name),*].len()] = [$(Self::$action),*];

            /// Its name in the store and in the log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$action => $name),*
                }
            }

            /// Names of the settings of its limit and of its window, for errors.
            pub(super) const fn settings(self) -> [&'static str; 2] {
                match self {
                    $(Self::$action => [
                        concat!("rate_limits.", $name, ".limit"),
                        concat!("rate_limits.", $name, ".window"),
                    ]),*
                }
            }
        }
    };
}

actions! {
    /// What is counted, each apart. Most are called as the allowance that they have.
    Register = "register",
    ChangePassword = "change_password",
    SetPassword = "set_password",
    LogoutAll = "logout_all",
    CsrfRefresh = "csrf_refresh",
    EmailVerifyRequest = "email_verify_request",
    PasswordResetRequest = "password_reset_request",
    EmailChangeRequest = "email_change_request",
    Confirm = "confirm",
    Refresh = "refresh",
    RefreshByStrangers = "refresh by strangers",
    CreateApiKey = "create_api_key",
    ExistingAccountNotice = "existing_account_notice",
    ApiKeyNotice = "api_key_notice",
}

impl Action {
    /// The one whose allowance it has too, if it has none of its own.
    pub(super) const fn shares(self) -> Option<Self> {
        match self {
            Self::RefreshByStrangers => Some(Self::Refresh),
            Self::ApiKeyNotice => Some(Self::ExistingAccountNotice),
            _ => None,
        }
    }
}
