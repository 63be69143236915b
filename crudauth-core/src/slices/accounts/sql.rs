//! Accounts in the user's own table.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{AccountStore, Created, NewAccount};
use crate::model::{
    Account, AccountState, AuthUser, Identifier, IdentifierColumn, IdentifierKind, PasswordHash,
};
use crate::sql::engine::retrying;
use crate::sql::template::{identifier_name, key_name};
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, Call, SqlStore, Stores, TableSpec, rows};
use crate::store_error::StoreError;

/// A statement for each identifier that a shape may have.
const BY_IDENTIFIER: [&str; 4] = [
    "SELECT {account}, {table}.{hash} FROM {table} WHERE {identifier 0} = :key",
    "SELECT {account}, {table}.{hash} FROM {table} WHERE {identifier 1} = :key",
    "SELECT {account}, {table}.{hash} FROM {table} WHERE {identifier 2} = :key",
    "SELECT {account}, {table}.{hash} FROM {table} WHERE {identifier 3} = :key",
];

const BY_ID: &str = "SELECT {account} FROM {table} WHERE {id} = :id";

const WITH_HASH: &str = "SELECT {account}, {table}.{hash} FROM {table} WHERE {id} = :id";

const CREATE: &str = "INSERT INTO {table} ({new columns}) VALUES ({new values}){returning id}";

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
        let row = self.row(self.query(template).bind("key", key.to_owned())).await?;
        let found = row.map(|row| rows::account_with_hash::<DB, U>(&row)).transpose()?;
        // A table that existed before may compare without case or accents.
        Ok(found.filter(|(account, _)| is_named(account, at, key)))
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
        let columns = U::SHAPE.identifiers.iter().zip(&account.identifiers);
        let keys: Vec<_> = columns
            .map(|(column, identifier)| Some(identifier.as_ref()?.key(column).to_owned()))
            .collect();
        let elsewhere = self.taken_elsewhere(&keys).await?;
        if !elsewhere.is_empty() {
            return self.taken(&keys, elsewhere).await;
        }
        match self.insert(account, &keys).await {
            Ok(id) => Ok(Created::Added(id)),
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                self.taken(&keys, Vec::new()).await
            }
            Err(error) => Err(error.into()),
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

/// Returns `true` if the account's identifier at that position has this compared form.
fn is_named<U: AuthUser>(account: &Account<U>, at: usize, key: &str) -> bool {
    let shown = account.user.identifiers().get(at).copied().flatten();
    let (Some(shown), Some(column)) = (shown, U::SHAPE.identifiers.get(at)) else { return false };
    // A column of our own for the compared form compares by every bit.
    column.has_own_key() || shown == key || column.key_of(shown) == key
}

/// Returns `true` if a sign-in looks for names in this column.
fn is_login_name(column: &IdentifierColumn) -> bool {
    column.is_login && matches!(column.kind, IdentifierKind::Username | IdentifierKind::Code)
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

    /// The identifiers that are taken where no index sees it: in another form, as
    /// rows of other software may have an address; or in another column in which a sign-in looks for
    /// the same text.
    async fn taken_elsewhere(&self, keys: &[Option<String>]) -> Result<Vec<usize>, StoreError> {
        let columns = U::SHAPE.identifiers;
        let mut taken = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let alternate = columns[at].alternate(key).map(|other| (at, other));
            let others = columns.iter().enumerate().filter(|(other, column)| {
                *other != at && is_login_name(column) && is_login_name(&columns[at])
            });
            let others = others.map(|(other, column)| (other, column.key_of(key)));
            for (other, key) in alternate.into_iter().chain(others) {
                if self.by_identifier(other, &key).await?.is_some() {
                    taken.push(at);
                }
            }
        }
        Ok(taken)
    }

    /// Finds out which identifiers are taken, beside those that are known to be.
    async fn taken(
        &self,
        keys: &[Option<String>],
        known: Vec<usize>,
    ) -> Result<Created<U::Id>, StoreError> {
        let mut taken = known;
        for (at, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            if self.by_identifier(at, key).await?.is_some() {
                taken.push(at);
            }
        }
        taken.sort_unstable();
        taken.dedup();
        Ok(Created::Taken { identifiers: taken })
    }

    /// Inserts the row and returns its key, also if the database made it.
    async fn insert(
        &self,
        account: NewAccount<U>,
        keys: &[Option<String>],
    ) -> Result<U::Id, sqlx::Error> {
        let id = account.id.clone();
        let call = self.insertion(account);
        if let Some(id) = id {
            self.execute_once(call).await?;
            return Ok(id);
        }
        if DB::DIALECT.returns() {
            let row = self.execute_returning(call).await?.ok_or(sqlx::Error::RowNotFound)?;
            return rows::take::<DB, _>(&row, 0);
        }
        let mut tx = self.begin().await?;
        tx.execute_call(call).await?;
        // The derive asks for an identifier that every account has.
        let mut named = keys.iter().enumerate().filter_map(|(at, key)| Some((at, key.as_ref()?)));
        let (at, key) = named.next().ok_or(sqlx::Error::RowNotFound)?;
        let query = self.query(BY_IDENTIFIER[at]).bind("key", key.clone());
        let row = tx.row(query).await?.ok_or(sqlx::Error::RowNotFound)?;
        let account = rows::account::<DB, U>(&row)?;
        tx.commit().await?;
        Ok(account.user.id().clone())
    }

    fn insertion(&self, account: NewAccount<U>) -> Call<DB> {
        let mut query = self
            .query(CREATE)
            .bind("hash", account.hash.expose().to_owned())
            .bind("stamp", account.security_stamp)
            .bind_time("now", account.created_at);
        if let Some(id) = account.id {
            query = query.bind("id", id);
        }
        let columns = U::SHAPE.identifiers.iter().zip(&account.identifiers);
        for (at, (column, identifier)) in columns.enumerate() {
            let shown = identifier.as_ref().map(Identifier::shown).map(str::to_owned);
            let key = identifier.as_ref().map(|one| one.key(column).to_owned());
            query = query.bind(identifier_name(at), shown).bind(key_name(at), key);
        }
        U::write(account.own.0, query.call())
    }
}
