//! Accounts in the user's own table.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::insert_sql::{NotInserted, new_names};
use super::keys_sql::{BY_IDENTIFIER, is_key};
use crate::account_store::{AccountStore, Created, NewAccount, OpenInvitation};
use crate::model::{Account, AccountState, EmailAddress, PasswordHash};
use crate::sql::engine::{retrying, retrying_sql};
use crate::sql::refused::cannot_hold;
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, Outlives, SqlStore, Stores, TableSpec, rows};
use crate::store_error::StoreError;

pub(super) const BY_ID: &str = "SELECT {account} FROM {table} WHERE {id} = {:id id}";

const WITH_HASH: &str = "SELECT {account}, {read hash} FROM {table} WHERE {id} = {:id id}";

const RENEW_HASH: &str =
    "UPDATE {table} SET {hash} = {:new hash} WHERE {id} = {:id id} AND {hash} = {:old hash}";

const SET_PASSWORD: &str = "UPDATE {table} SET {hash} = {:hash hash}, {version} = {version} + 1, \
    {updated} = {:now updated} \
    WHERE {id} = {:id id} AND {version} = :version AND {stamp} = :stamp AND {is active}";

// Changes the time only, and locks the row.
const TOUCH_ACTIVE: &str =
    "UPDATE {table} SET {updated} = {:now updated} WHERE {id} = {:id id} AND {is active}";

const DISABLE: &str = "UPDATE {table} SET {active} = FALSE, {version} = {version} + 1, \
    {updated} = {:now updated} WHERE {id} = {:id id}";

const REVOKE_DISABLED: &str = "UPDATE {table} SET {version} = {version} + 1, {updated} = {:now updated} \
    WHERE {id} = {:id id} AND NOT {is active}";

const ENABLE: &str = "UPDATE {table} SET {active} = TRUE, {updated} = {:now updated} \
    WHERE {id} = {:id id}{and living}";

const DELETE: &str = "DELETE FROM {table} WHERE {id} = {:id id}";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> AccountStore<U> for SqlStore<DB, U> {
    async fn by_identifier(
        &self,
        at: usize,
        key: &str,
        typed: &str,
    ) -> Result<Option<(Account<U>, PasswordHash)>, StoreError> {
        let Some(column) = U::SHAPE.identifiers.get(at) else { return Ok(None) };
        let query = self.query(BY_IDENTIFIER[at]).bind("key", key.to_owned());
        let row = match self.row(query.bind("typed", typed.to_owned())).await {
            Err(error) if cannot_hold(&error) => None,
            row => row?,
        };
        let Some(row) = row else {
            return Ok(None);
        };
        let stored: Option<String> = rows::take::<DB, _>(&row, rows::after_account::<U>() + 1)?;
        let found = rows::account_with_hash::<DB, U>(&row)?;
        match stored {
            Some(stored) => Ok(is_key(column, &stored, key).then_some(found)),
            None => {
                let shown = found.0.user.identifiers().get(at).copied().flatten();
                if shown.is_none_or(|shown| column.key_of(shown) != key) {
                    return Ok(None);
                }
                self.fill_key(at, found.0.user.id(), key).await?;
                Ok(Some(found))
            }
        }
    }

    async fn by_id(&self, id: &U::Id) -> Result<Option<Account<U>>, StoreError> {
        let row = self.row(self.query(BY_ID).bind("id", id.clone())).await?;
        Ok(row.map(|row| rows::account::<DB, U>(&row)).transpose()?)
    }

    async fn with_hash(
        &self,
        id: &U::Id,
    ) -> Result<Option<(Account<U>, PasswordHash)>, StoreError> {
        let row = self.row(self.query(WITH_HASH).bind("id", id.clone())).await?;
        Ok(row.map(|row| rows::account_with_hash::<DB, U>(&row)).transpose()?)
    }

    async fn create(&self, account: NewAccount<U>) -> Result<Created<U::Id>, StoreError> {
        let names = new_names(&account);
        let elsewhere = self.taken_elsewhere(&names, None).await?;
        let created = if elsewhere.is_empty() {
            match retrying_sql(|| self.insert(&account, &names)).await {
                Ok(Ok(id)) => return Ok(Created::Added(id)),
                Ok(Err(NotInserted::InvitationEnded)) => return Ok(Created::InvitationEnded),
                Ok(Err(NotInserted::NameTaken)) => {
                    self.taken(&names, self.taken_elsewhere(&names, None).await?).await?
                }
                Err(cause) => self.refused(&names, cause).await?,
            }
        } else {
            self.taken(&names, elsewhere).await?
        };
        match &created {
            Created::Taken { identifiers } if identifiers.is_empty() => {
                Err(StoreError::Unavailable("a name that was taken is free again".into()))
            }
            Created::Taken { identifiers }
                if identifiers.iter().all(|at| U::SHAPE.recovery == Some(*at)) =>
            {
                Ok(self.refused_anyway(&account).await?.unwrap_or(created))
            }
            _ => Ok(created),
        }
    }

    async fn invitation(
        &self,
        address: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenInvitation>, StoreError> {
        self.open_invitation(address, now).await
    }

    async fn renew_hash(
        &self,
        id: &U::Id,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError> {
        let query = self
            .query(RENEW_HASH)
            .bind("id", id.clone())
            .bind("old", old.expose().to_owned())
            .bind("new", new.expose().to_owned());
        self.execute(query).await?;
        Ok(())
    }

    async fn set_password(
        &self,
        account: &Account<U>,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError> {
        let state = account.state();
        let next = AccountState { version: state.version + 1, ..state };
        retrying(|| async {
            let mut tx = self.begin().await?;
            let query = self
                .query(SET_PASSWORD)
                .bind("hash", hash.expose().to_owned())
                .bind_time("now", now)
                .bind("id", account.user.id().clone())
                .bind("version", state.version)
                .bind("stamp", state.security_stamp);
            if tx.execute(query).await? == 0 {
                return tx.roll_back(None).await;
            }
            self.sweep(&mut tx, account.user.id(), |table| table.outlives == Outlives::Nothing)
                .await?;
            self.commit(tx, account.user.id()).await?;
            Ok(Some(Account { state: next, ..account.clone() }))
        })
        .await
    }

    async fn set_active(
        &self,
        id: &U::Id,
        is_active: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let template = if is_active { ENABLE } else { DISABLE };
        retrying(|| async {
            let mut tx = self.begin().await?;
            let about =
                |template| self.query(template).bind_time("now", now).bind("id", id.clone());
            // An active account has no reason left, even if other software enabled it.
            if !is_active && tx.execute(about(TOUCH_ACTIVE)).await? > 0 {
                self.sweep(&mut tx, id, |table| table.outlives == Outlives::Disabling).await?;
            }
            let changed = tx.execute(about(template)).await?;
            if is_active {
                self.sweep(&mut tx, id, |table| table.outlives == Outlives::Disabling).await?;
            } else {
                self.sweep(&mut tx, id, TableSpec::has_credentials).await?;
            }
            self.commit_if(changed > 0, tx, id).await
        })
        .await
    }

    async fn revoke_disabled(&self, id: &U::Id, now: DateTime<Utc>) -> Result<(), StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let query = self.query(REVOKE_DISABLED).bind_time("now", now).bind("id", id.clone());
            if tx.execute(query).await? == 0 {
                return tx.roll_back(()).await;
            }
            self.sweep(&mut tx, id, TableSpec::has_credentials).await?;
            self.commit(tx, id).await
        })
        .await
    }

    async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let deleted = tx.execute(self.query(DELETE).bind("id", id.clone())).await?;
            self.sweep(&mut tx, id, |_| true).await?;
            self.commit_if(deleted > 0, tx, id).await
        })
        .await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Deletes the rows of an account in the selected tables of the library. The state of the account
    /// has changed, so these rows are invalid already. Rows of its history stay.
    pub(crate) async fn sweep(
        &self,
        tx: &mut Transaction<DB>,
        id: &U::Id,
        selects: fn(&TableSpec) -> bool,
    ) -> Result<(), sqlx::Error> {
        for table in self.tables() {
            let is_history = table.outlives == Outlives::Deletion;
            if table.has_owner() && !is_history && selects(table) {
                tx.execute(self.delete_of_owner(table).bind("account", id.clone())).await?;
            }
        }
        Ok(())
    }
}
