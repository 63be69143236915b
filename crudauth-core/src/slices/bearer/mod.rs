//! Bearer tokens: short-lived access tokens, and refresh tokens that are good once.
//!
//! A sign-in makes a *grant*, a row of its own, and hands out two tokens that stand on it. The
//! access token is a JWT that says whose it is and for what; a request with one costs one look-up
//! by key, of the grant and its account together, so that logging out, revoking, changing the
//! password, disabling and deleting act at once. The refresh token is opaque, of which the store
//! keeps a keyed digest; each use puts a successor in its place, and using one again ends the grant
//! (RFC 9700, section 4.14.2), since one of the two who had it is a thief.

mod access;
#[cfg(test)]
mod access_tests;
#[cfg(feature = "bearer-asymmetric")]
mod asymmetric;
#[cfg(all(test, feature = "bearer-asymmetric"))]
mod asymmetric_tests;
mod authenticate;
mod config;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
mod issue;
#[cfg(all(test, feature = "sqlite"))]
mod policy_tests;
mod refresh;
mod refresh_token;
mod revoke;
mod signing;
mod sql;
pub(crate) mod store;
mod trusted;
#[cfg(test)]
mod trusted_tests;

use std::sync::Arc;

pub use access::AccessToken;
use access::AccessTokens;
#[cfg(feature = "bearer-asymmetric")]
pub use asymmetric::{InvalidKey, PublicKey, SigningPair};
pub use authenticate::{BearerOutcome, BearerVisit};
pub use config::BearerConfig;
pub use issue::Issued;
pub use refresh::{RefreshError, Refreshed};
pub use refresh_token::RefreshToken;
pub use revoke::ListedGrant;
pub use signing::Signing;
pub use sql::TABLE;
use trusted::Trusted;

use crate::model::{AuthUser, KeyRing};
use crate::ports::{Clock, Entropy, GrantStore, Granting};

/// How many tokens are remembered where they are trusted until they expire.
const MOST_TRUSTED: usize = 10_000;

/// Issues, refreshes and recognises bearer tokens.
pub struct Tokens<U: AuthUser> {
    store: Arc<dyn GrantStore<U>>,
    keys: KeyRing,
    access: AccessTokens,
    granting: Granting<U>,
    trusted: Option<Trusted<U>>,
    config: BearerConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl<U: AuthUser> Tokens<U> {
    /// Wires the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        store: Arc<dyn GrantStore<U>>,
        keys: KeyRing,
        config: BearerConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let access = AccessTokens::new(&config, &keys, U::SHAPE.table);
        let trusted = config.trust_until_expiry.then(|| Trusted::new(MOST_TRUSTED));
        let granting = Granting::default();
        Self { store, keys, access, granting, trusted, config, clock, entropy }
    }

    /// Has a policy decide what an account gets of the scopes that are grantable (default: all).
    #[doc(hidden)]
    #[must_use]
    pub fn granting(mut self, granting: Granting<U>) -> Self {
        self.granting = granting;
        self
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &BearerConfig {
        &self.config
    }

    /// The public keys that verify access tokens, as a JSON Web Key Set (RFC 7517), old ones
    /// included; `None` if tokens are signed with a derived key, which is nobody's business.
    #[must_use]
    pub fn jwks(&self) -> Option<serde_json::Value> {
        self.access.jwks()
    }
}

impl<U: AuthUser> std::fmt::Debug for Tokens<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("config", &self.config).finish_non_exhaustive()
    }
}
