//! Deletions of accounts in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Tombstone;
use super::references::{self, OnDelete, Reference};
use super::store::{Closed, Deletion, DeletionStore, Erased};
use crate::model::{Account, OneTimeDigest};
use crate::slices::accounts::Guarded;
use crate::sql::engine::{retrying, retrying_sql};
use crate::sql::refused::RefusedRow;
use crate::sql::template::{identifier_name, key_name};
use crate::sql::transaction::Transaction;
use crate::sql::{
    AuthRow, Backend, ColumnSpec, Dialect, Outlives, Query, SqlStore, Stores, TableSpec, rows,
};
use crate::store_error::StoreError;

/// Accounts that are to be deleted, one row each. The key is the digest of the token that withdraws
/// the deletion.
pub const DELETIONS: TableSpec = TableSpec::new(
    "deletions",
    "digest",
    &[
        ColumnSpec::owner(),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::expiry(),
    ],
)
.outliving(Outlives::Disabling);

const CLOSE: &str = "UPDATE {table} SET {active} = FALSE, {version} = {version} + 1, \
    {updated} = {:time updated} WHERE {id} = {:account id} AND {version} = :version \
    AND {stamp} = :stamp{and living}";

const INSERT: &str = "INSERT INTO {+deletions} (digest, user_id, token_version, auth_epoch, \
    created_at, expires_at) VALUES (:digest, :account, :version + 1, :stamp, :now, :due_at)";

// A change of the account since, for example by an administrator, voids the token.
const FIND: &str = "SELECT {account} FROM {+deletions} JOIN {table} ON {table}.{id} = \
    {owner +deletions} WHERE {+deletions}.digest = :digest AND {+deletions}.expires_at > :now \
    AND {+deletions}.token_version = {table}.{version} AND {+deletions}.auth_epoch = \
    {table}.{stamp} AND NOT {is active}";

const OPEN: &str = "UPDATE {table} SET {active} = TRUE, {version} = {version} + 1, \
    {updated} = {:time updated} WHERE {id} = {:account id} AND {version} = :version \
    AND {stamp} = :stamp AND NOT {is active}{and living}";

const WITHDRAWN: &str = "DELETE FROM {+deletions} WHERE user_id = :account AND expires_at <= :now \
    AND auth_epoch = :stamp";

const POSTPONE: &str = "UPDATE {+deletions} SET expires_at = :until WHERE user_id = :account \
    AND auth_epoch = :stamp";

const AWAITED: &str = "SELECT COUNT(*) FROM {+deletions} WHERE user_id = :account \
    AND auth_epoch = :stamp";

// The limit is a constant, so that every planner knows that the index is the way to few rows.
const DUE: &str = "SELECT {account} FROM {+deletions} JOIN {table} ON {table}.{id} = \
    {owner +deletions} WHERE {+deletions}.expires_at <= :now AND {+deletions}.auth_epoch = \
    {table}.{stamp} ORDER BY {+deletions}.expires_at LIMIT 100";

const ERASE: &str = "DELETE FROM {table} WHERE {id} = {:account id} AND {version} = :version \
    AND {stamp} = :stamp AND NOT {is active}";

// The row has no name, no password and no role of a superuser any more.
const BURY: &str = "UPDATE {table} SET {erased}, {hash} = {:hash hash}, {superuser} = FALSE, \
    {verified} = FALSE, {version} = {version} + 1, {stamp} = {:new_stamp stamp}, \
    {updated} = {:time updated}, {deleted} = {:time deleted} WHERE {id} = {:account id} \
    AND {version} = :version AND {stamp} = :stamp AND NOT {is active}";

const DATES: &str = "SELECT {text created}, {text updated} FROM {table} WHERE {id} = {:account id}";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> DeletionStore<U> for SqlStore<DB, U> {
    async fn close(
        &self,
        account: &Account<U>,
        deletion: &Deletion,
    ) -> Result<Closed<U>, StoreError> {
        let id = account.user.id();
        let Deletion { undo, created_at, due_at } = deletion;
        retrying(|| async {
            let mut tx = match self.begin_guarded(id).await? {
                Guarded::Begun(tx, _) => tx,
                Guarded::NotFound => return Ok(Closed::Changed),
                Guarded::LastSuperuser => return Ok(Closed::LastSuperuser),
            };
            let about = |template| self.in_state(template, account).bind_time("time", *created_at);
            if tx.execute(about(CLOSE)).await? == 0 {
                return tx.roll_back(Closed::Changed).await;
            }
            self.sweep(&mut tx, id, |table| table.has_credentials() || *table == DELETIONS).await?;
            let insert = about(INSERT)
                .bind_bytes("digest", undo.as_bytes())
                .bind_instant("now", *created_at)
                .bind_instant("due_at", *due_at);
            tx.execute(insert).await?;
            self.commit(tx, id).await?;
            Ok(Closed::Done(Account { is_active: false, ..account.next() }))
        })
        .await
    }

    async fn restore(
        &self,
        undo: &OneTimeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError> {
        let find = self.query(FIND).bind_bytes("digest", undo.as_bytes());
        let Some(row) = self.row(find.bind_instant("now", now)).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let is_restored = self.open(&account, now).await?;
        Ok(is_restored.then(|| Account { is_active: true, ..account.next() }))
    }

    async fn reopen(
        &self,
        account: &Account<U>,
        enables: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if enables {
            return self.open(account, now).await.map(drop);
        }
        let forget = self.delete_of_owner(&DELETIONS).bind("account", account.user.id().clone());
        self.execute(forget).await?;
        Ok(())
    }

    async fn due(&self, now: DateTime<Utc>) -> Result<Vec<Account<U>>, StoreError> {
        let rows = self.rows(self.query(DUE).bind_instant("now", now)).await?;
        let due: Result<Vec<_>, _> = rows.iter().map(rows::account::<DB, U>).collect();
        let (withdrawn, due): (Vec<_>, Vec<_>) = due?.into_iter().partition(Account::is_active);
        // In SQL this condition would make a planner read every account.
        for account in withdrawn {
            let forget = self.in_state(WITHDRAWN, &account).bind_instant("now", now);
            self.execute(forget).await?;
        }
        Ok(due)
    }

    async fn postpone(&self, account: &Account<U>, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.execute(self.in_state(POSTPONE, account).bind_instant("until", until)).await?;
        Ok(())
    }

    async fn erase(
        &self,
        account: &Account<U>,
        tombstone: Option<&Tombstone>,
    ) -> Result<Erased, StoreError> {
        let erased = retrying_sql(|| async {
            let mut tx = self.begin().await?;
            let erase = match tombstone {
                Some(tombstone) => self.burial(account, tombstone),
                None => self.in_state(ERASE, account),
            };
            if tx.execute(erase).await? == 0 {
                return tx.roll_back(Erased::Changed).await;
            }
            self.sweep(&mut tx, account.user.id(), |_| true).await?;
            self.commit(tx, account.user.id()).await?;
            Ok(Erased::Done)
        })
        .await;
        match erased {
            // A row that stays may refer to another table itself.
            Err(sqlx::Error::Database(cause))
                if tombstone.is_none() && cause.is_foreign_key_violation() =>
            {
                Ok(Erased::Referenced(self.referring(account).await?))
            }
            Err(cause) => match RefusedRow::of(&cause) {
                Some(refusal) => Ok(Erased::Refused(refusal.reason)),
                None => Err(cause.into()),
            },
            Ok(erased) => Ok(erased),
        }
    }

    async fn references(&self) -> Result<Vec<Reference>, StoreError> {
        let table = match DB::DIALECT {
            Dialect::Postgres => self.user_table(),
            Dialect::Sqlite | Dialect::MySql => U::SHAPE.table.to_owned(),
        };
        let query = self.query(references::query(DB::DIALECT)).bind("table", table);
        let rows = self.rows(query).await?;
        Ok(rows.iter().map(references::read::<DB>).collect::<Result<_, _>>()?)
    }

    async fn dates(&self, account: &Account<U>) -> Result<[Option<String>; 2], StoreError> {
        let Some(row) = self.row(self.in_state(DATES, account)).await? else {
            return Ok([None, None]);
        };
        Ok([rows::take::<DB, _>(&row, 0)?, rows::take::<DB, _>(&row, 1)?])
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// A statement about an account in its present state.
    pub(crate) fn in_state(&self, template: &'static str, account: &Account<U>) -> Query<DB> {
        self.query(template)
            .bind("account", account.user.id().clone())
            .bind("version", account.state.version)
            .bind("stamp", account.state.security_stamp)
    }

    /// The statement that leaves a tombstone.
    fn burial(&self, account: &Account<U>, tombstone: &Tombstone) -> Query<DB> {
        let Tombstone { names, hash, security_stamp, deleted_at } = tombstone;
        let mut query = self
            .in_state(BURY, account)
            .bind("hash", hash.expose().to_owned())
            .bind("new_stamp", *security_stamp)
            .bind_time("time", *deleted_at);
        for (at, name) in names.iter().enumerate() {
            query = query.bind(identifier_name(at), name.clone()).bind(key_name(at), name.clone());
        }
        query
    }

    /// Whether the owner of a disabled account has asked to delete it.
    pub(crate) async fn awaits_deletion(
        &self,
        tx: &mut Transaction<DB>,
        account: &Account<U>,
    ) -> Result<bool, sqlx::Error> {
        if !self.tables().contains(&&DELETIONS) {
            return Ok(false);
        }
        let row = tx.row(self.in_state(AWAITED, account)).await?;
        let count: i64 = rows::take::<DB, _>(&row.ok_or(sqlx::Error::RowNotFound)?, 0)?;
        Ok(count > 0)
    }

    /// Enables a disabled account that still has its state. Returns `true` if this call did it.
    pub(crate) async fn open(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            if tx.execute(self.in_state(OPEN, account).bind_time("time", now)).await? == 0 {
                return tx.roll_back(false).await;
            }
            let is_reason = |table: &TableSpec| table.outlives == Outlives::Disabling;
            self.sweep(&mut tx, account.user.id(), is_reason).await?;
            self.commit(tx, account.user.id()).await?;
            Ok(true)
        })
        .await
    }

    /// Returns a reference that keeps the database from deleting the account.
    async fn referring(&self, account: &Account<U>) -> Result<Option<Reference>, StoreError> {
        for reference in self.references().await? {
            let Reference { table, column, on_delete } = &reference;
            if *on_delete != OnDelete::Refuse || !is_plain(table) || !is_plain(column) {
                continue;
            }
            let table = match DB::DIALECT {
                Dialect::Postgres => table.clone(),
                dialect => dialect.quoted(table),
            };
            let column = DB::DIALECT.quoted(column);
            let any = format!("SELECT 1 FROM {table} WHERE {column} = {{:account id}} LIMIT 1");
            let any = self.query_once(&any).bind("account", account.user.id().clone());
            if self.row(any).await?.is_some() {
                return Ok(Some(reference));
            }
        }
        Ok(None)
    }
}

/// Whether a name needs no care in a template.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'))
}
