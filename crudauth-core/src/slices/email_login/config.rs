//! Settings of sign-in by mail.

use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `email_login` slice. The path and the lifetime of the link are settings of
    /// [`EmailConfig`](crate::slices::recovery::EmailConfig::login_link).
    #[derive(Clone, Copy, Debug)]
    pub struct EmailLoginConfig {
        /// Codes that one request may try (default 5, 1 to 10).
        max_attempts: u32 = 5,
        /// Whether an address without an account gets a mail as well, and an account once the link or
        /// the code is used (default `false`).
        ///
        /// The account has no password and a proved address. Its username is made of the address. Its
        /// other columns must be optional or have a default.
        creates_accounts: bool = false,
    }
}

impl EmailLoginConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let setting = "email_login.max_attempts";
        ConfigError::found([ConfigError::number(setting, self.max_attempts, 1..=10)])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}
