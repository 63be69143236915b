//! Sessions: opened at sign-in, found at every request, listed and ended by their owner.
//!
//! The cookie carries 256 random bits, of which the store keeps a keyed digest. A session dies
//! when it idles, when its owner or the password it was opened under is gone, or when it is ended.

mod config;
pub(crate) mod old_store;
mod sql;
pub mod store;

use std::sync::Arc;

pub use crate::principal::{OwnerError, Standing, Visit, Visitor};
pub(crate) use crate::principal::{end_of, is_recent};
use chrono::{DateTime, Utc};
pub use config::SessionConfig;
pub use sql::TABLE;
use tracing::info;

use crate::model::{Account, AuthUser, ClientAddress, Device, Digest, KeyRing, Token};
use crate::ports::{
    Clock, Entropy, LockRule, NewSession, Opened, SessionEntry, SessionStore, StoreError,
};

/// How long a user agent may be; the rest is not stored.
const USER_AGENT_CHARS: usize = 512;

/// Keeps people signed in.
pub struct Sessions<U: AuthUser> {
    store: Arc<dyn SessionStore<U>>,
    keys: KeyRing,
    config: SessionConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// From where a session is opened, and how long it is to live.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Opening {
    /// The client's address.
    pub client: Option<ClientAddress>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Whether it is to outlive the browser.
    pub is_remembered: bool,
    /// The session that the client had so far: it ends.
    pub replaces: Option<Token>,
}

/// The secrets of a new session, to be given to the client and forgotten.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenedSession {
    /// What the session cookie carries.
    pub token: Token,
    /// What must be sent along with every unsafe request.
    pub csrf: Token,
    /// Its name in lists.
    pub handle: String,
    /// Whether it outlives the browser.
    pub is_remembered: bool,
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedSession {
    /// Its name; opens nothing.
    pub handle: String,
    /// What program opened it.
    pub device: Device,
    /// From where.
    pub client: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was last active, to the minute.
    pub last_activity_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl<U: AuthUser> Sessions<U> {
    /// Wires the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        store: Arc<dyn SessionStore<U>>,
        keys: KeyRing,
        config: SessionConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { store, keys, config, clock, entropy }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &SessionConfig {
        &self.config
    }

    /// Opens a session for an account that has proved itself; `None` if the account has changed or
    /// one of the counters `unless` was locked meanwhile.
    pub(crate) async fn open(
        &self,
        account: &Account<U>,
        opening: Opening,
        unless: &[Digest],
        rule: &LockRule,
    ) -> Result<Option<OpenedSession>, StoreError> {
        let now = self.clock.now();
        let (token, csrf) = (Token::generate(&*self.entropy), Token::generate(&*self.entropy));
        let keys = self.keys.current();
        let digest = keys.session.token(&token);
        let handle = digest.handle();
        let ends_at = self.config.absolute.map(|lifetime| now + lifetime);
        let session = NewSession {
            digest,
            handle: handle.clone(),
            account: account.user.id().clone(),
            csrf: keys.csrf.token(&csrf),
            version: account.version,
            epoch: account.epoch,
            client: opening.client,
            user_agent: kept_user_agent(opening.user_agent),
            is_remembered: opening.is_remembered,
            created_at: now,
            expires_at: self.config.expiry(opening.is_remembered, ends_at, now),
            ends_at,
        };
        let replaced = opening.replaces.as_ref().map(|token| keys.session.token(token));
        let opened =
            self.store.open(session, unless, rule, replaced.as_ref(), self.config.cap).await?;
        if opened == Opened::Refused {
            return Ok(None);
        }
        // What is replaced may have been opened under a secret that was followed by this one.
        for keys in self.keys.previous() {
            if let Some(token) = &opening.replaces
                && let Err(error) = self.store.end(&keys.session.token(token)).await
            {
                // As where the store fails at the present one: nobody is signed in by either.
                if let Err(error) = self.store.end(&digest).await {
                    error.log("ending a session that came to nothing");
                }
                return Err(error);
            }
        }
        Ok(Some(OpenedSession { token, csrf, handle, is_remembered: opening.is_remembered }))
    }

    /// Who is signed in with this token, if anybody.
    ///
    /// Prolongs the session, at most once a minute. Where the account was disabled, by whatever
    /// means, all that it has ends: enabling it again does not bring anything back.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn authenticate(&self, token: &Token) -> Result<Option<Visit<U>>, StoreError> {
        let now = self.clock.now();
        for keys in self.keys.all() {
            let digest = keys.session.token(token);
            let Some(live) = self.store.find(&digest, now).await? else { continue };
            if !live.account.is_active() {
                let account = live.account.user.id();
                info!(%account, "session refused, and all there is ended: account disabled");
                self.store.end_all_of_disabled(account, now).await?;
                return Ok(None);
            }
            let session = &live.session;
            let ends_at = end_of(session.created_at, session.ends_at, self.config.absolute);
            if ends_at.is_some_and(|ends_at| ends_at <= now) {
                self.store.end(&digest).await?;
                return Ok(None);
            }
            let has_slid = now - session.last_activity_at >= self.config.slide_every();
            if has_slid {
                let expires_at = self.config.expiry(session.is_remembered, ends_at, now);
                // Not worth refusing anybody for: the session is live, and the next request tries
                // again.
                if let Err(error) = self.store.slide(&digest, now, expires_at).await {
                    error.log("prolonging a session");
                }
            }
            return Ok(Some(Visit {
                account: live.account,
                session: live.session,
                digest,
                has_slid,
            }));
        }
        Ok(None)
    }

    /// Whether `sent` is the session's CSRF token.
    #[must_use]
    pub fn is_csrf_token(&self, visit: &Visit<U>, sent: &str) -> bool {
        let Some(token) = Token::parse(sent) else { return false };
        self.keys.all().any(|keys| keys.csrf.token(&token) == visit.session.csrf)
    }

    /// Makes a new CSRF token for the session; the old one dies. `None` if the session ended, or
    /// got another one, meanwhile.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn renew_csrf_token(&self, visit: &Visit<U>) -> Result<Option<Token>, StoreError> {
        let token = Token::generate(&*self.entropy);
        let digest = self.keys.current().csrf.token(&token);
        let is_ours = self.store.replace_csrf(visit.digest(), &visit.session.csrf, &digest).await?;
        Ok(is_ours.then_some(token))
    }

    /// The live sessions of the visitor's account, the latest active first. An administrator asks
    /// [as the app](Visitor::as_app): none is current then.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn list(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
    ) -> Result<Vec<ListedSession>, OwnerError> {
        let visitor = visitor.into();
        let entries = self.store.list(visitor.owned()?, self.clock.now()).await?;
        let listed = |entry: SessionEntry| ListedSession {
            is_current: visitor.session.is_some_and(|visit| entry.handle == visit.session.handle),
            handle: entry.handle,
            device: Device::from_user_agent(entry.user_agent.as_deref()),
            client: entry.client,
            created_at: entry.created_at,
            last_activity_at: entry.last_activity_at,
        };
        Ok(entries.into_iter().map(listed).collect())
    }

    /// Ends this session.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sign_out(&self, visit: &Visit<U>) -> Result<(), StoreError> {
        self.store.end(visit.digest()).await?;
        info!(account = %visit.account.user.id(), "signed out");
        Ok(())
    }

    /// Ends the session of that name, if it is the visitor's own. Answers whether there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
        handle: &str,
    ) -> Result<bool, OwnerError> {
        let visitor = visitor.into();
        let account = visitor.owned()?;
        if !Digest::is_handle(handle) {
            return Ok(false);
        }
        let revoked = self.store.revoke(account, handle, self.clock.now()).await?;
        if !revoked {
            self.stands(&visitor).await?;
        }
        info!(account = %account.user.id(), revoked, "session revoked");
        Ok(revoked)
    }

    /// Ends the sessions of the visitor's account, this one too unless it is kept, and tells how
    /// many.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_all(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
        keep: Keep,
    ) -> Result<u64, OwnerError> {
        let visitor = visitor.into();
        let account = visitor.owned()?;
        let kept = match keep {
            Keep::Current => visitor.session.map(Visit::digest),
            Keep::None => None,
        };
        let revoked = self.store.revoke_all_but(account, kept, self.clock.now()).await?;
        if revoked == 0 {
            self.stands(&visitor).await?;
        }
        info!(account = %account.user.id(), revoked, "signed out everywhere");
        Ok(revoked)
    }

    /// Nothing was there to be ended; but where the session that asks is gone as well, somebody has
    /// changed the password meanwhile, and theirs is there.
    async fn stands(&self, visitor: &Visitor<'_, U>) -> Result<(), OwnerError> {
        let Some(visit) = visitor.session else { return Ok(()) };
        match self.store.find(visit.digest(), self.clock.now()).await? {
            Some(_) => Ok(()),
            None => Err(OwnerError::Ended),
        }
    }
}

/// What stays when everything is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// The session that asks.
    Current,
    /// Nothing.
    None,
}

/// As much of a user agent as is stored.
pub(crate) fn kept_user_agent(agent: Option<String>) -> Option<String> {
    agent.map(|agent| agent.chars().take(USER_AGENT_CHARS).collect())
}

impl<U: AuthUser> std::fmt::Debug for Sessions<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("config", &self.config).finish_non_exhaustive()
    }
}
