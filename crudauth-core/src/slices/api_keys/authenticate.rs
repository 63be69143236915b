//! Checks the API key of a request.

use chrono::TimeDelta;

use super::{ApiKey, ApiKeys};
use crate::event::EventKind;
use crate::model::{AuthUser, Checked};
use crate::principal::{AuthMethod, Principal};
use crate::store_error::StoreError;

/// A use is recorded no more often than this: a write at every request would cost more than the
/// request.
const TOUCH_INTERVAL: TimeDelta = TimeDelta::seconds(60);

impl<U: AuthUser> ApiKeys<U> {
    /// Returns the principal of an API key: one query, and one write a minute to record the use.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn authenticate(&self, text: &str) -> Result<Checked<Principal<U>>, StoreError> {
        let Some(secret) = ApiKey::parse(text) else { return Ok(Checked::Malformed) };
        let now = self.kit.now();
        let digest = secret.digest();
        let found = self.store.find(&digest, now).await?;
        let Some((key, state, account)) = found else {
            self.kit.emit(self.kit.event(EventKind::ApiKeyRejected));
            return Ok(Checked::Expired);
        };
        if state != account.state() {
            return Ok(Checked::Expired);
        }
        if self.end_of(&key).is_some_and(|ends_at| ends_at <= now) {
            self.store.remove(&digest).await?;
            return Ok(Checked::Expired);
        }
        if !account.is_active() {
            self.kit.revoke_disabled(&account).await?;
            return Ok(Checked::Expired);
        }
        let before = now - TOUCH_INTERVAL;
        if key.last_used_at.is_none_or(|used_at| used_at <= before) {
            // The key is valid all the same, and the next request tries again.
            if let Err(error) = self.store.touch(&digest, now, before).await {
                error.log("recording the use of an API key");
            }
        }
        let scopes = self.effective_scopes(&account, &key.scopes).await?;
        let principal = Principal::new(account).by_method(AuthMethod::ApiKey);
        Ok(Checked::Valid(principal.with_scopes(scopes).with_handle(key.handle.to_string())))
    }
}
