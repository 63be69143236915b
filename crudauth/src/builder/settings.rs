//! Settings that are safe when nothing is said.

use std::sync::Arc;
use std::time::Duration;

use crudauth_core::guard::{LockoutConfig, RateLimits};
use crudauth_core::model::{AuthUser, SecretKey};
use crudauth_core::password::{HashingConfig, LegacyHash, PasswordPolicy, default_formats};
use crudauth_core::principal::ScopePolicyHandle;
use crudauth_core::slices::api_keys::ApiKeyConfig;
use crudauth_core::slices::bearer::BearerConfig;
use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};
use crudauth_core::slices::sessions::SessionConfig;
use crudauth_core::{Clock, SystemClock};

use super::stores::OtherStores;
use crate::http::HttpConfig;
use crate::transport::Transports;

/// Settings with defaults.
pub(super) struct Settings {
    pub(super) previous_secrets: Vec<SecretKey>,
    pub(super) email: Option<EmailConfig>,
    pub(super) recovery: Option<RecoveryConfig>,
    pub(super) sessions: SessionConfig,
    pub(super) bearer: BearerConfig,
    pub(super) api_keys: ApiKeyConfig,
    pub(super) lockout: LockoutConfig,
    pub(super) policy: PasswordPolicy,
    pub(super) hashing: HashingConfig,
    pub(super) legacy: Vec<Arc<dyn LegacyHash>>,
    pub(super) rate_limits: RateLimits,
    pub(super) http: HttpConfig,
    pub(super) is_hardened: bool,
    pub(super) clock: Arc<dyn Clock>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            previous_secrets: Vec::new(),
            email: None,
            recovery: None,
            sessions: SessionConfig::default(),
            bearer: BearerConfig::default(),
            api_keys: ApiKeyConfig::default(),
            lockout: LockoutConfig::default(),
            policy: PasswordPolicy::default(),
            hashing: HashingConfig::default(),
            legacy: default_formats(),
            rate_limits: RateLimits::default(),
            http: HttpConfig::default(),
            is_hardened: false,
            clock: Arc::new(SystemClock),
        }
    }
}

impl Settings {
    /// Makes stricter what is not strict enough, whatever was set before or after the word.
    pub(super) fn harden(&mut self) {
        let month = Duration::from_secs(30 * 24 * 3600);
        self.policy.min_chars = self.policy.min_chars.max(15);
        self.sessions.absolute_timeout =
            Some(self.sessions.absolute_timeout.unwrap_or(month).min(month));
        self.bearer.absolute_timeout =
            Some(self.bearer.absolute_timeout.unwrap_or(month).min(month));
        let year = Duration::from_secs(365 * 24 * 3600);
        self.api_keys.max_lifetime = Some(self.api_keys.max_lifetime.unwrap_or(year).min(year));
        self.http.cookies = self.http.cookies.clone().hardened();
    }
}

/// What is of the mount's own user struct.
pub(super) struct Own<U: AuthUser> {
    pub(super) transports: Transports<U>,
    pub(super) scope_policy: ScopePolicyHandle<U>,
    pub(super) stores: OtherStores<U>,
}

impl<U: AuthUser> Default for Own<U> {
    fn default() -> Self {
        Self {
            transports: Transports::new(),
            scope_policy: ScopePolicyHandle::default(),
            stores: OtherStores::default(),
        }
    }
}
