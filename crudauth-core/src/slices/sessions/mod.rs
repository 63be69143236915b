//! Sessions: opened at sign-in, checked at every request, listed and revoked by their owner.
//!
//! The cookie carries 256 random bits; the store keeps their digest. A session ends when it idles, at
//! its absolute limit, when it is revoked, and when its account no longer has the state that the
//! session was opened under.

mod authenticate;
mod config;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
mod open;
mod revoke;
#[cfg(all(test, feature = "sqlite"))]
mod revoke_tests;
mod sql;
pub mod store;

use std::sync::Arc;

pub use config::SessionConfig;
pub(crate) use open::Opening;
pub use open::{OpenedSession, RenewedSession};
pub use revoke::ListedSession;
pub use sql::TABLE;
use store::SessionStore;

use crate::guard::Action;
use crate::kit::Kit;
use crate::model::AuthUser;
pub use crate::principal::{CurrentSession, OwnerError};

/// Signing out everywhere, by account: 10 an hour by default.
pub const LOGOUT_ALL: Action = Action::per_hour("logout_all", 10);

/// New CSRF tokens, by client network: 30 an hour by default.
pub const CSRF_REFRESH: Action = Action::per_hour("csrf_refresh", 30);

/// Opens, checks, lists and revokes sessions.
pub struct Sessions<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn SessionStore<U>>,
    config: SessionConfig,
}

impl<U: AuthUser> Sessions<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, store: Arc<dyn SessionStore<U>>, config: SessionConfig) -> Self {
        Self { kit, store, config }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }
}

impl<U: AuthUser> std::fmt::Debug for Sessions<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("config", &self.config).finish_non_exhaustive()
    }
}
