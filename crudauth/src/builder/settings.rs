//! Values of the builder, with their defaults.

use std::sync::Arc;

use crudauth_core::event::Events;
use crudauth_core::guard::{LockoutConfig, RateLimits};
use crudauth_core::hooks::Hooks;
use crudauth_core::model::{AuthUser, SecretKey};
use crudauth_core::password::{HashingConfig, LegacyHash, PasswordPolicy, default_formats};
use crudauth_core::principal::ScopePolicyHandle;
use crudauth_core::slices::account::SharedData;
use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};
use crudauth_core::{Clock, SignUpPolicy, SystemClock};

use super::stores::OtherStores;
use crate::http::HttpConfig;
use crate::slices::SliceSettings;
use crate::transport::Transports;

/// Values of the builder. Public because [`AllGiven`](super::slots::AllGiven) is.
#[expect(missing_debug_implementations, reason = "no app can name it")]
pub struct Settings<U: AuthUser> {
    pub(super) previous_secrets: Vec<SecretKey>,
    pub(super) email: Option<EmailConfig>,
    pub(super) recovery: Option<RecoveryConfig>,
    pub(crate) slices: SliceSettings,
    pub(crate) account_data: Vec<SharedData<U>>,
    pub(super) lockout: LockoutConfig,
    pub(super) policy: PasswordPolicy,
    pub(super) hashing: HashingConfig,
    pub(super) legacy: Vec<Arc<dyn LegacyHash>>,
    pub(super) rate_limits: RateLimits,
    pub(crate) http: HttpConfig,
    pub(super) is_hardened: bool,
    pub(super) notifies_of_devices: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) events: Events,
    pub(super) sign_up: SignUpPolicy,
    pub(crate) hooks: Hooks<U>,
    pub(super) transports: Transports<U>,
    pub(super) scope_policy: ScopePolicyHandle<U>,
    pub(super) stores: OtherStores<U>,
}

impl<U: AuthUser> Default for Settings<U> {
    fn default() -> Self {
        Self {
            previous_secrets: Vec::new(),
            email: None,
            recovery: None,
            slices: SliceSettings::default(),
            account_data: Vec::new(),
            lockout: LockoutConfig::default(),
            policy: PasswordPolicy::default(),
            hashing: HashingConfig::default(),
            legacy: default_formats(),
            rate_limits: RateLimits::default(),
            http: HttpConfig::default(),
            is_hardened: false,
            notifies_of_devices: false,
            clock: Arc::new(SystemClock),
            events: Events::default(),
            sign_up: SignUpPolicy::default(),
            hooks: Hooks::default(),
            transports: Transports::new(),
            scope_policy: ScopePolicyHandle::default(),
            stores: OtherStores::default(),
        }
    }
}

impl<U: AuthUser> Settings<U> {
    /// Adds the default origin of passkeys, and returns the errors of their origins.
    #[cfg(feature = "passkeys")]
    pub(super) fn complete_passkeys(&mut self) -> Vec<crudauth_core::ConfigError> {
        let front_end = self.email.as_ref().map(EmailConfig::frontend_url);
        crate::slices::complete(&mut self.slices, front_end)
    }

    /// Applies the limits of `Builder::hardened`. Stricter values are kept.
    pub(super) fn harden(&mut self) {
        self.policy.min_chars = self.policy.min_chars.max(15);
        self.slices.harden();
        self.http.cookies = self.http.cookies.clone().hardened();
    }
}
