//! Bearer tokens: short-lived access tokens, and refresh tokens that can be used once.
//!
//! A sign-in makes a *token family*, a row of its own, and issues two tokens of it. The access token
//! is a JWT. A request with one costs one query, for the family and its account together, so that
//! signing out, revoking, changing the password, disabling and deleting act at once. The refresh
//! token is opaque; the store keeps its digest. Each use replaces it by a successor, and a second use
//! revokes the family (RFC 9700, section 4.14.2): one of the two who had the token is a thief.

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
#[cfg(all(test, feature = "sqlite"))]
mod revoke_tests;
mod signing;
mod sql;
pub mod store;
mod trusted;
#[cfg(test)]
mod trusted_tests;

use std::sync::Arc;

pub use access::AccessToken;
use access::AccessTokens;
#[cfg(feature = "bearer-asymmetric")]
pub use asymmetric::{InvalidKey, PublicKey, SigningPair};
pub use config::BearerConfig;
pub use issue::Issued;
pub use refresh::{RefreshError, Refreshed};
pub use refresh_token::RefreshToken;
pub use revoke::ListedFamily;
pub use signing::Signing;
pub use sql::TABLE;
use store::TokenFamilyStore;
use trusted::Trusted;

use crate::guard::Action;
use crate::kit::Kit;
use crate::model::AuthUser;
pub use crate::model::FamilyId;

/// Refresh tokens that are rejected, by client network: 30 an hour by default.
pub const REFRESH: Action = Action::per_hour("refresh", 30);

/// The same for requests that a page of another site made a browser send.
pub const REFRESH_CROSS_SITE: Action = REFRESH.counted_as("refresh cross-site");

/// Most access tokens that are remembered where they are trusted until they expire.
const MAX_TRUSTED: usize = 10_000;

/// Issues, refreshes, checks and revokes bearer tokens.
pub struct BearerTokens<U: AuthUser> {
    kit: Kit<U>,
    store: Arc<dyn TokenFamilyStore<U>>,
    access: AccessTokens,
    trusted: Option<Trusted<U>>,
    config: BearerConfig,
}

impl<U: AuthUser> BearerTokens<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, store: Arc<dyn TokenFamilyStore<U>>, config: BearerConfig) -> Self {
        let access = AccessTokens::new(&config, &kit.keys, U::SHAPE.table);
        let trusted = config.trust_until_expiry.then(|| Trusted::new(MAX_TRUSTED));
        Self { kit, store, access, trusted, config }
    }

    /// Returns the public keys that verify access tokens, as a JSON Web Key Set (RFC 7517), retired
    /// ones included; `None` if tokens are signed with a derived key.
    #[must_use]
    pub fn jwks(&self) -> Option<serde_json::Value> {
        self.access.jwks()
    }
}

impl<U: AuthUser> std::fmt::Debug for BearerTokens<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BearerTokens").field("config", &self.config).finish_non_exhaustive()
    }
}
