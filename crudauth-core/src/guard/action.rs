//! Rate-limited actions.

macro_rules! actions {
    ($(#[$doc:meta])* $($action:ident = $name:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "each is named after its rate limit")]
        pub enum Action {
            $($action),*
        }

        impl Action {
            pub(super) const ALL: [Self; [$($name),*].len()] = [$(Self::$action),*];

            /// Name in the store and in the log.
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
    /// Rate-limited actions, each with its own counter. Most use the rate limit of the same name.
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
    /// The action that lends its rate limit to this one.
    pub(super) const fn shares(self) -> Option<Self> {
        match self {
            Self::RefreshByStrangers => Some(Self::Refresh),
            Self::ApiKeyNotice => Some(Self::ExistingAccountNotice),
            _ => None,
        }
    }
}
