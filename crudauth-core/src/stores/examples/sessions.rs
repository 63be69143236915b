use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use crudauth_core::StoreError;
use crudauth_core::model::{AccountState, AuthUser, CsrfDigest, SessionDigest};
use crudauth_core::slices::sessions::store::{Session, SessionStore};

/// Keeps sessions in a map. The lock makes each verb atomic.
struct Sessions<U: AuthUser>(Mutex<HashMap<[u8; 32], Session<U::Id>>>);

impl<U: AuthUser> Sessions<U> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

#[async_trait]
impl<U: AuthUser> SessionStore<U> for Sessions<U> {
    async fn insert(&self, session: Session<U::Id>, max: u32) -> Result<(), StoreError> {
        // Under one lock, or two calls at once could delete each other's session.
        let mut sessions = self.0.lock().unwrap();
        let now = session.created_at;
        let others = sessions.values().filter(|one| one.account == session.account);
        let mut others: Vec<_> = others.filter(|one| one.expires_at > now).cloned().collect();
        others.sort_by_key(|one| (Reverse(one.last_activity_at), Reverse(one.created_at)));
        for old in others.iter().skip(max as usize - 1) {
            sessions.remove(old.digest.as_bytes());
        }
        sessions.insert(*session.digest.as_bytes(), session);
        Ok(())
    }

    async fn find(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Session<U::Id>>, StoreError> {
        let sessions = self.0.lock().unwrap();
        Ok(sessions.get(digest.as_bytes()).filter(|found| found.expires_at > now).cloned())
    }

    async fn list(
        &self,
        account: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session<U::Id>>, StoreError> {
        let sessions = self.0.lock().unwrap();
        let live = sessions.values().filter(|one| one.account == *account && one.expires_at > now);
        let mut live: Vec<_> = live.cloned().collect();
        live.sort_by_key(|one| (Reverse(one.last_activity_at), Reverse(one.created_at)));
        Ok(live)
    }

    async fn touch(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut sessions = self.0.lock().unwrap();
        if let Some(session) = sessions.get_mut(digest.as_bytes())
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
        let mut sessions = self.0.lock().unwrap();
        let session = sessions.get_mut(digest.as_bytes());
        let Some(session) = session.filter(|session| session.csrf == *old) else {
            return Ok(false);
        };
        session.csrf = *new;
        Ok(true)
    }

    async fn rebind(
        &self,
        digest: &SessionDigest,
        state: AccountState,
    ) -> Result<bool, StoreError> {
        let mut sessions = self.0.lock().unwrap();
        let Some(session) = sessions.get_mut(digest.as_bytes()) else { return Ok(false) };
        session.state = state;
        Ok(true)
    }

    async fn remove(&self, digest: &SessionDigest) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().remove(digest.as_bytes()).is_some())
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let mut sessions = self.0.lock().unwrap();
        let expired = sessions.iter().filter(|(_, session)| session.expires_at <= now);
        let expired: Vec<_> = expired.map(|(digest, _)| *digest).take(limit as usize).collect();
        for digest in &expired {
            sessions.remove(digest);
        }
        Ok(expired.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use crudauth_core::stores::suite::Person;

    use super::Sessions;

    async fn make() -> Sessions<Person> {
        Sessions::new()
    }

    // As `crudauth::testing::store_suite` in an app.
    crudauth_core::store_suite!(sessions: make);
}
