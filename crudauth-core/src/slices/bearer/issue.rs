//! Issuing: a sign-in makes a grant and gets its first two tokens.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::warn;

use super::access::{self, Access};
use super::{AccessToken, RefreshToken, Tokens};
use crate::model::{Account, AuthUser, Digest, Scopes};
use crate::ports::{GrantId, LockRule, NewGrant, Opened, StoreError};
use crate::slices::sessions::{Opening, kept_user_agent};

/// New tokens, to be given to the client and forgotten.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issued {
    /// For requests.
    pub access: AccessToken,
    /// How long it works.
    pub expires_in: Duration,
    /// For the next access token.
    pub refresh: RefreshToken,
    /// How long that one can be used.
    pub refresh_expires_in: Duration,
    /// What the access token may be used for, which may be less than was asked.
    pub scopes: Scopes,
    /// What they stand on; its text is its name in lists.
    pub grant: GrantId,
}

impl<U: AuthUser> Tokens<U> {
    /// What a client's list of scopes asks for, of what is grantable; `None` if it is absent or
    /// blank, and so asks for the defaults.
    #[must_use]
    pub fn asked(&self, list: Option<&str>) -> Option<Scopes> {
        let asked = Scopes::asked(list, self.config.grantable());
        if asked.is_some() && self.config.grantable().is_empty() {
            warn!(
                "scopes are asked for and none is granted: `BearerConfig::grantable_scopes` names them"
            );
        }
        asked
    }

    /// Issues tokens to an account that has proved itself by other means than
    /// [`SignIn::grant`](crate::slices::sign_in::SignIn::grant); `None` if it has changed meanwhile.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn issue(
        &self,
        account: &Account<U>,
        asked: Option<&Scopes>,
        opening: Opening,
    ) -> Result<Option<Issued>, StoreError> {
        self.open(account, asked, opening, &[], &LockRule::NONE).await
    }

    /// As [`issue`](Self::issue); `None` also if one of the counters `unless` was locked meanwhile.
    pub(crate) async fn open(
        &self,
        account: &Account<U>,
        asked: Option<&Scopes>,
        opening: Opening,
        unless: &[Digest],
        rule: &LockRule,
    ) -> Result<Option<Issued>, StoreError> {
        let now = self.clock.now();
        let keys = self.keys.current();
        let id = GrantId::generate(&*self.entropy);
        let refresh = RefreshToken::generate(keys, id, &*self.entropy);
        let ends_at = self.config.absolute_timeout.map(|lifetime| now + lifetime);
        let asked = asked.unwrap_or(&self.config.default_scopes);
        let wanted = asked.intersection(self.config.grantable());
        let grant = NewGrant {
            id,
            account: account.user.id().clone(),
            token: refresh.digest(keys),
            scopes: wanted.clone(),
            version: account.version,
            epoch: account.epoch,
            client: opening.client,
            user_agent: kept_user_agent(opening.user_agent),
            created_at: now,
            expires_at: self.config.refresh_expiry(ends_at, now),
            ends_at,
        };
        let expires_at = grant.expires_at;
        if self.store.open_grant(grant, unless, rule, self.config.max_sign_ins).await?
            == Opened::Refused
        {
            return Ok(None);
        }
        match self.first(account, refresh, wanted, expires_at, now).await {
            Ok(issued) => Ok(Some(issued)),
            Err(error) => {
                // Nobody has its tokens.
                if let Err(error) = self.store.end_grant(&id).await {
                    error.log("ending a grant that came to nothing");
                }
                Err(error)
            }
        }
    }

    /// The first tokens of a grant that is stored. The policy is asked and the token signed no sooner:
    /// by how long that takes, or by its failing, a guess that the lock refuses would be told from a
    /// wrong one.
    async fn first(
        &self,
        account: &Account<U>,
        refresh: RefreshToken,
        wanted: Scopes,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Issued, StoreError> {
        let scopes = self.granted(account, &wanted).await?;
        if scopes != wanted {
            self.store.narrow_grant(refresh.grant(), &scopes).await?;
        }
        self.issued(account, refresh, scopes, expires_at, now)
    }

    /// What of `wanted` the account gets now.
    pub(super) async fn granted(
        &self,
        account: &Account<U>,
        wanted: &Scopes,
    ) -> Result<Scopes, StoreError> {
        self.granting.of(account, wanted.intersection(self.config.grantable())).await
    }

    /// The tokens that a grant has from now on.
    pub(super) fn issued(
        &self,
        account: &Account<U>,
        refresh: RefreshToken,
        scopes: Scopes,
        refresh_expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Issued, StoreError> {
        // What it stands on is gone then.
        let expires_at = (now + self.config.access_lifetime).min(refresh_expires_at);
        let access = Access {
            subject: account.user.id().to_string(),
            version: account.version,
            epoch: account.epoch,
            grant: *refresh.grant(),
            scopes: scopes.clone(),
            issued_at: now,
            expires_at,
            id: access::token_id(&*self.entropy),
        };
        let left = |until: DateTime<Utc>| (until - now).to_std().unwrap_or_default();
        Ok(Issued {
            access: self.access.sign(&access)?,
            expires_in: left(expires_at),
            grant: *refresh.grant(),
            refresh,
            refresh_expires_in: left(refresh_expires_at),
            scopes,
        })
    }
}
