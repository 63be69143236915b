//! Recognising: who a request with a key comes from.

use chrono::TimeDelta;
use tracing::{info, warn};

use super::{ApiKey, ApiKeys};
use crate::model::{Account, AuthUser, Presented, Scopes};
use crate::ports::{ApiKeyEntry, StoreError};

/// A use is recorded no more often than this: a write at every request would cost more than the
/// request.
const TOUCH_EVERY: TimeDelta = TimeDelta::seconds(60);

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
}
