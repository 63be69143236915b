//! Creates API keys: for an owner who signed in recently, or for the application.

use std::time::Duration;

use tracing::warn;

use super::store::{Inserted, NewApiKeyRecord};
use super::{ApiKey, ApiKeyConfig, ApiKeyEntry, ApiKeyError, ApiKeys, NewApiKey};
use crate::event::EventKind;
use crate::model::{AuthUser, FieldError, FieldErrorKind, Scopes, is_invisible};
use crate::notify::MessageKind;
use crate::principal::Principal;

/// Longest name of a key.
const NAME_CHARS: usize = 64;

/// A key that was just created.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedApiKey {
    /// The secret, to be shown to its owner and forgotten.
    pub secret: ApiKey,
    /// The key as lists show it.
    pub key: ApiKeyEntry,
}

impl<U: AuthUser> ApiKeys<U> {
    /// Creates a key with those of the requested scopes that the account gets. The owner gets a
    /// notice.
    ///
    /// An owner must have signed in [recently](ApiKeyConfig::max_sign_in_age), by a session or a
    /// token that is still valid when the key is stored. A token cannot create a key with a scope
    /// beyond its own. The [application](Principal::application) may create any key.
    ///
    /// # Errors
    /// [`ApiKeyError`]; nothing is stored then.
    pub async fn create(
        &self,
        principal: &Principal<U>,
        new: &NewApiKey,
    ) -> Result<CreatedApiKey, ApiKeyError> {
        self.check_creator(principal)?;
        let account = principal.account();
        let (name, lifetime) = self.validate(new).map_err(ApiKeyError::Invalid)?;
        let scopes = self.scopes_of(principal, &new.scopes).await?;
        let now = self.kit.now();
        let secret = ApiKey::generate(&self.config.prefix);
        let digest = secret.digest();
        let key = ApiKeyEntry {
            handle: digest.handle(),
            name,
            hint: secret.hint(),
            scopes,
            created_at: now,
            last_used_at: None,
            expires_at: lifetime.map(|lifetime| now + lifetime),
        };
        let record = NewApiKeyRecord {
            digest,
            account: account.user.id().clone(),
            state: account.state(),
            entry: key.clone(),
            others_ended: self.config.max_lifetime.map(|lifetime| now - lifetime),
        };
        let event =
            self.kit.event(EventKind::ApiKeyCreated).account(account).credential(&key.handle);
        let (event, inserted) =
            self.kit.recording_some(event, self.insert(record, principal)).await;
        if let Err(error) = inserted {
            // Nobody has seen the secret. An insert whose answer was lost may have stored the key.
            if let Err(error) = self.store.remove(&digest).await {
                error.log("removing an API key that was not created");
            }
            if event.is_recorded() {
                let event = self.kit.event(EventKind::ApiKeyRevoked).account(account);
                self.kit.emit(event.credential(&key.handle));
            }
            return Err(error);
        }
        self.kit.emit(event);
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(MessageKind::ApiKeyMade, account);
        }
        Ok(CreatedApiKey { secret, key })
    }

    async fn insert(
        &self,
        record: NewApiKeyRecord<U::Id>,
        principal: &Principal<U>,
    ) -> Result<(), ApiKeyError> {
        match self.store.insert(record, self.config.max_keys).await? {
            // Only now: a creator that is revoked before this check leaves no key.
            Inserted::Done => Ok(self.callers.check(principal).await?),
            Inserted::TooMany => Err(ApiKeyError::TooMany { max: self.config.max_keys }),
            Inserted::AccountChanged => Err(ApiKeyError::Ended),
        }
    }

    /// Returns an error unless the principal may create keys at all.
    ///
    /// # Errors
    /// [`ApiKeyError::NotOwner`], [`ApiKeyError::NotFresh`].
    pub fn check_creator(&self, principal: &Principal<U>) -> Result<(), ApiKeyError> {
        principal.owned_account().map_err(|_| ApiKeyError::NotOwner)?;
        // A found token, or an open browser, works for a while; a key made with it would last.
        Ok(principal.check_fresh(self.config.max_sign_in_age, self.kit.now())?)
    }

    async fn scopes_of(
        &self,
        principal: &Principal<U>,
        requested: &Scopes,
    ) -> Result<Scopes, ApiKeyError> {
        if !requested.is_empty() && self.config.grantable_scopes.is_empty() {
            warn!("scopes requested but none is grantable: set `ApiKeyConfig::grantable_scopes`");
        }
        let allowed = match principal.scope_limit() {
            Some(own) => requested.intersection(own),
            None => requested.clone(),
        };
        Ok(self.effective_scopes(principal.account(), &allowed).await?)
    }

    /// The name as it is stored, and the lifetime.
    fn validate(&self, new: &NewApiKey) -> Result<(String, Option<Duration>), Vec<FieldError>> {
        let mut mistakes = Vec::new();
        let name = new.name.trim();
        if name.is_empty() {
            let message = "String should have at least 1 character";
            mistakes.push(FieldError::new("name", FieldErrorKind::TooShort { min: 1 }, message));
        } else if name.chars().count() > NAME_CHARS {
            mistakes.push(FieldError::too_long("name", NAME_CHARS));
        } else if name.chars().any(|c| c != ' ' && (c.is_whitespace() || is_invisible(c))) {
            let message = "value contains an invisible character";
            mistakes.push(FieldError::new("name", FieldErrorKind::Value, message));
        }
        let max = self.config.max_lifetime.unwrap_or(crate::clock::LONGEST);
        let allowed = ApiKeyConfig::MIN_LIFETIME..=max;
        if new.lifetime.is_some_and(|lifetime| !allowed.contains(&lifetime)) {
            let message = format!("value must be 60 to {} seconds", max.as_secs());
            mistakes.push(FieldError::new("expires_in", FieldErrorKind::Value, message));
        }
        if mistakes.is_empty() {
            Ok((name.to_owned(), new.lifetime.or(self.config.max_lifetime)))
        } else {
            Err(mistakes)
        }
    }
}
