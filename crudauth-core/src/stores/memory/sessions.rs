//! Sessions in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{MemoryStore, remove_expired};
use crate::model::{AccountState, AuthUser, CsrfDigest, SessionDigest};
use crate::slices::sessions::store::{Session, SessionStore};
use crate::store_error::StoreError;
use crate::stores::recency;

/// The table of the accounts and the digest: one store serves several user structs.
type Key = (&'static str, [u8; 32]);

/// The key of the account is kept as JSON, since its type differs between user structs.
pub(super) type Sessions = HashMap<Key, Session<String>>;

fn key<U: AuthUser>(digest: &SessionDigest) -> Key {
    (U::SHAPE.table, *digest.as_bytes())
}

fn account_text<U: AuthUser>(account: &U::Id) -> Result<String, StoreError> {
    serde_json::to_string(account).map_err(StoreError::failed)
}

fn typed<U: AuthUser>(session: &Session<String>) -> Result<Session<U::Id>, StoreError> {
    let account = serde_json::from_str(&session.account).map_err(StoreError::failed)?;
    Ok(with_account(session.clone(), account))
}

fn with_account<From, To>(session: Session<From>, account: To) -> Session<To> {
    Session {
        digest: session.digest,
        account,
        state: session.state,
        csrf: session.csrf,
        client: session.client,
        user_agent: session.user_agent,
        is_remembered: session.is_remembered,
        created_at: session.created_at,
        last_activity_at: session.last_activity_at,
        expires_at: session.expires_at,
        ends_at: session.ends_at,
        proofs: session.proofs,
        impersonator: session.impersonator,
    }
}

#[async_trait]
impl<U: AuthUser> SessionStore<U> for MemoryStore {
    async fn insert(&self, session: Session<U::Id>, max: u32) -> Result<(), StoreError> {
        let now = session.created_at;
        let new = key::<U>(&session.digest);
        let account = account_text::<U>(&session.account)?;
        let mut state = self.lock();
        let mut others: Vec<_> = state
            .sessions
            .iter()
            .filter(|(key, other)| {
                key.0 == new.0 && **key != new && other.account == account && other.expires_at > now
            })
            .map(|(key, other)| (recency(other), *key))
            .collect();
        others.sort_unstable();
        let kept = max.saturating_sub(1) as usize;
        for (_, key) in others.into_iter().skip(kept) {
            state.sessions.remove(&key);
        }
        state.sessions.insert(new, with_account(session, account));
        Ok(())
    }

    async fn find(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Session<U::Id>>, StoreError> {
        let state = self.lock();
        let session = state.sessions.get(&key::<U>(digest));
        session.filter(|session| session.expires_at > now).map(typed::<U>).transpose()
    }

    async fn list(
        &self,
        account: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session<U::Id>>, StoreError> {
        let account = account_text::<U>(account)?;
        let state = self.lock();
        let mut sessions: Vec<_> = state
            .sessions
            .iter()
            .filter(|(key, session)| {
                key.0 == U::SHAPE.table && session.account == account && session.expires_at > now
            })
            .map(|(_, session)| typed::<U>(session))
            .collect::<Result<_, _>>()?;
        sessions.sort_unstable_by_key(recency);
        Ok(sessions)
    }

    async fn touch(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        if let Some(session) = state.sessions.get_mut(&key::<U>(digest))
            && session.expires_at > now
            && session.last_activity_at < now
        {
            session.last_activity_at = now;
            session.expires_at = expires_at;
        }
        Ok(())
    }

    async fn replace_csrf(
        &self,
        digest: &SessionDigest,
        old: &CsrfDigest,
        new: &CsrfDigest,
    ) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let session = state.sessions.get_mut(&key::<U>(digest));
        let Some(session) = session.filter(|session| session.csrf == *old) else {
            return Ok(false);
        };
        session.csrf = *new;
        Ok(true)
    }

    async fn rebind(
        &self,
        digest: &SessionDigest,
        account_state: AccountState,
    ) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let Some(session) = state.sessions.get_mut(&key::<U>(digest)) else { return Ok(false) };
        session.state = account_state;
        Ok(true)
    }

    async fn remove(&self, digest: &SessionDigest) -> Result<bool, StoreError> {
        Ok(self.lock().sessions.remove(&key::<U>(digest)).is_some())
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        Ok(remove_expired(&mut self.lock().sessions, limit.into(), |key, session| {
            key.0 == U::SHAPE.table && session.expires_at <= now
        }))
    }
}
