//! How often each may be done.

use super::action::Action;
use super::store::RateLimit;
use crate::ports::LONGEST;

crate::settings! {
    /// What is limited, with the allowances that hold when nothing is said.
    ///
    /// `times: 0` switches one off.
    #[derive(Clone, Copy, Debug)]
    pub struct RateLimits {
        /// Sign-ups from one client network (default 5 an hour).
        register: RateLimit = RateLimit::per_hour(5),
        /// Changes of password by one account, right or wrong (default 5 an hour).
        change_password: RateLimit = RateLimit::per_hour(5),
        /// First passwords set by one account (default 5 an hour).
        set_password: RateLimit = RateLimit::per_hour(5),
        /// "Sign out everywhere" by one account (default 10 an hour).
        logout_all: RateLimit = RateLimit::per_hour(10),
        /// New CSRF tokens from one client network (default 30 an hour).
        csrf_refresh: RateLimit = RateLimit::per_hour(30),
        /// Verification mails asked for from one client network, and for one address (default 5 an
        /// hour each).
        email_verify_request: RateLimit = RateLimit::per_hour(5),
        /// Reset mails asked for from one client network, and for one address (default 5 an hour
        /// each).
        password_reset_request: RateLimit = RateLimit::per_hour(5),
        /// Changes of address asked for from one client network, by one account, and to one address
        /// (default 3 an hour each).
        email_change_request: RateLimit = RateLimit::per_hour(3),
        /// Links confirmed from one client network (default 30 an hour).
        confirm: RateLimit = RateLimit::per_hour(30),
        /// Refresh tokens from one client network that were none, or no longer good (default 30 an
        /// hour). A good one is not counted.
        refresh: RateLimit = RateLimit::per_hour(30),
        /// API keys made by one account (default 20 an hour).
        create_api_key: RateLimit = RateLimit::per_hour(20),
        /// Notices to one address that somebody tried to sign up with it and, where nobody has proved
        /// the address, that an API key was made (default 5 an hour each).
        existing_account_notice: RateLimit = RateLimit::per_hour(5),
    }
}

impl RateLimits {
    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        for action in Action::ALL.into_iter().filter(|action| action.shares().is_none()) {
            let (name, allowance) = (action.as_str(), self.of(action));
            if allowance.limit > RateLimit::MAX {
                mistakes.push(format!("rate limits: `{name}` may be at most {}", RateLimit::MAX));
            }
            let is_within = !allowance.window.is_zero() && allowance.window <= LONGEST;
            if allowance.limit > 0 && !is_within {
                mistakes.push(format!(
                    "rate limits: `{name}` must be within some time, 100 years at most"
                ));
            }
        }
        mistakes
    }

    /// How often that may be done.
    #[must_use]
    pub const fn of(&self, action: Action) -> RateLimit {
        match action {
            Action::Register => self.register,
            Action::ChangePassword => self.change_password,
            Action::SetPassword => self.set_password,
            Action::LogoutAll => self.logout_all,
            Action::CsrfRefresh => self.csrf_refresh,
            Action::EmailVerifyRequest => self.email_verify_request,
            Action::PasswordResetRequest => self.password_reset_request,
            Action::EmailChangeRequest => self.email_change_request,
            Action::Confirm => self.confirm,
            Action::Refresh | Action::RefreshByStrangers => self.refresh,
            Action::CreateApiKey => self.create_api_key,
            Action::ExistingAccountNotice | Action::ApiKeyNotice => self.existing_account_notice,
        }
    }
}
