//! API keys: for programs that act for somebody, until they expire or are revoked.
//!
//! A key has a name that its owner gave it, scopes, and a secret that is shown once and kept as a
//! keyed digest. Like every credential it is bound to its account's version and epoch: changing or
//! resetting the password, disabling and deleting end it at once.

mod config;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
mod secret;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
pub use config::ApiKeyConfig;
pub use secret::ApiKey;
use tracing::{info, warn};
pub use wanted::WantedKey;

use crate::model::{
    Account, AuthUser, Digest, KeyRing, Mistake, Presented, Rule, Scopes, is_unseen,
};
use crate::ports::{
    AddedApiKey, ApiKeyEntry, ApiKeyStore, Clock, Entropy, Granting, NewApiKey, StoreError,
};
use crate::recovery::Recovery;
use crate::session::{OwnerError, Standing, Visitor, end_of, is_recent};

/// How many characters a name may have.
const NAME_CHARS: usize = 64;

/// A use is recorded no more often than this: a write at every request would cost more than the
/// request.
const TOUCH_EVERY: TimeDelta = TimeDelta::seconds(60);

/// Makes, recognises, lists and revokes API keys.
pub struct ApiKeys<U: AuthUser> {
    store: Arc<dyn ApiKeyStore<U>>,
    keys: KeyRing,
    granting: Granting<U>,
    recovery: Option<Recovery<U>>,
    config: ApiKeyConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// A key that was just made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedApiKey {
    /// The secret, to be shown to its owner and forgotten.
    pub secret: ApiKey,
    /// The key as lists show it.
    pub key: ApiKeyEntry,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// What was asked for has mistakes, in the fields `name` and `expires_in`.
    #[error("the key has mistakes")]
    Invalid(Vec<Mistake>),
    /// The account has as many as it may.
    #[error("the account has {cap} keys already")]
    TooMany {
        /// How many that is.
        cap: u32,
    },
    /// Who asks is a program: keys are for their owner to make.
    #[error("a program makes no keys")]
    NotOwner,
    /// The sign-in is too long ago for this.
    #[error("the sign-in is too long ago")]
    NotFresh,
    /// The account has changed meanwhile, or what its owner asks by has ended: they must sign in
    /// anew.
    #[error("the account has changed")]
    Moved,
    /// The store failed.
    #[error("the key store failed")]
    Store(#[from] StoreError),
}

/// Who a request comes from, by its API key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeyVisit<U: AuthUser> {
    /// Whose key it is.
    pub account: Account<U>,
    /// What it may be used for, less what is no longer grantable.
    pub scopes: Scopes,
    /// The key as lists show it.
    pub key: ApiKeyEntry,
}

/// What an API key turns out to be.
pub type ApiKeyOutcome<U> = Presented<ApiKeyVisit<U>>;

impl<U: AuthUser> ApiKeys<U> {
    /// Wires the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        store: Arc<dyn ApiKeyStore<U>>,
        keys: KeyRing,
        config: ApiKeyConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { store, keys, granting: Granting::default(), recovery: None, config, clock, entropy }
    }

    /// Has a policy decide what a key of an account gets of the scopes that are grantable (default:
    /// all).
    #[doc(hidden)]
    #[must_use]
    pub fn granting(mut self, granting: Granting<U>) -> Self {
        self.granting = granting;
        self
    }

    /// Has owners told of every key that is made.
    #[doc(hidden)]
    #[must_use]
    pub fn with_notices(mut self, recovery: Option<Recovery<U>>) -> Self {
        self.recovery = recovery;
        self
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &ApiKeyConfig {
        &self.config
    }

    /// Makes a key. Of the scopes that are wanted it gets what is grantable to the account. The owner
    /// gets a notice.
    ///
    /// An owner must have signed in [recently](ApiKeyConfig::fresh), by a session or a token that is
    /// still good at the moment at which the key is stored; a token makes no key that may do more
    /// than itself. Of [the app itself](Visitor::as_app) nothing is asked.
    ///
    /// # Errors
    /// [`ApiKeyError`]; nothing is stored then.
    pub async fn create(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
        wanted: &WantedKey,
    ) -> Result<CreatedApiKey, ApiKeyError> {
        let visitor = visitor.into();
        let (account, now) = (visitor.account, self.clock.now());
        let scopes = self.allowed(visitor.standing, &wanted.scopes, now)?;
        let (name, lifetime) = self.check(wanted).map_err(ApiKeyError::Invalid)?;
        if !wanted.scopes.is_empty() && self.config.grantable_scopes.is_empty() {
            warn!(
                "scopes are asked for and none is granted: `ApiKeyConfig::grantable_scopes` names them"
            );
        }
        let secret = ApiKey::generate(&self.config.prefix, &*self.entropy);
        let digest = secret.digest(self.keys.current());
        let key = ApiKeyEntry {
            handle: digest.handle(),
            name,
            hint: secret.hint(),
            scopes: self.granted(account, &scopes).await?,
            created_at: now,
            last_used_at: None,
            expires_at: lifetime.map(|lifetime| now + lifetime),
        };
        let stored = NewApiKey {
            digest,
            handle: key.handle.clone(),
            account: account.user.id().clone(),
            name: key.name.clone(),
            hint: key.hint.clone(),
            scopes: key.scopes.clone(),
            version: account.version,
            epoch: account.epoch,
            made_by: visitor.credential(),
            created_at: now,
            expires_at: key.expires_at,
        };
        match self.store.add_api_key(stored, self.config.cap).await? {
            AddedApiKey::Done => {
                info!(account = %account.user.id(), api_key = key.handle, "API key made");
                if let Some(recovery) = &self.recovery {
                    recovery.tell_of_key(account).await;
                }
                Ok(CreatedApiKey { secret, key })
            }
            AddedApiKey::TooMany => Err(ApiKeyError::TooMany { cap: self.config.cap }),
            AddedApiKey::Refused => Err(ApiKeyError::Moved),
        }
    }

    /// Who a request with this key comes from: one look-up by key. Its use is recorded, at most
    /// once a minute; a key that was made under an older secret of the app is then one of the
    /// current secret.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn authenticate(&self, text: &str) -> Result<ApiKeyOutcome<U>, StoreError> {
        let Some(secret) = ApiKey::parse(text) else { return Ok(Presented::Broken) };
        let now = self.clock.now();
        // Another request may renew what stands for it between two look-ups.
        let once_more = self.keys.previous().first().map(|_| self.keys.current());
        for keys in self.keys.all().chain(once_more) {
            let digest = secret.digest(keys);
            let Some(live) = self.store.find_api_key(&digest, now).await? else { continue };
            let ends_at = self.end_of(&live.key);
            if ends_at.is_some_and(|ends_at| ends_at <= now) {
                self.store.end_api_key(&digest).await?;
                return Ok(Presented::Dead);
            }
            if !live.account.is_active() {
                let (account, api_key) = (live.account.user.id(), live.key.handle);
                info!(%account, api_key, "API key refused, and all there is ended: account disabled");
                self.store.end_all_of_disabled(account, now).await?;
                return Ok(Presented::Dead);
            }
            let before = now - TOUCH_EVERY;
            if live.key.last_used_at.is_none_or(|used_at| used_at <= before) {
                // Not worth refusing anybody for: the next request tries again.
                let renewed = secret.digest(self.keys.current());
                if let Err(error) = self.store.touch_api_key(&digest, &renewed, now, before).await {
                    error.log("recording the use of an API key");
                }
            }
            return Ok(Presented::Live(ApiKeyVisit {
                scopes: self.granted(&live.account, &live.key.scopes).await?,
                account: live.account,
                key: ApiKeyEntry { expires_at: ends_at, ..live.key },
            }));
        }
        warn!("API key refused: nobody has it");
        Ok(Presented::Dead)
    }

    /// The live keys of the visitor's account, the latest first.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn list(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
    ) -> Result<Vec<ApiKeyEntry>, OwnerError> {
        let (account, now) = (visitor.into().owned()?, self.clock.now());
        let mut keys = self.store.list_api_keys(account, now).await?;
        for key in &mut keys {
            key.expires_at = self.end_of(key);
        }
        keys.retain(|key| key.expires_at.is_none_or(|ends_at| ends_at > now));
        Ok(keys)
    }

    /// Ends the key of that handle, if it is the visitor's own. Answers whether there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
        handle: &str,
    ) -> Result<bool, OwnerError> {
        let account = visitor.into().owned()?;
        if !Digest::is_handle(handle) {
            return Ok(false);
        }
        let revoked = self.store.revoke_api_key(account, handle, self.clock.now()).await?;
        info!(account = %account.user.id(), api_key = handle, revoked, "API key revoked");
        Ok(revoked)
    }

    /// Ends every key of the visitor's account, and tells how many.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_all(&self, visitor: impl Into<Visitor<'_, U>>) -> Result<u64, OwnerError> {
        let account = visitor.into().owned()?;
        let revoked = self.store.revoke_api_keys(account, self.clock.now()).await?;
        info!(account = %account.user.id(), revoked, "all API keys revoked");
        Ok(revoked)
    }

    /// When a key expires: as was said when it was made, or sooner by what is said now.
    fn end_of(&self, key: &ApiKeyEntry) -> Option<DateTime<Utc>> {
        end_of(key.created_at, key.expires_at, self.config.longest)
    }

    /// What of `wanted` the account gets now.
    async fn granted(&self, account: &Account<U>, wanted: &Scopes) -> Result<Scopes, StoreError> {
        self.granting.of(account, wanted.intersection(&self.config.grantable_scopes)).await
    }

    /// Whether who asks may make a key at all.
    ///
    /// # Errors
    /// [`ApiKeyError::NotOwner`], [`ApiKeyError::NotFresh`].
    pub fn check_maker<'a>(&self, visitor: impl Into<Visitor<'a, U>>) -> Result<(), ApiKeyError> {
        let standing = visitor.into().standing;
        self.allowed(standing, &Scopes::default(), self.clock.now()).map(drop)
    }

    /// What of `wanted` is for who asks to give away.
    fn allowed(
        &self,
        standing: Standing<'_>,
        wanted: &Scopes,
        now: DateTime<Utc>,
    ) -> Result<Scopes, ApiKeyError> {
        let (signed_in_at, scopes) = match standing {
            Standing::App => return Ok(wanted.clone()),
            Standing::Program => return Err(ApiKeyError::NotOwner),
            Standing::Owner { signed_in_at, scopes, .. } => (signed_in_at, scopes),
        };
        // Whoever finds a token, or sits down at somebody's browser, has that for a while; a key that
        // they make with it would last.
        if !signed_in_at.is_some_and(|at| is_recent(at, self.config.fresh, now)) {
            return Err(ApiKeyError::NotFresh);
        }
        Ok(scopes.map_or_else(|| wanted.clone(), |own| wanted.intersection(own)))
    }

    /// The name as it is kept, and how long the key works.
    fn check(&self, wanted: &WantedKey) -> Result<(String, Option<Duration>), Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let (name, lifetime) = (wanted.name.trim(), wanted.lifetime);
        if name.is_empty() {
            let message = "String should have at least 1 character";
            mistakes.push(Mistake::new("name", Rule::TooShort { min: 1 }, message));
        } else if name.chars().count() > NAME_CHARS {
            mistakes.push(Mistake::too_long("name", NAME_CHARS));
        } else if name.chars().any(|c| c != ' ' && (c.is_whitespace() || is_unseen(c))) {
            let message = "value contains an invisible character";
            mistakes.push(Mistake::new("name", Rule::Value, message));
        }
        let longest = self.config.longest.unwrap_or(crate::ports::LONGEST);
        if lifetime.is_some_and(|it| !(ApiKeyConfig::SHORTEST..=longest).contains(&it)) {
            let message = format!("value must be 60 to {} seconds", longest.as_secs());
            mistakes.push(Mistake::new("expires_in", Rule::Value, message));
        }
        if mistakes.is_empty() {
            Ok((name.to_owned(), lifetime.or(self.config.longest)))
        } else {
            Err(mistakes)
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for ApiKeys<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeys").field("config", &self.config).finish_non_exhaustive()
    }
}
