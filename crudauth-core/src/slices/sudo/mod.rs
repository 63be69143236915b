//! Fresh proof: the owner of a session proves all factors again before something dangerous.
//!
//! The proof belongs to one session and ends after a short time, however much the session is used.
//! The session gets another token, so that a copy of the former one gains nothing.

mod config;
mod elevate;
mod error;
mod ways;

use std::sync::Arc;

use chrono::{DateTime, Utc};
pub use config::SudoConfig;
pub use elevate::{ElevatedSession, Proof};
pub use error::SudoError;
pub use ways::{Missing, Way};

use crate::kit::Kit;
use crate::model::AuthUser;
use crate::principal::{Principal, is_recent};
use crate::slices::mfa::Mfa;
#[cfg(feature = "oauth")]
use crate::slices::oauth::store::ConnectionStore;
use crate::slices::passkeys::PasskeyFactor;
use crate::slices::sessions::Sessions;

/// Elevates sessions.
pub struct Sudo<U: AuthUser> {
    kit: Kit<U>,
    sessions: Arc<Sessions<U>>,
    /// `None` if the mount has no second factors.
    mfa: Option<Arc<Mfa<U>>>,
    /// `None` if the mount has no passkeys.
    passkeys: Option<PasskeyFactor<U>>,
    /// `None` if the mount has no providers.
    #[cfg(feature = "oauth")]
    connections: Option<Arc<dyn ConnectionStore<U>>>,
    /// Whether owners can sign in by mail.
    signs_in_by_mail: bool,
    config: SudoConfig,
    /// Whether clients can elevate a session.
    is_mounted: bool,
}

impl<U: AuthUser> Sudo<U> {
    /// Creates the slice. `is_mounted` tells whether clients can elevate a session.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        sessions: Arc<Sessions<U>>,
        (mfa, passkeys): (Option<Arc<Mfa<U>>>, Option<PasskeyFactor<U>>),
        config: SudoConfig,
        is_mounted: bool,
    ) -> Self {
        Self {
            kit,
            sessions,
            mfa,
            passkeys,
            #[cfg(feature = "oauth")]
            connections: None,
            signs_in_by_mail: false,
            config,
            is_mounted,
        }
    }

    /// Adds sign-in with providers to the ways to prove an owner.
    #[cfg(feature = "oauth")]
    #[doc(hidden)]
    #[must_use]
    pub fn with_connections(mut self, connections: Arc<dyn ConnectionStore<U>>) -> Self {
        self.connections = Some(connections);
        self
    }

    /// Adds sign-in by mail to the ways to prove an owner.
    #[doc(hidden)]
    #[must_use]
    pub fn with_mail(mut self) -> Self {
        self.signs_in_by_mail = true;
        self
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &SudoConfig {
        &self.config
    }

    /// Returns `true` if the session of the principal is elevated now. A principal without a session
    /// never is.
    #[must_use]
    pub fn is_elevated(&self, principal: &Principal<U>) -> bool {
        let elevated_at = principal.session().and_then(|session| session.proofs().elevated_at);
        elevated_at.is_some_and(|at| is_recent(at, self.config.window, self.kit.now()))
    }

    /// Whether clients can elevate a session.
    #[cfg(feature = "passkeys")]
    pub(crate) fn is_mounted(&self) -> bool {
        self.is_mounted
    }

    /// When the elevation of a session ends that was elevated at `now`.
    fn ends_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.config.window
    }
}

impl<U: AuthUser> std::fmt::Debug for Sudo<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sudo").field("config", &self.config).finish_non_exhaustive()
    }
}
