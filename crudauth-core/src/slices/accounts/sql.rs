//! Accounts in the user's own table.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{AccountStore, Created, NewAccount};
use crate::model::{Account, AccountState, IdentifierColumn, PasswordHash};
use crate::sql::engine::{retrying, retrying_sql};
use crate::sql::refused::cannot_hold;
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, SqlStore, Stores, TableSpec, rows};
use crate::store_error::StoreError;

/// A statement for each identifier that a shape may have.
pub(super) const BY_IDENTIFIER: [&str; 4] = [
    "SELECT {account}, {table}.{hash}, {identifier 0} FROM {table} WHERE {identifier 0} = :key",
    "SELECT {account}, {table}.{hash}, {identifier 1} FROM {table} WHERE {identifier 1} = :key",
    "SELECT {account}, {table}.{hash}, {identifier 2} FROM {table} WHERE {identifier 2} = :key",
    "SELECT {account}, {table}.{hash}, {identifier 3} FROM {table} WHERE {identifier 3} = :key",
];

const BY_ID: &str = "SELECT {account} FROM {table} WHERE {id} = :id";

const WITH_HASH: &str = "SELECT {account}, {table}.{hash} FROM {table} WHERE {id} = :id";

const RENEW_HASH: &str = "UPDATE {table} SET {hash} = :new WHERE {id} = :id AND {hash} = :old";

const SET_PASSWORD: &str = "UPDATE {table} SET {hash} = :hash, {version} = {version} + 1, \
    {updated} = :now \
    WHERE {id} = :id AND {version} = :version AND {stamp} = :stamp AND {active}";

const DISABLE: &str = "UPDATE {table} SET {active} = FALSE, {version} = {version} + 1, \
    {updated} = :now WHERE {id} = :id";

const REVOKE_DISABLED: &str = "UPDATE {table} SET {version} = {version} + 1, {updated} = :now \
    WHERE {id} = :id AND {active} = FALSE";

const ENABLE: &str = "UPDATE {table} SET {active} = TRUE, {updated} = :now WHERE {id} = :id";

const DELETE: &str = "DELETE FROM {table} WHERE {id} = :id";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> AccountStore<U> for SqlStore<DB, U> {
    async fn by_identifier(
        &self,
        at: usize,
        key: &str,
    ) -> Result<Option<(Account<U>, PasswordHash)>, StoreError> {
        let template = BY_IDENTIFIER[at.min(BY_IDENTIFIER.len() - 1)];
        let row = match self.row(self.query(template).bind("key", key.to_owned())).await {
            Err(error) if cannot_hold(&error) => None,
            row => row?,
        };
        let Some(row) = row else { return Ok(None) };
        let stored: Option<String> = rows::take::<DB, _>(&row, rows::after_account::<U>() + 1)?;
        let column = U::SHAPE.identifiers.get(at);
        if !stored.zip(column).is_some_and(|(stored, column)| is_key(column, &stored, key)) {
            return Ok(None);
        }
        Ok(Some(rows::account_with_hash::<DB, U>(&row)?))
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
        let keys = account.keys();
        let elsewhere = self.taken_elsewhere(&keys).await?;
        let created = if elsewhere.is_empty() {
            match retrying_sql(|| self.insert(&account, &keys)).await {
                Ok(Some(id)) => return Ok(Created::Added(id)),
                Ok(None) => self.taken(&keys, self.taken_elsewhere(&keys).await?).await?,
                Err(cause) => self.refused(&keys, cause).await?,
            }
        } else {
            self.taken(&keys, elsewhere).await?
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
            self.sweep(&mut tx, account.user.id(), |table| !table.outlives_password_change).await?;
            tx.commit().await?;
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
            let query = self.query(template).bind_time("now", now).bind("id", id.clone());
            let changed = tx.execute(query).await?;
            if !is_active {
                self.sweep(&mut tx, id, |_| true).await?;
            }
            tx.commit().await?;
            Ok(changed > 0)
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
            self.sweep(&mut tx, id, |_| true).await?;
            tx.commit().await
        })
        .await
    }

    async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let deleted = tx.execute(self.query(DELETE).bind("id", id.clone())).await?;
            self.sweep(&mut tx, id, |_| true).await?;
            tx.commit().await?;
            Ok(deleted > 0)
        })
        .await
    }
}

/// Returns `true` if a row that was found by `key` has it. MySQL ignores blanks at the end, and a
/// column that existed before may compare without case or accents.
pub(super) fn is_key(column: &IdentifierColumn, stored: &str, key: &str) -> bool {
    stored == key || (!column.has_own_key() && column.key_of(stored) == key)
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Deletes the rows of an account in the selected tables of the library. The state of the account
    /// has changed, so these rows are invalid already.
    pub(crate) async fn sweep(
        &self,
        tx: &mut Transaction<DB>,
        id: &U::Id,
        selects: impl Fn(&TableSpec) -> bool,
    ) -> Result<(), sqlx::Error> {
        for table in self.tables() {
            if table.has_owner() && selects(table) {
                tx.execute(self.delete_of_owner(table).bind("account", id.clone())).await?;
            }
        }
        Ok(())
    }
}
