//! The app's policy of scopes.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::model::{Account, AuthUser, Scopes};
use crate::store_error::StoreError;

/// Decides which of the requested scopes an account gets.
///
/// Only scopes that are requested and grantable are granted, whatever the policy returns. It is
/// called when a token or a key with scopes is issued and again at every use, so a scope that it
/// withdraws is gone from live tokens and keys at once. A policy that reads a table costs each such
/// request one query. Where tokens are trusted until they expire
/// (`BearerConfig::trust_until_expiry`), `account` is as it was at the token's first use.
///
/// A closure that decides by the account alone implements it.
pub trait ScopePolicy<U: AuthUser>: Send + Sync + 'static {
    /// Returns the scopes of `requested` that this account gets.
    ///
    /// # Errors
    /// If they cannot be looked up; the request is then rejected.
    fn grant(
        &self,
        account: &Account<U>,
        requested: &Scopes,
    ) -> impl Future<Output = Result<Scopes, StoreError>> + Send;
}

impl<U, F> ScopePolicy<U> for F
where
    U: AuthUser,
    F: Fn(&Account<U>, &Scopes) -> Scopes + Send + Sync + 'static,
{
    async fn grant(&self, account: &Account<U>, requested: &Scopes) -> Result<Scopes, StoreError> {
        Ok(self(account, requested))
    }
}

/// Object-safe [`ScopePolicy`].
trait AnyPolicy<U: AuthUser>: Send + Sync {
    fn grant<'a>(
        &'a self,
        account: &'a Account<U>,
        requested: &'a Scopes,
    ) -> BoxFuture<'a, Result<Scopes, StoreError>>;
}

impl<U: AuthUser, P: ScopePolicy<U>> AnyPolicy<U> for P {
    fn grant<'a>(
        &'a self,
        account: &'a Account<U>,
        requested: &'a Scopes,
    ) -> BoxFuture<'a, Result<Scopes, StoreError>> {
        Box::pin(ScopePolicy::grant(self, account, requested))
    }
}

/// The policy of a mount. By default every account gets all grantable scopes.
#[derive(Clone)]
pub struct ScopePolicyHandle<U: AuthUser>(Option<Arc<dyn AnyPolicy<U>>>);

impl<U: AuthUser> ScopePolicyHandle<U> {
    /// Uses this policy.
    #[must_use]
    pub fn new(policy: impl ScopePolicy<U>) -> Self {
        Self(Some(Arc::new(policy)))
    }

    /// Returns the scopes of `wanted`, all of which are grantable, that the account gets.
    ///
    /// # Errors
    /// If the policy fails.
    pub async fn effective_scopes(
        &self,
        account: &Account<U>,
        wanted: Scopes,
    ) -> Result<Scopes, StoreError> {
        match &self.0 {
            Some(policy) if !wanted.is_empty() => {
                Ok(wanted.intersection(&policy.grant(account, &wanted).await?))
            }
            _ => Ok(wanted),
        }
    }
}

impl<U: AuthUser> fmt::Debug for ScopePolicyHandle<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "ScopePolicyHandle(custom)"
        } else {
            "ScopePolicyHandle(all)"
        })
    }
}

impl<U: AuthUser> Default for ScopePolicyHandle<U> {
    fn default() -> Self {
        Self(None)
    }
}
