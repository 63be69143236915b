//! API keys in a table of their own beside the user's.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, Digest, Scopes};
use crate::ports::{AddedApiKey, ApiKeyEntry, ApiKeyStore, LiveApiKey, NewApiKey, StoreError};
use crate::sql::owned::{all_of, hold, one_of};
use crate::sql::statements::Sql;
use crate::sql::store::{instant, millis, retrying};
use crate::sql::{AuthRow, Backend, Call, ColumnSpec, SqlStore, Stores, TableSpec, rows};

/// API keys.
pub const TABLE: TableSpec = TableSpec::new(
    "api_keys",
    "digest",
    &[
        ColumnSpec::text("handle", 64),
        ColumnSpec::owner(),
        ColumnSpec::text("name", 64),
        ColumnSpec::text("hint", 8),
        ColumnSpec::long_text("scopes"),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("last_used_at").nullable(),
        ColumnSpec::expiry().nullable(),
    ],
);

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> ApiKeyStore<U> for SqlStore<DB, U> {
    async fn find_api_key(
        &self,
        digest: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveApiKey<U>>, StoreError> {
        let call = || Call::new(Sql::<DB, U>::API_KEY).with(digest.to_vec()).with(millis(now));
        let Some(row) = self.row(call).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let key = entry::<DB>(&row, rows::after_account::<U>())?;
        Ok(Some(LiveApiKey { key, account }))
    }

    async fn add_api_key(
        &self,
        key: NewApiKey<U::Id>,
        cap: u32,
    ) -> Result<AddedApiKey, StoreError> {
        retrying!(self.try_add_api_key(&key, cap))
    }

    async fn touch_api_key(
        &self,
        digest: &Digest,
        renewed: &Digest,
        now: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let call = || {
            Call::new(Sql::<DB, U>::TOUCH_API_KEY)
                .with(renewed.to_vec())
                .with(millis(now))
                .with(digest.to_vec())
                .with(millis(before))
        };
        self.execute(call).await?;
        Ok(())
    }

    async fn list_api_keys(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ApiKeyEntry>, StoreError> {
        let call = || all_of(Sql::<DB, U>::LIST_API_KEYS, account, now);
        let found = self.rows(call).await?;
        Ok(found.iter().map(|row| entry::<DB>(row, 0)).collect::<Result<_, _>>()?)
    }

    async fn end_api_key(&self, digest: &Digest) -> Result<(), StoreError> {
        self.execute(|| Call::new(Sql::<DB, U>::END_API_KEY).with(digest.to_vec())).await?;
        Ok(())
    }

    async fn revoke_api_key(
        &self,
        account: &Account<U>,
        handle: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let call = || one_of(Sql::<DB, U>::REVOKE_API_KEY, account, handle.to_owned(), now);
        Ok(self.execute(call).await? > 0)
    }

    async fn revoke_api_keys(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let call = || all_of(Sql::<DB, U>::REVOKE_API_KEYS, account, now);
        self.execute(call).await
    }

    async fn purge_api_keys(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.purge(Sql::<DB, U>::PURGE_API_KEYS, now, limit).await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    async fn try_add_api_key(
        &self,
        key: &NewApiKey<U::Id>,
        cap: u32,
    ) -> Result<AddedApiKey, sqlx::Error> {
        let mut tx = self.begin().await?;
        let call = Call::new(Sql::<DB, U>::HOLD_ACCOUNT)
            .with(key.account.clone())
            .with(key.version)
            .with(key.epoch);
        if DB::execute(&mut tx, call).await? == 0 {
            return tx.undone(AddedApiKey::Refused).await;
        }
        if let Some(credential) = key.made_by {
            let call = hold::<DB, U>(credential, &key.account, key.version, key.epoch);
            let call = call.with(millis(key.created_at));
            if DB::execute(&mut tx, call).await? == 0 {
                return tx.undone(AddedApiKey::Refused).await;
            }
        }
        let call = Call::new(Sql::<DB, U>::FORGET_API_KEYS)
            .with(key.account.clone())
            .with(millis(key.created_at))
            .with(key.others_ended.map_or(0, millis));
        DB::execute(&mut tx, call).await?;
        let call = Call::new(Sql::<DB, U>::COUNT_API_KEYS)
            .with(key.account.clone())
            .with(millis(key.created_at))
            .with(key.version)
            .with(key.epoch);
        let row = DB::fetch_optional(&mut tx, call).await?.ok_or(sqlx::Error::RowNotFound)?;
        let count: i64 = rows::take::<DB, _>(&row, 0)?;
        if count >= i64::from(cap) {
            return tx.undone(AddedApiKey::TooMany).await;
        }
        let call = Call::new(Sql::<DB, U>::ADD_API_KEY)
            .with(key.digest.to_vec())
            .with(key.handle.clone())
            .with(key.account.clone())
            .with(key.name.clone())
            .with(key.hint.clone())
            .with(key.scopes.to_string())
            .with(key.version)
            .with(key.epoch)
            .with(millis(key.created_at))
            .with(key.expires_at.map(millis));
        DB::execute(&mut tx, call).await?;
        tx.commit().await?;
        Ok(AddedApiKey::Done)
    }
}

/// Reads a key from the columns at `at`, as `API_KEY` and `LIST_API_KEYS` list them.
fn entry<DB: Backend>(row: &DB::Row, at: usize) -> Result<ApiKeyEntry, sqlx::Error> {
    let scopes: String = rows::take::<DB, _>(row, at + 3)?;
    let last_used_at: Option<i64> = rows::take::<DB, _>(row, at + 5)?;
    let expires_at: Option<i64> = rows::take::<DB, _>(row, at + 6)?;
    Ok(ApiKeyEntry {
        handle: rows::take::<DB, _>(row, at)?,
        name: rows::take::<DB, _>(row, at + 1)?,
        hint: rows::take::<DB, _>(row, at + 2)?,
        scopes: Scopes::parse(&scopes),
        created_at: instant(rows::take::<DB, _>(row, at + 4)?),
        last_used_at: last_used_at.map(instant),
        expires_at: expires_at.map(instant),
    })
}
