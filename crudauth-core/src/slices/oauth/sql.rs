//! Connections in the app's database.
//!
//! Every transaction locks the account's row first and the connection second.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{
    Connecting, Connection, ConnectionId, ConnectionStore, CreatedConnected, Disconnecting,
    KeptTokens, NewConnection,
};
use super::tokens_sql::{REPLACE_TOKENS, TOKENS, kept_tokens};
use crate::account_store::NewAccount;
use crate::model::{Account, PasswordHash};
use crate::slices::accounts::CreatedWith;
use crate::sql::engine::retrying;
use crate::sql::rows::{self, Columns};
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, ColumnSpec, Outlives, Query, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;

/// Connections.
pub const CONNECTIONS: TableSpec = TableSpec::new(
    "connections",
    "digest",
    &[
        ColumnSpec::owner_in("account_id"),
        ColumnSpec::text("provider", 32),
        ColumnSpec::text("issuer", 512),
        ColumnSpec::text("subject", 255),
        ColumnSpec::text("address", 320).nullable(),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("last_used_at"),
        ColumnSpec::bytes("tokens", KeptTokens::MOST).nullable(),
        ColumnSpec::instant("tokens_leased_until").nullable(),
        ColumnSpec::big_integer("tokens_revision").nullable(),
    ],
)
.outliving(Outlives::EveryChangeButReset)
.signing_in();

const FIND: &str = "SELECT {account} FROM {+connections} JOIN {table} \
    ON {table}.{id} = {owner +connections account_id} WHERE {+connections}.digest = :digest \
    AND {+connections}.auth_epoch = {table}.{stamp}";

const USE: &str = "UPDATE {+connections} SET last_used_at = :now WHERE digest = :digest";

// The account is gone, or another account has its key.
const FORGET_ORPHAN: &str = "DELETE FROM {+connections} WHERE digest = :digest AND NOT EXISTS \
    (SELECT 1 FROM {table} WHERE {table}.{id} = {owner +connections account_id} \
    AND {table}.{stamp} = {+connections}.auth_epoch)";

const INSERT: &str = "INSERT INTO {+connections} (digest, account_id, provider, issuer, subject, \
    address, auth_epoch, created_at, last_used_at) VALUES (:digest, :account, :provider, :issuer, \
    :subject, :address, :stamp, :now, :now)";

// Changes the time only, and locks the row.
const LOCK_ACCOUNT: &str = "UPDATE {table} SET {updated} = {:time updated} \
    WHERE {id} = {:account id} AND {version} = :version AND {stamp} = :stamp AND {is active}";

const LOCKED: &str = "SELECT {account}, {read hash} FROM {table} WHERE {id} = {:account id}";

const COUNT_OF_ISSUER: &str = "SELECT COUNT(*) FROM {+connections} \
    WHERE account_id = :account AND auth_epoch = :stamp AND issuer = :issuer AND digest <> :digest";

const LIST: &str = "SELECT digest, provider, issuer, subject, address, created_at, last_used_at \
    FROM {+connections} WHERE account_id = :account AND auth_epoch = :stamp \
    ORDER BY created_at, digest";

const COUNT_VERSION_UP: &str = "UPDATE {table} SET {version} = {version} + 1, \
    {updated} = {:time updated} WHERE {id} = {:account id} AND {version} = :version \
    AND {stamp} = :stamp AND {is active}";

const REMOVE: &str = "DELETE FROM {+connections} WHERE digest = :digest \
    AND account_id = :account AND auth_epoch = :stamp";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> ConnectionStore<U> for SqlStore<DB, U> {
    async fn find(&self, person: &ConnectionId) -> Result<Option<Account<U>>, StoreError> {
        let row = self.row(self.query(FIND).bind_bytes("digest", person.as_bytes())).await?;
        Ok(row.map(|row| rows::account::<DB, U>(&row)).transpose()?)
    }

    async fn record_use(
        &self,
        person: &ConnectionId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let query = self.query(USE).bind_bytes("digest", person.as_bytes());
        self.execute(query.bind_instant("now", now)).await?;
        Ok(())
    }

    async fn forget_orphan(&self, person: &ConnectionId) -> Result<(), StoreError> {
        self.execute(self.query(FORGET_ORPHAN).bind_bytes("digest", person.as_bytes())).await?;
        Ok(())
    }

    async fn create(
        &self,
        account: NewAccount<U>,
        connection: &NewConnection,
    ) -> Result<CreatedConnected<U::Id>, StoreError> {
        let stamp = account.security_stamp;
        let created = self.create_verified(&account, |id| {
            let insert = self.of_connection(INSERT, connection);
            insert.bind("account", id.clone()).bind("stamp", stamp)
        });
        Ok(match created.await? {
            CreatedWith::Account(created) => CreatedConnected::Account(created),
            CreatedWith::OtherTaken => CreatedConnected::Connected,
        })
    }

    async fn connect(
        &self,
        account: &Account<U>,
        connection: &NewConnection,
        alone: bool,
    ) -> Result<Connecting, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let lock = self.of_account(LOCK_ACCOUNT, account);
            if tx.execute(lock.bind_time("time", connection.now)).await? == 0 {
                return tx.roll_back(Connecting::Changed).await;
            }
            let row = tx.row(self.of_account(LOCKED, account)).await?;
            let row = row.ok_or(sqlx::Error::RowNotFound)?;
            let locked = rows::account::<DB, U>(&row)?;
            // The address is the reason to connect an account that nobody asked to connect.
            let has_moved = alone && locked.contact_key() != account.contact_key();
            if !locked.is_verified || has_moved {
                return tx.roll_back(Connecting::Changed).await;
            }
            let of_issuer = self.of_account(COUNT_OF_ISSUER, account);
            let of_issuer = of_issuer.bind("issuer", connection.issuer.clone());
            let of_issuer = of_issuer.bind_bytes("digest", connection.id.as_bytes());
            if alone && count(&mut tx, of_issuer).await? > 0 {
                return tx.roll_back(Connecting::NotAlone).await;
            }
            if !self.insert_connection(&mut tx, account, connection).await? {
                return tx.roll_back(Connecting::Taken).await;
            }
            self.commit(tx, account.user.id()).await?;
            Ok(Connecting::Done)
        })
        .await
    }

    async fn claim(
        &self,
        account: &Account<U>,
        connection: &NewConnection,
        unusable: &PasswordHash,
    ) -> Result<Option<Account<U>>, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let claimed = self.claim_in(&mut tx, account, unusable, connection.now).await?;
            let Some(claimed) = claimed else { return tx.roll_back(None).await };
            if !self.insert_connection(&mut tx, account, connection).await? {
                return tx.roll_back(None).await;
            }
            self.commit(tx, account.user.id()).await?;
            Ok(Some(claimed))
        })
        .await
    }

    async fn list(&self, account: &Account<U>) -> Result<Vec<Connection>, StoreError> {
        let rows = self.rows(self.of_account(LIST, account)).await?;
        rows.iter().map(|row| Ok(connection::<DB>(row)?)).collect()
    }

    async fn disconnect(
        &self,
        account: &Account<U>,
        connection: &ConnectionId,
        now: DateTime<Utc>,
    ) -> Result<Disconnecting<U>, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let about = |template| {
                self.of_account(template, account).bind_bytes("digest", connection.as_bytes())
            };
            let count_up = about(COUNT_VERSION_UP).bind_time("time", now);
            if tx.execute(count_up).await? == 0 {
                return tx.roll_back(Disconnecting::Changed).await;
            }
            if tx.execute(about(REMOVE)).await? == 0 {
                return tx.roll_back(Disconnecting::NotFound).await;
            }
            let row = tx.row(about(LOCKED)).await?.ok_or(sqlx::Error::RowNotFound)?;
            let (_, hash) = rows::account_with_hash::<DB, U>(&row)?;
            if !hash.is_usable() && !self.has_way_in(&mut tx, account).await? {
                return tx.roll_back(Disconnecting::LastWayIn).await;
            }
            let id = account.user.id();
            self.sweep(&mut tx, id, |table| table.outlives == Outlives::Nothing).await?;
            self.commit(tx, id).await?;
            Ok(Disconnecting::Done(account.next()))
        })
        .await
    }

    async fn tokens(&self, account: &Account<U>) -> Result<Vec<KeptTokens>, StoreError> {
        let rows = self.rows(self.of_account(TOKENS, account)).await?;
        rows.iter().map(|row| Ok(kept_tokens::<DB>(row)?)).collect()
    }

    async fn replace_tokens(
        &self,
        account: &Account<U>,
        revision: i64,
        next: &KeptTokens,
    ) -> Result<bool, StoreError> {
        let sealed = next.sealed.as_ref().map(|sealed| sealed.as_bytes().to_vec());
        let leased_until = next.leased_until.map(|until| until.timestamp_millis());
        let query = self
            .of_account(REPLACE_TOKENS, account)
            .bind_bytes("digest", next.connection.as_bytes())
            .bind("tokens", sealed)
            .bind("leased_until", leased_until)
            .bind("next", next.revision)
            .bind("revision", revision);
        Ok(self.execute(query).await? == 1)
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// A statement about an account in its present state.
    fn of_account(&self, template: &'static str, account: &Account<U>) -> Query<DB> {
        self.query(template)
            .bind("account", account.user.id().clone())
            .bind("version", account.state.version)
            .bind("stamp", account.state.security_stamp)
    }

    /// A statement about a new connection.
    fn of_connection(&self, template: &'static str, connection: &NewConnection) -> Query<DB> {
        self.query(template)
            .bind_bytes("digest", connection.id.as_bytes())
            .bind("provider", connection.provider.clone())
            .bind("issuer", connection.issuer.clone())
            .bind("subject", connection.subject.clone())
            .bind("address", connection.address.clone())
            .bind_instant("now", connection.now)
    }

    /// Returns `false` if the person is connected already.
    async fn insert_connection(
        &self,
        tx: &mut Transaction<DB>,
        account: &Account<U>,
        connection: &NewConnection,
    ) -> Result<bool, sqlx::Error> {
        let insert = self
            .of_connection(INSERT, connection)
            .bind("account", account.user.id().clone())
            .bind("stamp", account.state.security_stamp);
        match tx.execute(insert).await {
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => Ok(false),
            result => result.map(|_| true),
        }
    }
}

async fn count<DB: Backend>(
    tx: &mut Transaction<DB>,
    query: Query<DB>,
) -> Result<i64, sqlx::Error> {
    let row = tx.row(query).await?.ok_or(sqlx::Error::RowNotFound)?;
    rows::take::<DB, _>(&row, 0)
}

fn connection<DB: Backend>(row: &DB::Row) -> Result<Connection, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let bytes = |bytes: &[u8]| bytes.try_into().ok().map(ConnectionId::from_bytes);
    Ok(Connection {
        id: columns.digest(bytes)?,
        provider: columns.next()?,
        issuer: columns.next()?,
        subject: columns.next()?,
        address: columns.next()?,
        created_at: columns.instant()?,
        last_used_at: columns.instant()?,
    })
}
