//! Who gets which scopes.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::StoreError;
use crate::model::{Account, AuthUser, Scopes};

/// Decides what an account gets of the scopes that are asked for.
///
/// Only what is among `asked` and may be granted at all is granted, whatever it answers. It is asked
/// when a token or a key with scopes is issued, and again at every use: what is withdrawn from an
/// account is gone from its tokens and keys at once. So one that reads a table costs each such
/// request a look-up more. Where tokens are trusted until they expire
/// (`BearerConfig::trust_until_expiry`), `account` is as it was at the token's first use.
///
/// A closure that decides by the account alone is one.
pub trait ScopePolicy<U: AuthUser>: Send + Sync + 'static {
    /// What of `asked` this account gets.
    ///
    /// # Errors
    /// If that cannot be looked up; then nothing is granted and nobody gets in.
    fn grant(
        &self,
        account: &Account<U>,
        asked: &Scopes,
    ) -> impl Future<Output = Result<Scopes, StoreError>> + Send;
}

impl<U, F> ScopePolicy<U> for F
where
    U: AuthUser,
    F: Fn(&Account<U>, &Scopes) -> Scopes + Send + Sync + 'static,
{
    async fn grant(&self, account: &Account<U>, asked: &Scopes) -> Result<Scopes, StoreError> {
        Ok(self(account, asked))
    }
}

/// [`ScopePolicy`] behind a pointer.
trait AnyPolicy<U: AuthUser>: Send + Sync {
    fn grant<'a>(
        &'a self,
        account: &'a Account<U>,
        asked: &'a Scopes,
    ) -> BoxFuture<'a, Result<Scopes, StoreError>>;
}

impl<U: AuthUser, P: ScopePolicy<U>> AnyPolicy<U> for P {
    fn grant<'a>(
        &'a self,
        account: &'a Account<U>,
        asked: &'a Scopes,
    ) -> BoxFuture<'a, Result<Scopes, StoreError>> {
        Box::pin(ScopePolicy::grant(self, account, asked))
    }
}

/// The policy of a mount, or none: then everybody gets whatever is grantable.
pub struct Granting<U: AuthUser>(Option<Arc<dyn AnyPolicy<U>>>);

impl<U: AuthUser> Granting<U> {
    /// Has `policy` decide.
    #[must_use]
    pub fn by(policy: impl ScopePolicy<U>) -> Self {
        Self(Some(Arc::new(policy)))
    }

    /// What of `wanted`, all of which is grantable, the account gets.
    ///
    /// # Errors
    /// If the policy could not look up what it decides by.
    pub async fn of(&self, account: &Account<U>, wanted: Scopes) -> Result<Scopes, StoreError> {
        match &self.0 {
            Some(policy) if !wanted.is_empty() => {
                Ok(wanted.intersection(&policy.grant(account, &wanted).await?))
            }
            _ => Ok(wanted),
        }
    }
}

impl<U: AuthUser> fmt::Debug for Granting<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Granting(by a policy)" } else { "Granting(all)" })
    }
}

impl<U: AuthUser> Default for Granting<U> {
    fn default() -> Self {
        Self(None)
    }
}

impl<U: AuthUser> Clone for Granting<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
