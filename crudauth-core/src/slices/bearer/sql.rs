//! Token families in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::FamilyId;
use super::store::{
    FamilyEntry, NewTokenFamily, PreviousToken, Rotation, TokenFamily, TokenFamilyStore,
};
use crate::guard::{RowLimit, row_limit};
use crate::model::{Account, RefreshDigest, Scopes};
use crate::sql::rows::{self, Columns};
use crate::sql::{AuthRow, Backend, ColumnSpec, SqlStore, TableSpec};
use crate::store_error::StoreError;

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

const INSERT: &str = "INSERT INTO {+token_families} (family, user_id, token_digest, scopes, \
    token_version, auth_epoch, ip, user_agent, created_at, last_used_at, expires_at, ends_at) \
    VALUES (:family, :account, :token, :scopes, :version, :stamp, :client, :user_agent, :now, \
    :now, :expires_at, :ends_at)";

const LIMIT: RowLimit = row_limit!("token_families", "family", "last_used_at");

const FIND: &str = "SELECT {account}, {+token_families}.token_version, \
    {+token_families}.auth_epoch, {+token_families}.token_digest, \
    {+token_families}.previous_digest, {+token_families}.rotated_at, \
    {+token_families}.successor, {+token_families}.scopes, {+token_families}.created_at, \
    {+token_families}.expires_at, {+token_families}.ends_at FROM {+token_families} JOIN {table} \
    ON {table}.{id} = {owner +token_families} WHERE {+token_families}.family = :family AND \
    {+token_families}.expires_at > :now";

const NARROW: &str = "UPDATE {+token_families} SET scopes = :scopes WHERE family = :family";

const ROTATE: &str = "UPDATE {+token_families} SET previous_digest = :presented, \
    successor = :sealed, rotated_at = :now, token_digest = :successor, ip = :client, \
    user_agent = :user_agent, last_used_at = :now, expires_at = :expires_at \
    WHERE family = :family AND token_digest = :presented AND expires_at > :now";

const REMOVE: &str = "DELETE FROM {+token_families} WHERE family = :family";

const LIST: &str = "SELECT family, scopes, ip, user_agent, created_at, last_used_at, expires_at \
    FROM {+token_families} WHERE user_id = :account AND expires_at > :now \
    AND token_version = :version AND auth_epoch = :stamp \
    ORDER BY last_used_at DESC, created_at DESC";

const REVOKE: &str = "DELETE FROM {+token_families} WHERE user_id = :account AND family = :family \
    AND expires_at > :now AND token_version = :version AND auth_epoch = :stamp";

const REVOKE_ALL: &str = "DELETE FROM {+token_families} WHERE user_id = :account \
    AND expires_at > :now AND token_version = :version AND auth_epoch = :stamp";

#[async_trait]
impl<DB: Backend, U: AuthRow<DB>> TokenFamilyStore<U> for SqlStore<DB, U> {
    async fn insert(&self, family: NewTokenFamily<U::Id>, max: u32) -> Result<(), StoreError> {
        let bound = |template| {
            self.query(template)
                .bind_bytes("family", family.id.as_bytes())
                .bind("account", family.account.clone())
                .bind("version", family.state.version)
                .bind("stamp", family.state.security_stamp)
                .bind_instant("now", family.created_at)
        };
        let insert = bound(INSERT)
            .bind_bytes("token", family.token.as_bytes())
            .bind("scopes", family.scopes.to_string())
            .bind("client", family.client.address.map(|address| address.to_string()))
            .bind("user_agent", family.client.stored_user_agent())
            .bind_instant("expires_at", family.expires_at)
            .bind("ends_at", family.ends_at.map(|at| at.timestamp_millis()));
        self.execute_recorded(insert).await?;
        let others = i64::from(max.saturating_sub(1));
        let limit = |template| bound(template).bind("others", others);
        if let Err(error) = self.delete_beyond(&LIMIT, family.account.to_string(), &limit).await {
            error.log("deleting token families beyond the limit");
        }
        Ok(())
    }

    async fn find(
        &self,
        id: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<Option<(TokenFamily, Account<U>)>, StoreError> {
        let query = self.query(FIND).bind_bytes("family", id.as_bytes()).bind_instant("now", now);
        let Some(row) = self.row(query).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        Ok(Some((family::<DB>(&row, rows::after_account::<U>())?, account)))
    }

    async fn narrow(&self, id: &FamilyId, scopes: &Scopes) -> Result<(), StoreError> {
        let query = self.query(NARROW).bind_bytes("family", id.as_bytes());
        self.execute(query.bind("scopes", scopes.to_string())).await?;
        Ok(())
    }

    async fn rotate(&self, rotation: Rotation) -> Result<bool, StoreError> {
        let query = self
            .query(ROTATE)
            .bind_bytes("family", rotation.id.as_bytes())
            .bind_bytes("presented", rotation.presented.as_bytes())
            .bind_bytes("successor", rotation.successor.as_bytes())
            .bind("sealed", rotation.sealed)
            .bind("client", rotation.client.address.map(|address| address.to_string()))
            .bind("user_agent", rotation.client.stored_user_agent())
            .bind_instant("now", rotation.at)
            .bind_instant("expires_at", rotation.expires_at);
        Ok(self.execute(query).await? == 1)
    }

    async fn remove(&self, id: &FamilyId) -> Result<bool, StoreError> {
        let query = self.query(REMOVE).bind_bytes("family", id.as_bytes());
        Ok(self.execute_recorded(query).await? == 1)
    }

    async fn list(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<FamilyEntry>, StoreError> {
        let rows = self.rows(self.valid_of(LIST, account, now)).await?;
        Ok(rows.iter().map(entry::<DB>).collect::<Result<_, _>>()?)
    }

    async fn revoke(
        &self,
        account: &Account<U>,
        id: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let query = self.valid_of(REVOKE, account, now).bind_bytes("family", id.as_bytes());
        Ok(self.execute_recorded(query).await? == 1)
    }

    async fn revoke_all(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.execute_recorded(self.valid_of(REVOKE_ALL, account, now)).await
    }
}

fn family<DB: Backend>(row: &DB::Row, at: usize) -> Result<TokenFamily, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, at);
    let state = columns.state()?;
    let token = columns.digest(RefreshDigest::from_bytes)?;
    let previous: Option<Vec<u8>> = columns.next()?;
    let replaced_at = columns.optional_instant()?;
    let sealed = columns.next()?;
    let scopes: String = columns.next()?;
    let previous = previous.and_then(|bytes| RefreshDigest::from_bytes(&bytes));
    Ok(TokenFamily {
        state,
        token,
        previous: previous.zip(replaced_at).map(|(token, replaced_at)| PreviousToken {
            token,
            replaced_at,
            sealed,
        }),
        scopes: Scopes::parse(&scopes),
        created_at: columns.instant()?,
        expires_at: columns.instant()?,
        ends_at: columns.optional_instant()?,
    })
}

fn entry<DB: Backend>(row: &DB::Row) -> Result<FamilyEntry, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let id = columns.digest(FamilyId::from_bytes)?;
    let scopes: String = columns.next()?;
    Ok(FamilyEntry {
        id,
        scopes: Scopes::parse(&scopes),
        client: columns.next::<Option<String>>()?.and_then(|text| text.parse().ok()),
        user_agent: columns.next()?,
        created_at: columns.instant()?,
        last_used_at: columns.instant()?,
        expires_at: columns.instant()?,
    })
}
