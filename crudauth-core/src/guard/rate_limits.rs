//! Settings of the rate limits.

use std::time::Duration;

use super::action::Action;
use super::store::RateLimit;
use crate::config_error::ConfigError;
use crate::ports::LONGEST;

crate::settings! {
    /// Settings of the rate limits, one for each action.
    ///
    /// A limit of 0 switches a rate limit off. Otherwise the limit is at most
    /// [`RateLimit::MAX`], and the window 1 millisecond to 100 years.
    #[derive(Clone, Copy, Debug)]
    pub struct RateLimits {
        /// Sign-ups from one client network (default 5 an hour).
        register: RateLimit = RateLimit::per_hour(5),
        /// Password changes by one account, successful or not (default 5 an hour).
        change_password: RateLimit = RateLimit::per_hour(5),
        /// First passwords set by one account (default 5 an hour).
        set_password: RateLimit = RateLimit::per_hour(5),
        /// Uses of "sign out everywhere" by one account (default 10 an hour).
        logout_all: RateLimit = RateLimit::per_hour(10),
        /// New CSRF tokens for one client network (default 30 an hour).
        csrf_refresh: RateLimit = RateLimit::per_hour(30),
        /// Requested verification mails, from one client network and to one address (default 5 an
        /// hour each).
        email_verify_request: RateLimit = RateLimit::per_hour(5),
        /// Requested reset mails, from one client network and to one address (default 5 an hour
        /// each).
        password_reset_request: RateLimit = RateLimit::per_hour(5),
        /// Requested changes of the address, from one client network, by one account and to one
        /// address (default 3 an hour each).
        email_change_request: RateLimit = RateLimit::per_hour(3),
        /// Links confirmed from one client network (default 30 an hour).
        confirm: RateLimit = RateLimit::per_hour(30),
        /// Malformed, unknown and expired refresh tokens from one client network (default 30 an
        /// hour). Valid ones are not counted.
        refresh: RateLimit = RateLimit::per_hour(30),
        /// API keys created by one account (default 20 an hour).
        create_api_key: RateLimit = RateLimit::per_hour(20),
        /// Notices to one address of a sign-up with it and, if the address is not verified, of a
        /// new API key (default 5 an hour each).
        existing_account_notice: RateLimit = RateLimit::per_hour(5),
    }
}

impl RateLimits {
    /// Returns an error for each limit or window out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let window = Duration::from_millis(1)..=LONGEST;
        let mut errors = Vec::new();
        for action in Action::ALL.into_iter().filter(|action| action.shares().is_none()) {
            let rate_limit = self.of(action);
            if rate_limit.limit == 0 {
                continue;
            }
            let [limit_name, window_name] = action.settings();
            let max = u64::from(RateLimit::MAX);
            errors.extend(ConfigError::number(limit_name, rate_limit.limit, 0..=max));
            errors.extend(ConfigError::duration(window_name, rate_limit.window, window.clone()));
        }
        errors
    }

    /// Returns the rate limit of an action.
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
