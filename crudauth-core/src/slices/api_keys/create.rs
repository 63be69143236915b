//! Making: by an owner who has signed in just now, or by the app.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::{ApiKey, ApiKeyConfig, ApiKeyError, ApiKeys, WantedKey};
use crate::model::{AuthUser, Mistake, Rule, Scopes, is_unseen};
use crate::ports::{AddedApiKey, ApiKeyEntry, NewApiKey};
use crate::slices::sessions::{Standing, Visitor, is_recent};

/// How many characters a name may have.
const NAME_CHARS: usize = 64;

/// A key that was just made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedApiKey {
    /// The secret, to be shown to its owner and forgotten.
    pub secret: ApiKey,
    /// The key as lists show it.
    pub key: ApiKeyEntry,
}

impl<U: AuthUser> ApiKeys<U> {
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
            others_ended: self.config.max_lifetime.map(|longest| now - longest),
        };
        match self.store.add_api_key(stored, self.config.max_keys).await? {
            AddedApiKey::Done => {
                info!(account = %account.user.id(), api_key = key.handle, "API key made");
                if let Some(recovery) = &self.recovery {
                    recovery.tell_of_key(account).await;
                }
                Ok(CreatedApiKey { secret, key })
            }
            AddedApiKey::TooMany => Err(ApiKeyError::TooMany { cap: self.config.max_keys }),
            AddedApiKey::Refused => Err(ApiKeyError::Moved),
        }
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
        if !signed_in_at.is_some_and(|at| is_recent(at, self.config.max_sign_in_age, now)) {
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
        let longest = self.config.max_lifetime.unwrap_or(crate::ports::LONGEST);
        if lifetime.is_some_and(|it| !(ApiKeyConfig::SHORTEST..=longest).contains(&it)) {
            let message = format!("value must be 60 to {} seconds", longest.as_secs());
            mistakes.push(Mistake::new("expires_in", Rule::Value, message));
        }
        if mistakes.is_empty() {
            Ok((name.to_owned(), lifetime.or(self.config.max_lifetime)))
        } else {
            Err(mistakes)
        }
    }
}
