//! API keys in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{ApiKeyEntry, ApiKeyStore, Inserted, NewApiKeyRecord};
use crate::model::{Account, AccountState, ApiKeyDigest, ApiKeyHandle, Scopes};
use crate::sql::engine::retrying;
use crate::sql::rows::{self, Columns};
use crate::sql::{AuthRow, Backend, ColumnSpec, SqlStore, TableSpec};
use crate::store_error::StoreError;

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

// Changes nothing, and locks the account's row: keys of one account are added one after the other,
// so that the count holds.
const LOCK_ACCOUNT: &str = "UPDATE {table} SET {stamp} = {stamp} \
    WHERE {id} = {:account id} AND {version} = :version AND {stamp} = :stamp AND {is active}";

const FORGET: &str = "DELETE FROM {+api_keys} \
    WHERE user_id = :account AND (expires_at <= :now OR created_at <= :others_ended)";

const COUNT: &str = "SELECT COUNT(*) FROM {+api_keys} WHERE user_id = :account \
    AND (expires_at IS NULL OR expires_at > :now) AND token_version = :version \
    AND auth_epoch = :stamp";

const INSERT: &str = "INSERT INTO {+api_keys} (digest, handle, user_id, name, hint, scopes, \
    token_version, auth_epoch, created_at, expires_at) VALUES (:digest, :handle, :account, :name, \
    :hint, :scopes, :version, :stamp, :now, :expires_at)";

const FIND: &str = "SELECT {account}, {+api_keys}.token_version, {+api_keys}.auth_epoch, \
    {+api_keys}.handle, {+api_keys}.name, {+api_keys}.hint, {+api_keys}.scopes, \
    {+api_keys}.created_at, {+api_keys}.last_used_at, {+api_keys}.expires_at FROM {+api_keys} \
    JOIN {table} ON {table}.{id} = {owner +api_keys} WHERE {+api_keys}.digest = :digest AND \
    ({+api_keys}.expires_at IS NULL OR {+api_keys}.expires_at > :now)";

const TOUCH: &str = "UPDATE {+api_keys} SET last_used_at = :now \
    WHERE digest = :digest AND (last_used_at IS NULL OR last_used_at <= :before)";

const LIST: &str = "SELECT handle, name, hint, scopes, created_at, last_used_at, expires_at \
    FROM {+api_keys} WHERE user_id = :account AND (expires_at IS NULL OR expires_at > :now) \
    AND token_version = :version AND auth_epoch = :stamp ORDER BY created_at DESC, handle";

const REVOKE: &str = "DELETE FROM {+api_keys} WHERE user_id = :account AND handle = :handle \
    AND (expires_at IS NULL OR expires_at > :now) AND token_version = :version \
    AND auth_epoch = :stamp";

const REVOKE_ALL: &str = "DELETE FROM {+api_keys} WHERE user_id = :account \
    AND (expires_at IS NULL OR expires_at > :now) AND token_version = :version \
    AND auth_epoch = :stamp";

const REMOVE: &str = "DELETE FROM {+api_keys} WHERE digest = :digest";

#[async_trait]
impl<DB: Backend, U: AuthRow<DB>> ApiKeyStore<U> for SqlStore<DB, U> {
    async fn insert(&self, key: NewApiKeyRecord<U::Id>, max: u32) -> Result<Inserted, StoreError> {
        let entry = &key.entry;
        let bound = |template| {
            self.query(template)
                .bind("account", key.account.clone())
                .bind("version", key.state.version)
                .bind("stamp", key.state.security_stamp)
                .bind_instant("now", entry.created_at)
        };
        retrying(|| async {
            let mut tx = self.begin().await?;
            if tx.execute(bound(LOCK_ACCOUNT)).await? == 0 {
                return tx.roll_back(Inserted::AccountChanged).await;
            }
            let others_ended = key.others_ended.unwrap_or(DateTime::UNIX_EPOCH);
            tx.execute(bound(FORGET).bind_instant("others_ended", others_ended)).await?;
            let row = tx.row(bound(COUNT)).await?.ok_or(sqlx::Error::RowNotFound)?;
            let count: i64 = rows::take::<DB, _>(&row, 0)?;
            if count >= i64::from(max) {
                return tx.roll_back(Inserted::TooMany).await;
            }
            let insert = bound(INSERT)
                .bind_bytes("digest", key.digest.as_bytes())
                .bind("handle", entry.handle.to_string())
                .bind("name", entry.name.clone())
                .bind("hint", entry.hint.clone())
                .bind("scopes", entry.scopes.to_string())
                .bind("expires_at", entry.expires_at.map(|at| at.timestamp_millis()));
            tx.execute(insert).await?;
            self.commit(tx, &key.account).await?;
            Ok(Inserted::Done)
        })
        .await
    }

    async fn find(
        &self,
        digest: &ApiKeyDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKeyEntry, AccountState, Account<U>)>, StoreError> {
        let query =
            self.query(FIND).bind_bytes("digest", digest.as_bytes()).bind_instant("now", now);
        let Some(row) = self.row(query).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let mut columns = Columns::<DB>::new(&row, rows::after_account::<U>());
        let state = columns.state()?;
        Ok(Some((entry(&mut columns)?, state, account)))
    }

    async fn touch(
        &self,
        digest: &ApiKeyDigest,
        now: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let query = self
            .query(TOUCH)
            .bind_bytes("digest", digest.as_bytes())
            .bind_instant("now", now)
            .bind_instant("before", before);
        self.execute(query).await?;
        Ok(())
    }

    async fn list(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ApiKeyEntry>, StoreError> {
        let rows = self.rows(self.valid_of(LIST, account, now)).await?;
        let read = |row: &DB::Row| entry(&mut Columns::<DB>::new(row, 0));
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn revoke(
        &self,
        account: &Account<U>,
        handle: &ApiKeyHandle,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let query = self.valid_of(REVOKE, account, now).bind("handle", handle.to_string());
        Ok(self.execute_recorded(query).await? == 1)
    }

    async fn revoke_all(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.execute_recorded(self.valid_of(REVOKE_ALL, account, now)).await
    }

    async fn remove(&self, digest: &ApiKeyDigest) -> Result<(), StoreError> {
        self.execute(self.query(REMOVE).bind_bytes("digest", digest.as_bytes())).await?;
        Ok(())
    }
}

fn entry<DB: Backend>(columns: &mut Columns<'_, DB>) -> Result<ApiKeyEntry, sqlx::Error> {
    let handle: String = columns.next()?;
    let handle = ApiKeyHandle::parse(&handle)
        .ok_or_else(|| sqlx::Error::Decode("a handle must have 64 digits".into()))?;
    let name = columns.next()?;
    let hint = columns.next()?;
    let scopes: String = columns.next()?;
    Ok(ApiKeyEntry {
        handle,
        name,
        hint,
        scopes: Scopes::parse(&scopes),
        created_at: columns.instant()?,
        last_used_at: columns.optional_instant()?,
        expires_at: columns.optional_instant()?,
    })
}
