//! Sessions in a table of their own beside the user's.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, Digest};
use crate::ports::{
    LiveSession, LockRule, NewSession, Opened, SessionEntry, SessionRecord, SessionStore,
    StoreError,
};
use crate::sql::owned::{all_of, one_of, unless_locked};
use crate::sql::statements::Sql;
use crate::sql::store::{instant, millis};
use crate::sql::{AuthRow, Backend, Call, ColumnSpec, SqlStore, Stores, TableSpec, rows};

/// Sessions.
pub const TABLE: TableSpec = TableSpec::new(
    "sessions",
    "digest",
    &[
        ColumnSpec::text("handle", 64),
        ColumnSpec::owner(),
        ColumnSpec::digest("csrf_digest"),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::text("ip", 45).nullable(),
        ColumnSpec::text("user_agent", 512).nullable(),
        ColumnSpec::flag("is_remembered"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("last_activity_at"),
        ColumnSpec::expiry(),
        ColumnSpec::instant("ends_at").nullable(),
    ],
);

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SessionStore<U> for SqlStore<DB, U> {
    async fn find(
        &self,
        digest: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveSession<U>>, StoreError> {
        let call = || Call::new(Sql::<DB, U>::SESSION).with(digest.to_vec()).with(millis(now));
        let Some(row) = self.row(call).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let at = rows::after_account::<U>();
        let csrf: Vec<u8> = rows::take::<DB, _>(&row, at + 1)?;
        let ends_at: Option<i64> = rows::take::<DB, _>(&row, at + 5)?;
        let session = SessionRecord {
            handle: rows::take::<DB, _>(&row, at)?,
            csrf: Digest::from_bytes(&csrf)
                .ok_or_else(|| sqlx::Error::Decode("a CSRF digest has 32 bytes".into()))?,
            is_remembered: rows::take::<DB, _>(&row, at + 2)?,
            created_at: instant(rows::take::<DB, _>(&row, at + 3)?),
            last_activity_at: instant(rows::take::<DB, _>(&row, at + 4)?),
            ends_at: ends_at.map(instant),
        };
        Ok(Some(LiveSession { session, account }))
    }

    async fn open(
        &self,
        session: NewSession<U::Id>,
        unless: &[Digest],
        rule: &LockRule,
        replaced: Option<&Digest>,
        cap: u32,
    ) -> Result<Opened, StoreError> {
        let opening = || Self::opening(&session, unless, rule);
        if self.execute(opening).await? == 0 {
            return Ok(Opened::Refused);
        }
        // Not one transaction with the insert, and need not be: each sign-in deletes after it has
        // inserted, so the last of several at once sees them all, and the cap holds.
        let capped = self.execute(|| Self::capping(&session, replaced, cap)).await;
        if let Err(error) = capped {
            // Who is told that they are not signed in is not, nor is anybody by what they had before.
            if let Err(error) = self.end(&session.digest).await {
                error.log("ending a session that came to nothing");
            }
            return Err(error);
        }
        Ok(Opened::Done)
    }

    async fn slide(
        &self,
        digest: &Digest,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let call = || {
            Call::new(Sql::<DB, U>::SLIDE)
                .with(millis(now))
                .with(millis(expires_at))
                .with(digest.to_vec())
                .with(millis(now))
        };
        self.execute(call).await?;
        Ok(())
    }

    async fn replace_csrf(
        &self,
        digest: &Digest,
        old: &Digest,
        new: &Digest,
    ) -> Result<bool, StoreError> {
        let call = || {
            Call::new(Sql::<DB, U>::REPLACE_CSRF)
                .with(new.to_vec())
                .with(digest.to_vec())
                .with(old.to_vec())
        };
        Ok(self.execute(call).await? == 1)
    }

    async fn list(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionEntry>, StoreError> {
        let call = || all_of(Sql::<DB, U>::LIST_SESSIONS, account, now);
        let found = self.rows(call).await?;
        let entry = |row: &DB::Row| -> Result<SessionEntry, sqlx::Error> {
            Ok(SessionEntry {
                handle: rows::take::<DB, _>(row, 0)?,
                client: rows::take::<DB, _>(row, 1)?,
                user_agent: rows::take::<DB, _>(row, 2)?,
                created_at: instant(rows::take::<DB, _>(row, 3)?),
                last_activity_at: instant(rows::take::<DB, _>(row, 4)?),
            })
        };
        Ok(found.iter().map(entry).collect::<Result<_, _>>()?)
    }

    async fn end(&self, digest: &Digest) -> Result<(), StoreError> {
        self.execute(|| Call::new(Sql::<DB, U>::END_SESSION).with(digest.to_vec())).await?;
        Ok(())
    }

    async fn revoke(
        &self,
        account: &Account<U>,
        handle: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let call = || one_of(Sql::<DB, U>::REVOKE_SESSION, account, handle.to_owned(), now);
        Ok(self.execute(call).await? > 0)
    }

    async fn revoke_all_but(
        &self,
        account: &Account<U>,
        kept: Option<&Digest>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let call = || {
            one_of(
                Sql::<DB, U>::REVOKE_SESSIONS,
                account,
                kept.map_or_else(Vec::new, |digest| digest.to_vec()),
                now,
            )
        };
        self.execute(call).await
    }

    async fn purge_sessions(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.purge(Sql::<DB, U>::PURGE_SESSIONS, now, limit).await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    fn opening(session: &NewSession<U::Id>, unless: &[Digest], rule: &LockRule) -> Call<DB> {
        let now = millis(session.created_at);
        let call = Call::new(Sql::<DB, U>::OPEN_SESSION)
            .with(session.digest.to_vec())
            .with(session.handle.clone())
            .with(session.csrf.to_vec())
            .with(session.client.map(|client| client.to_string()))
            .with(session.user_agent.clone())
            .with(session.is_remembered)
            .with(now)
            .with(now)
            .with(millis(session.expires_at))
            .with(session.ends_at.map(millis))
            .with(session.account.clone())
            .with(session.version)
            .with(session.epoch);
        unless_locked(call, unless, rule, session.created_at)
    }

    /// Keeps the new session and the account's most recently active ones beside it. Sessions of a
    /// later version, opened after the password has changed, are none of this sign-in's business.
    fn capping(session: &NewSession<U::Id>, replaced: Option<&Digest>, cap: u32) -> Call<DB> {
        Call::new(Sql::<DB, U>::CAP_SESSIONS)
            .with(replaced.map_or_else(Vec::new, |digest| digest.to_vec()))
            .with(session.account.clone())
            .with(session.digest.to_vec())
            .with(session.version)
            .with(session.account.clone())
            .with(session.digest.to_vec())
            .with(millis(session.created_at))
            .with(session.version)
            .with(session.epoch)
            .with(i64::from(cap.saturating_sub(1)))
    }
}
