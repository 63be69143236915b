//! Sessions in Redis.
//!
//! | key | value |
//! | --- | --- |
//! | `{prefix}:{table}:session:{digest}` | the record of a session |
//! | `{prefix}:{table}:sessions:{account}` | digests of the account's sessions by their expiry |
//!
//! The index of an account is written before the record and outlives it, so that each live session
//! is listed. A digest without a record belongs to no session; it leaves the index when it expires.
//! A digest that is about to be deleted is in the index a second time, with a mark before it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use redis::cmd;

use super::link::NO_ARGUMENTS;
use super::record::{self, CSRF, STATE};
use super::{RedisStore, SLACK, millis, time_to_live};
use crate::model::{AccountState, AuthUser, CsrfDigest, SessionDigest};
use crate::slices::sessions::store::{Session, SessionStore};
use crate::store_error::StoreError;
use crate::stores::recency;

/// Adds a digest to an index, or moves its expiry ahead, and drops expired ones. An index expires
/// with its last session.
const ADD_TO_INDEX: &str = "
    local digest, expires_at, now, slack = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
    local old = redis.call('ZSCORE', KEYS[1], digest)
    if not old or tonumber(old) < tonumber(expires_at) then
        redis.call('ZADD', KEYS[1], expires_at, digest)
    end
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
    local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
    if last then
        redis.call('PEXPIRE', KEYS[1], last - now + slack)
    end";

/// Marks those of the given sessions, the least recent first, that have to be deleted so that `max`
/// are left with the new one, and returns them. A session that is marked itself marks none: otherwise two insertions at
/// one moment could delete each other's session.
const MARK_BEYOND: &str = "
    local mark, own, max = ARGV[1], ARGV[2], tonumber(ARGV[3])
    if not redis.call('ZSCORE', KEYS[1], own) or redis.call('ZSCORE', KEYS[1], mark .. own) then
        return {}
    end
    local live = {}
    for at = 4, #ARGV do
        local digest = ARGV[at]
        local score = redis.call('ZSCORE', KEYS[1], digest)
        if score and not redis.call('ZSCORE', KEYS[1], mark .. digest) then
            live[#live + 1] = {digest, score}
        end
    end
    local marked = {}
    for at = 1, #live + 1 - max do
        redis.call('ZADD', KEYS[1], live[at][2], mark .. live[at][1])
        marked[at] = live[at][1]
    end
    return marked";

/// Before a digest in the index: the session is about to be deleted.
const MARK: &str = "deleted ";

/// The instants have the same number of digits, so they are compared as text.
const TOUCH: &str = "
    local times, now, time_to_live = ARGV[1], ARGV[1]:sub(1, 13), ARGV[2]
    local old = redis.call('GETRANGE', KEYS[1], 0, 25)
    if #old == 26 and old:sub(1, 13) < now and old:sub(14) > now then
        redis.call('SETRANGE', KEYS[1], 0, times)
        redis.call('PEXPIRE', KEYS[1], time_to_live)
    end";

/// Replaces bytes of a record if they are the expected ones.
const REPLACE: &str = "
    local offset, old, new = ARGV[1], ARGV[2], ARGV[3]
    if redis.call('GETRANGE', KEYS[1], offset, offset + #old - 1) ~= old then
        return 0
    end
    redis.call('SETRANGE', KEYS[1], offset, new)
    return 1";

const OVERWRITE: &str = "
    local offset, new = ARGV[1], ARGV[2]
    if redis.call('EXISTS', KEYS[1]) == 0 then
        return 0
    end
    redis.call('SETRANGE', KEYS[1], offset, new)
    return 1";

/// Returns the value to one caller. `GETDEL` would do, but needs Redis 6.2.
pub(super) const TAKE: &str = "
    local value = redis.call('GET', KEYS[1])
    if value then
        redis.call('DEL', KEYS[1])
    end
    return value";

#[async_trait]
impl<U: AuthUser> SessionStore<U> for RedisStore {
    async fn insert(&self, session: Session<U::Id>, max: u32) -> Result<(), StoreError> {
        let now = session.created_at;
        self.add_to_index::<U>(&session, session.expires_at, now).await?;
        let set = cmd("SET")
            .arg(self.session_key::<U>(&session.digest))
            .arg(record::encode(&session)?)
            .arg("PX")
            .arg(time_to_live(session.expires_at, now))
            .to_owned();
        self.0.link.call::<()>(&set).await?;
        // Only now, so that the last of several calls at once sees the records of all.
        let result = self.delete_beyond::<U>(&session, max).await;
        if result.is_err()
            && let Err(error) = SessionStore::<U>::remove(self, &session.digest).await
        {
            error.log("deleting a session whose insertion failed");
        }
        result
    }

    async fn find(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Session<U::Id>>, StoreError> {
        let get = cmd("GET").arg(self.session_key::<U>(digest)).to_owned();
        let Some(record) = self.0.link.call::<Option<Vec<u8>>>(&get).await? else {
            return Ok(None);
        };
        let session: Session<U::Id> = record::decode(*digest, &record)?;
        Ok((session.expires_at > now).then_some(session))
    }

    async fn list(
        &self,
        account: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session<U::Id>>, StoreError> {
        let digests = self.indexed::<U>(account, now).await?;
        self.live_sessions::<U>(&digests, account, now).await
    }

    async fn touch(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let found = SessionStore::<U>::find(self, digest, now).await?;
        let Some(session) = found.filter(|session| session.last_activity_at < now) else {
            return Ok(());
        };
        self.add_to_index::<U>(&session, expires_at, now).await?;
        let arguments = (record::times(now, expires_at), time_to_live(expires_at, now));
        self.0.link.eval(TOUCH, &self.session_key::<U>(digest), arguments).await
    }

    async fn replace_csrf(
        &self,
        digest: &SessionDigest,
        old: &CsrfDigest,
        new: &CsrfDigest,
    ) -> Result<bool, StoreError> {
        let arguments = (CSRF, &old.as_bytes()[..], &new.as_bytes()[..]);
        self.0.link.eval(REPLACE, &self.session_key::<U>(digest), arguments).await
    }

    async fn rebind(
        &self,
        digest: &SessionDigest,
        state: AccountState,
    ) -> Result<bool, StoreError> {
        let arguments = (STATE, &record::encode_state(state)[..]);
        self.0.link.eval(OVERWRITE, &self.session_key::<U>(digest), arguments).await
    }

    async fn remove(&self, digest: &SessionDigest) -> Result<bool, StoreError> {
        let key = self.session_key::<U>(digest);
        let removed: Option<Vec<u8>> = self.0.link.eval(TAKE, &key, NO_ARGUMENTS).await?;
        let Some(record) = removed else { return Ok(false) };
        if let Err(error) = self.remove_from_index::<U>(digest, &record).await {
            // The session is gone, and its digest leaves the index by itself.
            error.log("removing a session from its account's index");
        }
        Ok(true)
    }

    async fn purge(&self, _now: DateTime<Utc>, _limit: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}

impl RedisStore {
    fn session_key<U: AuthUser>(&self, digest: &SessionDigest) -> String {
        self.key(&format!("{}:session", U::SHAPE.table), digest.as_bytes())
    }

    fn index_key<U: AuthUser>(&self, account: &U::Id) -> Result<String, StoreError> {
        let account = serde_json::to_string(account).map_err(StoreError::failed)?;
        Ok(format!("{}:{}:sessions:{account}", self.0.prefix, U::SHAPE.table))
    }

    async fn add_to_index<U: AuthUser>(
        &self,
        session: &Session<U::Id>,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let key = self.index_key::<U>(&session.account)?;
        let digest = &session.digest.as_bytes()[..];
        let arguments = (digest, millis(expires_at), millis(now), SLACK);
        self.0.link.eval(ADD_TO_INDEX, &key, arguments).await
    }

    async fn remove_from_index<U: AuthUser>(
        &self,
        digest: &SessionDigest,
        record: &[u8],
    ) -> Result<(), StoreError> {
        let session: Session<U::Id> = record::decode(*digest, record)?;
        let key = self.index_key::<U>(&session.account)?;
        let mark = [MARK.as_bytes(), digest.as_bytes()].concat();
        let remove = cmd("ZREM").arg(key).arg(digest.as_bytes()).arg(mark).to_owned();
        self.0.link.call(&remove).await
    }

    /// The digests in the index of an account, some of which may have no session.
    async fn indexed<U: AuthUser>(
        &self,
        account: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionDigest>, StoreError> {
        let key = self.index_key::<U>(account)?;
        let after = format!("({}", millis(now));
        let range = cmd("ZRANGEBYSCORE").arg(key).arg(after).arg("+inf").to_owned();
        let digests: Vec<Vec<u8>> = self.0.link.call(&range).await?;
        Ok(digests.iter().filter_map(|digest| SessionDigest::from_bytes(digest)).collect())
    }

    /// Those that are sessions of the account, the most recently active first.
    async fn live_sessions<U: AuthUser>(
        &self,
        digests: &[SessionDigest],
        account: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session<U::Id>>, StoreError> {
        let finds = digests.iter().map(|digest| SessionStore::<U>::find(self, digest, now));
        let found = try_join_all(finds).await?;
        let mut sessions: Vec<_> =
            found.into_iter().flatten().filter(|session| session.account == *account).collect();
        sessions.sort_unstable_by_key(recency);
        Ok(sessions)
    }

    /// Deletes the least recently active sessions beside the new one, so that `max` are left.
    async fn delete_beyond<U: AuthUser>(
        &self,
        new: &Session<U::Id>,
        max: u32,
    ) -> Result<(), StoreError> {
        let max = max as usize;
        let digests = self.indexed::<U>(&new.account, new.created_at).await?;
        if digests.len() <= max {
            return Ok(());
        }
        let sessions = self.live_sessions::<U>(&digests, &new.account, new.created_at).await?;
        let others = sessions.iter().rev().filter(|session| session.digest != new.digest);
        let others: Vec<_> = others.map(|session| &session.digest.as_bytes()[..]).collect();
        let own = &new.digest.as_bytes()[..];
        let arguments = (MARK, own, max.max(1), others);
        let key = self.index_key::<U>(&new.account)?;
        let marked: Vec<Vec<u8>> = self.0.link.eval(MARK_BEYOND, &key, arguments).await?;
        let marked: Vec<_> =
            marked.iter().filter_map(|digest| SessionDigest::from_bytes(digest)).collect();
        let removals = marked.iter().map(|digest| SessionStore::<U>::remove(self, digest));
        try_join_all(removals).await?;
        Ok(())
    }
}
