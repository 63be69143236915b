//! The members of a refusal: the greatest age of a proof, and the ways to give it.

use std::time::Duration;

use super::Sudo;
use crate::model::AuthUser;
use crate::principal::{Principal, Role};
use crate::store_error::StoreError;

/// A way to prove the owner of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// The password.
    Password,
    /// A code of the authenticator, or a recovery code.
    Code,
    /// A passkey.
    Passkey,
    /// A sign-in with a provider.
    Provider,
    /// A sign-in by a mailed link or code.
    Mail,
}

impl Way {
    /// The name in responses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
            Self::Mail => "mail",
        }
    }

    /// Whether `POST /sudo` takes it.
    const fn elevates(self) -> bool {
        matches!(self, Self::Password | Self::Code | Self::Passkey)
    }
}

/// The elevation that a session lacks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Missing {
    /// How long an elevation lasts.
    pub max_age: Duration,
    /// The factors that `POST /sudo` wants of this account. For an account without any: its ways to
    /// sign in, since a recent sign-in elevates it.
    pub ways: Vec<Way>,
}

impl<U: AuthUser> Sudo<U> {
    /// Returns the ways by which the owner can prove the account of the principal. There is none for a
    /// principal without a session of the owner, since only that remembers a proof.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn ways(&self, principal: &Principal<U>) -> Result<Vec<Way>, StoreError> {
        let mut ways = Vec::new();
        if principal.role() != Role::Owner || principal.session().is_none() {
            return Ok(ways);
        }
        let account = principal.account();
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        if found.is_some_and(|(_, hash)| hash.is_usable()) {
            ways.push(Way::Password);
        }
        if self.is_enrolled(account).await? {
            ways.push(Way::Code);
        }
        if let Some(passkeys) = &self.passkeys
            && passkeys.has_one(account).await?
        {
            ways.push(Way::Passkey);
        }
        #[cfg(feature = "oauth")]
        if let Some(connections) = &self.connections
            && !connections.list(account).await?.is_empty()
        {
            ways.push(Way::Provider);
        }
        if self.signs_in_by_mail && account.contact().is_some() {
            ways.push(Way::Mail);
        }
        Ok(ways)
    }

    /// Returns how the owner can elevate the session.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn missing(&self, principal: &Principal<U>) -> Result<Missing, StoreError> {
        let mut ways = self.ways(principal).await?;
        if ways.iter().any(|way| way.elevates()) {
            ways.retain(|way| way.elevates());
        }
        Ok(Missing { max_age: self.config.window, ways })
    }
}
