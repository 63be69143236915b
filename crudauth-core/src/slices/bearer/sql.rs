//! Grants of bearer tokens in a table of their own beside the user's.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, Digest, Scopes};
use crate::ports::{
    GrantEntry, GrantId, GrantRecord, GrantStore, LiveGrant, LockRule, NewGrant, Opened, Previous,
    Rotation, StoreError,
};
use crate::sql::owned::{all_of, one_of, unless_locked};
use crate::sql::statements::Sql;
use crate::sql::store::{instant, millis};
use crate::sql::{AuthRow, Backend, Call, ColumnSpec, SqlStore, Stores, TableSpec, rows};

/// Families of refresh tokens.
pub const TABLE: TableSpec = TableSpec::new(
    "token_families",
    "family",
    &[
        ColumnSpec::owner(),
        ColumnSpec::digest("token_digest"),
        ColumnSpec::digest("previous_digest").nullable(),
        ColumnSpec::bytes("successor", 32).nullable(),
        ColumnSpec::instant("rotated_at").nullable(),
        ColumnSpec::long_text("scopes"),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::text("ip", 45).nullable(),
        ColumnSpec::text("user_agent", 512).nullable(),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("last_used_at"),
        ColumnSpec::expiry(),
        ColumnSpec::instant("ends_at").nullable(),
    ],
);

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> GrantStore<U> for SqlStore<DB, U> {
    async fn find_grant(
        &self,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveGrant<U>>, StoreError> {
        let call = || Call::new(Sql::<DB, U>::GRANT).with(id.as_bytes().to_vec()).with(millis(now));
        let Some(row) = self.row(call).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let grant = record::<DB>(&row, rows::after_account::<U>())?;
        Ok(Some(LiveGrant { grant, account }))
    }

    async fn open_grant(
        &self,
        grant: NewGrant<U::Id>,
        unless: &[Digest],
        rule: &LockRule,
        cap: u32,
    ) -> Result<Opened, StoreError> {
        if self.execute(|| Self::granting(&grant, unless, rule)).await? == 0 {
            return Ok(Opened::Refused);
        }
        // As with sessions: each deletes after it has inserted, so the cap holds.
        if let Err(error) = self.execute(|| Self::capping_grants(&grant, cap)).await {
            error.log("ending grants beyond the cap");
        }
        Ok(Opened::Done)
    }

    async fn narrow_grant(&self, id: &GrantId, scopes: &Scopes) -> Result<(), StoreError> {
        let call = || {
            let call = Call::new(Sql::<DB, U>::NARROW_GRANT).with(scopes.to_string());
            call.with(id.as_bytes().to_vec())
        };
        self.execute(call).await?;
        Ok(())
    }

    async fn rotate_grant(&self, rotation: Rotation) -> Result<bool, StoreError> {
        let call = || {
            Call::new(Sql::<DB, U>::ROTATE_GRANT)
                .with(rotation.presented.to_vec())
                .with(rotation.sealed.clone())
                .with(millis(rotation.at))
                .with(rotation.successor.to_vec())
                .with(rotation.client.map(|client| client.to_string()))
                .with(rotation.user_agent.clone())
                .with(millis(rotation.at))
                .with(millis(rotation.expires_at))
                .with(rotation.id.as_bytes().to_vec())
                .with(rotation.presented.to_vec())
                .with(millis(rotation.at))
        };
        Ok(self.execute(call).await? == 1)
    }

    async fn end_grant(&self, id: &GrantId) -> Result<bool, StoreError> {
        let call = || Call::new(Sql::<DB, U>::END_GRANT).with(id.as_bytes().to_vec());
        Ok(self.execute(call).await? > 0)
    }

    async fn list_grants(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<GrantEntry>, StoreError> {
        let call = || all_of(Sql::<DB, U>::LIST_GRANTS, account, now);
        let found = self.rows(call).await?;
        let entry = |row: &DB::Row| -> Result<GrantEntry, sqlx::Error> {
            let id: Vec<u8> = rows::take::<DB, _>(row, 0)?;
            let scopes: String = rows::take::<DB, _>(row, 1)?;
            Ok(GrantEntry {
                id: GrantId::from_bytes(&id).ok_or_else(|| no_digest("a grant's name"))?,
                scopes: Scopes::parse(&scopes),
                client: rows::take::<DB, _>(row, 2)?,
                user_agent: rows::take::<DB, _>(row, 3)?,
                created_at: instant(rows::take::<DB, _>(row, 4)?),
                last_used_at: instant(rows::take::<DB, _>(row, 5)?),
                expires_at: instant(rows::take::<DB, _>(row, 6)?),
            })
        };
        Ok(found.iter().map(entry).collect::<Result<_, _>>()?)
    }

    async fn revoke_grant(
        &self,
        account: &Account<U>,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let call = || one_of(Sql::<DB, U>::REVOKE_GRANT, account, id.as_bytes().to_vec(), now);
        Ok(self.execute(call).await? > 0)
    }

    async fn revoke_grants(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let call = || all_of(Sql::<DB, U>::REVOKE_GRANTS, account, now);
        self.execute(call).await
    }

    async fn purge_grants(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.purge(Sql::<DB, U>::PURGE_GRANTS, now, limit).await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    fn granting(grant: &NewGrant<U::Id>, unless: &[Digest], rule: &LockRule) -> Call<DB> {
        let now = millis(grant.created_at);
        let call = Call::new(Sql::<DB, U>::OPEN_GRANT)
            .with(grant.id.as_bytes().to_vec())
            .with(grant.token.to_vec())
            .with(grant.scopes.to_string())
            .with(grant.client.map(|client| client.to_string()))
            .with(grant.user_agent.clone())
            .with(now)
            .with(now)
            .with(millis(grant.expires_at))
            .with(grant.ends_at.map(millis))
            .with(grant.account.clone())
            .with(grant.version)
            .with(grant.epoch);
        unless_locked(call, unless, rule, grant.created_at)
    }

    /// Keeps the new grant and the account's most recently used ones beside it.
    fn capping_grants(grant: &NewGrant<U::Id>, cap: u32) -> Call<DB> {
        Call::new(Sql::<DB, U>::CAP_GRANTS)
            .with(grant.account.clone())
            .with(grant.id.as_bytes().to_vec())
            .with(grant.version)
            .with(grant.account.clone())
            .with(grant.id.as_bytes().to_vec())
            .with(millis(grant.created_at))
            .with(grant.version)
            .with(grant.epoch)
            .with(i64::from(cap.saturating_sub(1)))
    }
}

/// Reads a grant from the columns that follow an account's, as `GRANT` lists them.
fn record<DB: Backend>(row: &DB::Row, at: usize) -> Result<GrantRecord, sqlx::Error> {
    let digest = |bytes: &[u8]| Digest::from_bytes(bytes).ok_or_else(|| no_digest("a digest"));
    let token: Vec<u8> = rows::take::<DB, _>(row, at)?;
    let previous: Option<Vec<u8>> = rows::take::<DB, _>(row, at + 1)?;
    let replaced_at: Option<i64> = rows::take::<DB, _>(row, at + 2)?;
    let sealed = rows::take::<DB, _>(row, at + 3)?;
    let scopes: String = rows::take::<DB, _>(row, at + 4)?;
    let ends_at: Option<i64> = rows::take::<DB, _>(row, at + 7)?;
    let previous = match previous.zip(replaced_at) {
        Some((token, replaced_at)) => {
            Some(Previous { token: digest(&token)?, replaced_at: instant(replaced_at), sealed })
        }
        None => None,
    };
    Ok(GrantRecord {
        token: digest(&token)?,
        previous,
        scopes: Scopes::parse(&scopes),
        created_at: instant(rows::take::<DB, _>(row, at + 5)?),
        expires_at: instant(rows::take::<DB, _>(row, at + 6)?),
        ends_at: ends_at.map(instant),
    })
}

fn no_digest(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} has 32 bytes").into())
}
