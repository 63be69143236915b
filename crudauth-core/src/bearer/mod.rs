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
mod config;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
mod refresh_token;
mod signing;
mod trusted;

use std::sync::Arc;
use std::time::Duration;

pub use access::AccessToken;
use access::{Access, AccessTokens, Judged};
#[cfg(feature = "bearer-asymmetric")]
pub use asymmetric::{InvalidKey, PublicKey, SigningPair};
use chrono::{DateTime, Utc};
pub use config::BearerConfig;
pub use refresh_token::RefreshToken;
pub use signing::Signing;
use tracing::{info, warn};
use trusted::Trusted;

use crate::model::{
    Account, AuthUser, ClientAddress, Device, Digest, KeyRing, Keys, Presented, ScopePolicy, Scopes,
};
use crate::ports::{
    Clock, Entropy, GrantEntry, GrantId, GrantStore, LiveGrant, LockRule, NewGrant, Opened,
    Rotation, StoreError,
};
use crate::session::{Opening, kept_user_agent};

/// Issues, refreshes and recognises bearer tokens.
pub struct Tokens<U: AuthUser> {
    store: Arc<dyn GrantStore<U>>,
    keys: KeyRing,
    access: AccessTokens,
    policy: Option<Arc<dyn ScopePolicy<U>>>,
    trusted: Option<Trusted<U>>,
    config: BearerConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// New tokens, to be given to the client and forgotten.
#[derive(Clone, Debug)]
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
    /// The grant's name in lists.
    pub handle: String,
}

/// Somebody's tokens were refreshed.
#[derive(Clone, Debug)]
pub struct Refreshed<U: AuthUser> {
    /// Whose they are.
    pub account: Account<U>,
    /// The new ones.
    pub issued: Issued,
}

/// Why tokens were not refreshed. A client need not know which.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// It is no refresh token of ours.
    #[error("no refresh token")]
    Unknown,
    /// It has expired, or its grant, or what that stands on, is gone.
    #[error("the refresh token has ended")]
    Ended,
    /// It was used before; its grant has ended by that.
    #[error("the refresh token was used before")]
    Reused,
    /// The store failed.
    #[error("the grant store failed")]
    Store(#[from] StoreError),
}

/// Who a request comes from, by its bearer token.
#[derive(Clone, Debug)]
pub struct BearerVisit<U: AuthUser> {
    /// Whose token it is.
    pub account: Account<U>,
    /// What it may be used for, less what is no longer grantable.
    pub scopes: Scopes,
    /// The grant's name in lists.
    pub handle: String,
    /// When the token was issued.
    pub issued_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// What a bearer token turns out to be.
pub type BearerOutcome<U> = Presented<BearerVisit<U>>;

/// A grant as its owner sees it.
#[derive(Clone, Debug)]
pub struct ListedGrant {
    /// Its name; opens nothing.
    pub handle: String,
    /// What it was granted for.
    pub scopes: Scopes,
    /// What program it was made or last refreshed by.
    pub device: Device,
    /// From where.
    pub client: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is refreshed.
    pub expires_at: DateTime<Utc>,
}

impl<U: AuthUser> Tokens<U> {
    /// Wires the slice.
    #[must_use]
    pub fn new(
        store: Arc<dyn GrantStore<U>>,
        keys: KeyRing,
        config: BearerConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let access = AccessTokens::new(&config, &keys, U::SHAPE.table);
        let trusted = config.trust_until_expiry.then(Trusted::new);
        Self { store, keys, access, policy: None, trusted, config, clock, entropy }
    }

    /// Has `policy` decide what an account gets of the scopes that are grantable (default: all).
    #[must_use]
    pub fn with_policy(mut self, policy: Arc<dyn ScopePolicy<U>>) -> Self {
        self.policy = Some(policy);
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

    /// What a client's list of scopes asks for, of what is grantable; `None` if it is absent or
    /// blank, and so asks for the defaults.
    #[must_use]
    pub fn asked(&self, list: Option<&str>) -> Option<Scopes> {
        Scopes::asked(list, self.config.grantable())
    }

    /// Issues tokens to an account that has proved itself by other means than
    /// [`SignIn::grant`](crate::login::SignIn::grant); `None` if it has changed meanwhile.
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
        let ends_at = self.config.absolute.map(|lifetime| now + lifetime);
        let scopes = self.granted(account, asked.unwrap_or(&self.config.default_scopes));
        let grant = NewGrant {
            id,
            account: account.user.id().clone(),
            token: refresh.digest(keys),
            scopes: scopes.clone(),
            version: account.version,
            epoch: account.epoch,
            client: opening.client,
            user_agent: kept_user_agent(opening.user_agent),
            created_at: now,
            expires_at: self.config.refresh_expiry(ends_at, now),
            ends_at,
        };
        let expires_at = grant.expires_at;
        let issued = self.issued(account, refresh, scopes, expires_at, now)?;
        let opened = self.store.open_grant(grant, unless, rule, self.config.cap).await?;
        Ok((opened == Opened::Done).then_some(issued))
    }

    /// Who a request with this access token comes from.
    ///
    /// One look-up by key, or none where tokens are
    /// [trusted](BearerConfig::trust_until_expiry) and this one was seen before.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn authenticate(&self, token: &str) -> Result<BearerOutcome<U>, StoreError> {
        let now = self.clock.now();
        let access = match self.access.judge(token, now) {
            Judged::Valid(access) => access,
            Judged::Expired => return Ok(Presented::Dead),
            Judged::Invalid => return Ok(Presented::Broken),
        };
        if let Some(account) = self.trusted.as_ref().and_then(|trusted| trusted.get(&access)) {
            return Ok(Presented::Live(self.visit(account, access)));
        }
        let Some(live) = self.store.find_grant(&access.grant, now).await? else {
            return Ok(Presented::Dead);
        };
        let account = live.account;
        // Its key is compared as text: there is one spelling, and nothing to be out of range.
        let is_named = account.user.id().to_string() == access.subject
            && account.version == access.version
            && account.epoch == access.epoch;
        if !is_named {
            return Ok(Presented::Dead);
        }
        if let Some(trusted) = &self.trusted {
            trusted.put(&access, &account, now);
        }
        Ok(Presented::Live(self.visit(account, access)))
    }

    /// Uses a refresh token up: new tokens of the same grant, with the scopes that it was made with
    /// less those that the account would not get any more.
    ///
    /// Of any number at once with one token at most one succeeds. A token that was used before ends
    /// its grant, unless that was within [`grace`](BearerConfig::grace) and its successor is
    /// unused: then it gets the same successor.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(
        &self,
        token: &str,
        client: Option<ClientAddress>,
        user_agent: Option<&str>,
    ) -> Result<Refreshed<U>, RefreshError> {
        /// Whoever loses a race finds another token the next time, or none.
        const TRIES: usize = 3;
        let (token, made_by) =
            RefreshToken::read(&self.keys, token).ok_or(RefreshError::Unknown)?;
        let presented = token.digest(made_by);
        for _ in 0..TRIES {
            let now = self.clock.now();
            let found = self.store.find_grant(token.grant(), now).await?;
            let live = found.ok_or(RefreshError::Ended)?;
            if live.grant.token != presented {
                return self.late(&token, made_by, presented, live, now).await;
            }
            let agent = kept_user_agent(user_agent.map(str::to_owned));
            let rotated = self.rotate(&token, made_by, &live, (client, agent), now).await?;
            if let Some(issued) = rotated {
                let (account, grant) = (live.account, &issued.handle);
                info!(account = %account.user.id(), grant, client = ?client, "tokens refreshed");
                return Ok(Refreshed { account, issued });
            }
        }
        Err(RefreshError::Ended)
    }

    /// Puts a successor in the token's place; `None` if somebody else was faster.
    async fn rotate(
        &self,
        token: &RefreshToken,
        made_by: &Keys,
        live: &LiveGrant<U>,
        (client, user_agent): (Option<ClientAddress>, Option<String>),
        now: DateTime<Utc>,
    ) -> Result<Option<Issued>, StoreError> {
        let keys = self.keys.current();
        let successor = RefreshToken::generate(keys, *token.grant(), &*self.entropy);
        let expires_at = self.config.refresh_expiry(live.grant.ends_at, now);
        let rotation = Rotation {
            id: *token.grant(),
            presented: token.digest(made_by),
            successor: successor.digest(keys),
            sealed: (!self.config.grace.is_zero()).then(|| token.seal(made_by, &successor)),
            client,
            user_agent,
            at: now,
            expires_at,
        };
        let scopes = self.granted(&live.account, &live.grant.scopes);
        let issued = self.issued(&live.account, successor, scopes, expires_at, now)?;
        Ok(self.store.rotate_grant(rotation).await?.then_some(issued))
    }

    /// A token that is not the current one of its grant.
    async fn late(
        &self,
        token: &RefreshToken,
        made_by: &Keys,
        presented: Digest,
        live: LiveGrant<U>,
        now: DateTime<Utc>,
    ) -> Result<Refreshed<U>, RefreshError> {
        let LiveGrant { grant, account } = live;
        let previous = grant.previous.filter(|previous| {
            previous.token == presented && now < previous.replaced_at + self.config.grace
        });
        let sealed = previous.and_then(|previous| previous.sealed);
        let successor =
            sealed.and_then(|sealed| token.unseal(made_by, &sealed, &self.keys, grant.token));
        if let Some(successor) = successor {
            let scopes = self.granted(&account, &grant.scopes);
            let issued = self.issued(&account, successor, scopes, grant.expires_at, now)?;
            info!(account = %account.user.id(), grant = %token.grant(), "tokens given once more");
            return Ok(Refreshed { account, issued });
        }
        let ended = self.store.end_grant(token.grant()).await?;
        warn!(
            account = %account.user.id(), grant = %token.grant(), ended,
            "refresh token used again: every token of its sign-in has ended"
        );
        Err(RefreshError::Reused)
    }

    /// Ends the grant of a refresh token, whether or not it is the current one: who logs out has
    /// no use for any. Answers whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn end(&self, token: &str) -> Result<bool, StoreError> {
        let Some((token, _)) = RefreshToken::read(&self.keys, token) else { return Ok(false) };
        let ended = self.store.end_grant(token.grant()).await?;
        info!(grant = %token.grant(), ended, "signed out");
        Ok(ended)
    }

    /// The account's live grants, the latest used first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, account: &Account<U>) -> Result<Vec<ListedGrant>, StoreError> {
        let entries = self.store.list_grants(account, self.clock.now()).await?;
        let listed = |entry: GrantEntry| ListedGrant {
            handle: entry.id.to_string(),
            scopes: entry.scopes,
            device: Device::from_user_agent(entry.user_agent.as_deref()),
            client: entry.client,
            created_at: entry.created_at,
            last_used_at: entry.last_used_at,
            expires_at: entry.expires_at,
        };
        Ok(entries.into_iter().map(listed).collect())
    }

    /// Ends the grant of that name, if it is the account's own. Answers whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn revoke(&self, account: &Account<U>, handle: &str) -> Result<bool, StoreError> {
        let Some(id) = GrantId::parse(handle) else { return Ok(false) };
        let revoked = self.store.revoke_grant(account, &id, self.clock.now()).await?;
        info!(account = %account.user.id(), grant = %id, revoked, "bearer tokens revoked");
        Ok(revoked)
    }

    /// Ends every grant of the account, and tells how many.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn revoke_all(&self, account: &Account<U>) -> Result<u64, StoreError> {
        let revoked = self.store.revoke_grants(account, self.clock.now()).await?;
        info!(account = %account.user.id(), revoked, "all bearer tokens revoked");
        Ok(revoked)
    }

    /// What of `wanted` the account gets now.
    fn granted(&self, account: &Account<U>, wanted: &Scopes) -> Scopes {
        let grantable = wanted.intersection(self.config.grantable());
        match &self.policy {
            Some(policy) => grantable.intersection(&policy.grant(account, &grantable)),
            None => grantable,
        }
    }

    fn issued(
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
            handle: refresh.grant().to_string(),
            refresh,
            refresh_expires_in: left(refresh_expires_at),
            scopes,
        })
    }

    fn visit(&self, account: Account<U>, access: Access) -> BearerVisit<U> {
        BearerVisit {
            account,
            scopes: access.scopes.intersection(self.config.grantable()),
            handle: access.grant.to_string(),
            issued_at: access.issued_at,
            expires_at: access.expires_at,
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for Tokens<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("config", &self.config).finish_non_exhaustive()
    }
}
