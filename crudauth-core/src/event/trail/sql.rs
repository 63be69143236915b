//! The trail in the app's database.

use async_trait::async_trait;

use super::record::digest;
use super::store::{AuditStore, ChainRow};
use super::{AuditRecord, Link, Record, Recording};
use crate::model::{AccountId, AuthUser, Mac, parse_id};
use crate::sql::engine::{retrying, retrying_sql};
use crate::sql::rows::Columns;
use crate::sql::transaction::Transaction;
use crate::sql::{
    Backend, Call, ColumnSpec, Engine, Outlives, Query, Running, SqlStore, Stores, TableSpec,
};
use crate::store_error::StoreError;

/// Events of accounts. The key is a digest of the account and the number of the row.
pub const TABLE: TableSpec = TableSpec::new(
    "audit",
    "digest",
    &[
        ColumnSpec::owner(),
        ColumnSpec::big_integer("seq"),
        ColumnSpec::integer("version"),
        ColumnSpec::text("kind", 64),
        ColumnSpec::text("actor", 255).nullable(),
        ColumnSpec::text("client", 64).nullable(),
        ColumnSpec::text("user_agent", 512).nullable(),
        ColumnSpec::text("credential", 64).nullable(),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("ends_at").nullable(),
        ColumnSpec::expiry(),
        ColumnSpec::digest("prior_mac").nullable(),
        ColumnSpec::instant("prior_expires_at").nullable(),
        ColumnSpec::digest("mac"),
    ],
)
.ordered_by("seq")
.outliving(Outlives::Deletion);

// The row of an account is the lock of its chain. A deleted account has none.
const LOCK: &str = "SELECT {read id} FROM {table} WHERE {id} = {:account id}{for update}";

const LAST: &str = "SELECT seq, mac, expires_at FROM {+audit} WHERE user_id = :account \
    ORDER BY seq DESC LIMIT 1";

const INSERT: &str = "INSERT INTO {+audit} (digest, user_id, seq, version, kind, actor, client, \
    user_agent, credential, created_at, ends_at, expires_at, prior_mac, prior_expires_at, mac) VALUES \
    (:digest, :account, :seq, :version, :kind, :actor, :client, :user_agent, :credential, :now, \
    :ends_at, :expires_at, :prior_mac, :prior_expires_at, :mac)";

const OWN: &str = "SELECT seq, kind, actor, client, user_agent, credential, created_at, ends_at \
    FROM {+audit} WHERE user_id = :account AND seq < :before AND seq > COALESCE((SELECT MAX(seq) \
    FROM {+audit} WHERE user_id = :account AND kind = 'account-deleted'), 0) AND seq >= \
    COALESCE((SELECT MAX(seq) FROM {+audit} WHERE user_id = :account AND kind IN \
    ('registered', 'registered-with-provider', 'registered-by-mail')), 0) ORDER BY seq DESC LIMIT 101";

const ALL: &str = "SELECT seq, kind, actor, client, user_agent, credential, created_at, ends_at \
    FROM {+audit} WHERE user_id = :account AND seq < :before ORDER BY seq DESC LIMIT 101";

const CHAIN: &str = "SELECT seq, kind, actor, client, user_agent, credential, created_at, ends_at, version, \
    expires_at, prior_mac, prior_expires_at, mac FROM {+audit} WHERE user_id = :account \
    AND seq > :after ORDER BY seq LIMIT 500";

const FIRST_ACCOUNTS: &str = "SELECT DISTINCT user_id FROM {+audit} ORDER BY user_id LIMIT 101";

const ACCOUNTS: &str = "SELECT DISTINCT user_id FROM {+audit} WHERE user_id > :after \
    ORDER BY user_id LIMIT 101";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthUser> AuditStore<U> for Engine<DB> {
    async fn append(&self, recording: &Recording) -> Result<(), StoreError> {
        let account = account_of::<U::Id>(recording).ok_or_else(|| {
            StoreError::failed("the key of an account cannot be read back from its text")
        })?;
        retrying(|| async {
            let mut tx = self.begin().await?;
            self.add(&mut tx, &account, recording).await?;
            tx.commit().await
        })
        .await
    }

    async fn own(&self, account: &U::Id, before: i64) -> Result<Vec<AuditRecord>, StoreError> {
        self.page_of(OWN, account, before).await
    }

    async fn all(&self, account: &U::Id, before: i64) -> Result<Vec<AuditRecord>, StoreError> {
        self.page_of(ALL, account, before).await
    }

    async fn chain(&self, account: &U::Id, after: i64) -> Result<Vec<ChainRow>, StoreError> {
        let query = self.query(CHAIN).bind("account", account.clone()).bind("after", after);
        let rows = self.rows(query).await?;
        let read = |row: &DB::Row| row_of(&mut Columns::<DB>::new(row, 0)).map(ChainRow);
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn accounts(&self, after: Option<&U::Id>) -> Result<Vec<U::Id>, StoreError> {
        let query = match after {
            Some(id) => self.query(ACCOUNTS).bind("after", id.clone()),
            None => self.query(FIRST_ACCOUNTS),
        };
        let rows = self.rows(query).await?;
        let read = |row: &DB::Row| Columns::<DB>::new(row, 0).next();
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthUser> SqlStore<DB, U> {
    /// Runs one statement that changes an account or its credentials, together with the event that
    /// the current task records, if any. Returns the number of rows.
    pub(crate) async fn execute_recorded(&self, query: Query<DB>) -> Result<u64, StoreError> {
        Ok(self.execute_recorded_sql(query).await?)
    }

    /// As [`execute_recorded`](Self::execute_recorded), with the error of the database.
    pub(crate) fn execute_recorded_sql(&self, query: Query<DB>) -> Running<'_, u64> {
        self.execute_in_trail_of::<U::Id>(query)
    }

    /// Commits a change of an account, together with the event that the current task records, if any.
    pub(crate) fn commit<'a>(&'a self, tx: Transaction<DB>, account: &'a U::Id) -> Running<'a, ()> {
        self.engine().commit(tx, account)
    }

    /// As [`commit`](Self::commit), with the event only if there was such an account. Returns that.
    pub(crate) async fn commit_if(
        &self,
        exists: bool,
        tx: Transaction<DB>,
        account: &U::Id,
    ) -> Result<bool, sqlx::Error> {
        if exists {
            self.commit(tx, account).await?;
        } else {
            tx.commit().await?;
        }
        Ok(exists)
    }
}

// Generic over the key and not over the user struct, so that it is compiled once for each key.
impl<DB: Backend> Engine<DB> {
    /// As [`SqlStore::commit`], for any type of key.
    pub(crate) fn commit<'a, Id: AccountId>(
        &'a self,
        mut tx: Transaction<DB>,
        account: &'a Id,
    ) -> Running<'a, ()>
    where
        DB: Stores<Id>,
    {
        let Some(recording) = Recording::current() else { return tx.commit() };
        Box::pin(async move {
            self.add(&mut tx, account, &recording).await?;
            tx.commit().await?;
            recording.set_written();
            Ok(())
        })
    }

    /// Runs one statement, together with the event that the current task records, if any.
    pub(crate) fn execute_in_trail_of<Id: AccountId>(&self, query: Query<DB>) -> Running<'_, u64>
    where
        DB: Stores<Id>,
    {
        let account = Recording::current().and_then(|recording| account_of::<Id>(&recording));
        let Some(account) = account else { return self.execute_sql(query) };
        Box::pin(retrying_sql(move || self.execute_in_trail(query.call(), account.clone())))
    }

    async fn execute_in_trail<Id: AccountId>(
        &self,
        call: Call<DB>,
        account: Id,
    ) -> Result<u64, sqlx::Error>
    where
        DB: Stores<Id>,
    {
        let mut tx = self.begin().await?;
        // The account first, as in all transactions.
        self.lock(&mut tx, &account).await?;
        let changed = tx.execute_call(call).await?;
        if changed == 0 {
            return tx.roll_back(0).await;
        }
        self.commit(tx, &account).await?;
        Ok(changed)
    }

    async fn lock<Id: AccountId>(
        &self,
        tx: &mut Transaction<DB>,
        account: &Id,
    ) -> Result<(), sqlx::Error>
    where
        DB: Stores<Id>,
    {
        tx.row(self.query(LOCK).bind("account", account.clone())).await.map(drop)
    }

    /// Adds a row to the end of the chain.
    async fn add<Id: AccountId>(
        &self,
        tx: &mut Transaction<DB>,
        account: &Id,
        recording: &Recording,
    ) -> Result<(), sqlx::Error>
    where
        DB: Stores<Id>,
    {
        self.lock(tx, account).await?;
        let last = tx.row(self.query(LAST).bind("account", account.clone())).await?;
        let last = last.map(|row| link_of(&mut Columns::<DB>::new(&row, 0))).transpose()?;
        let key = account.to_string();
        let record = recording.seal.record(&key, &recording.event, last);
        let Record { version, shown, expires_at, prior, mac } = record;
        let insert = self
            .query(INSERT)
            .bind_bytes("digest", &digest(&key, shown.seq))
            .bind("account", account.clone())
            .bind("seq", shown.seq)
            .bind("version", version)
            .bind("kind", shown.kind)
            .bind("actor", shown.actor)
            .bind("client", shown.client)
            .bind("user_agent", shown.user_agent)
            .bind("credential", shown.credential)
            .bind_instant("now", shown.at)
            .bind("ends_at", shown.ends_at.map(|at| at.timestamp_millis()))
            .bind_instant("expires_at", expires_at)
            .bind("prior_mac", prior.map(|(mac, _)| mac.as_bytes().to_vec()))
            .bind("prior_expires_at", prior.map(|(_, at)| at.timestamp_millis()))
            .bind_bytes("mac", mac.as_bytes());
        tx.execute(insert).await?;
        Ok(())
    }

    async fn page_of<Id: AccountId>(
        &self,
        template: &'static str,
        account: &Id,
        before: i64,
    ) -> Result<Vec<AuditRecord>, StoreError>
    where
        DB: Stores<Id>,
    {
        let query = self.query(template).bind("account", account.clone()).bind("before", before);
        let rows = self.rows(query).await?;
        let read = |row: &DB::Row| shown_of(&mut Columns::<DB>::new(row, 0));
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

fn account_of<Id: AccountId>(recording: &Recording) -> Option<Id> {
    parse_id(recording.event.account.as_deref()?)
}

fn link_of<DB: Backend>(columns: &mut Columns<'_, DB>) -> Result<Link, sqlx::Error> {
    Ok(Link {
        seq: columns.next()?,
        mac: columns.digest(Mac::from_bytes)?,
        expires_at: columns.instant()?,
    })
}

fn shown_of<DB: Backend>(columns: &mut Columns<'_, DB>) -> Result<AuditRecord, sqlx::Error> {
    Ok(AuditRecord {
        seq: columns.next()?,
        kind: columns.next()?,
        actor: columns.next()?,
        client: columns.next()?,
        user_agent: columns.next()?,
        credential: columns.next()?,
        at: columns.instant()?,
        ends_at: columns.optional_instant()?,
    })
}

fn row_of<DB: Backend>(columns: &mut Columns<'_, DB>) -> Result<Record, sqlx::Error> {
    let shown = shown_of(columns)?;
    let version = columns.next()?;
    let expires_at = columns.instant()?;
    let prior_mac: Option<Vec<u8>> = columns.next()?;
    let prior_expires_at = columns.optional_instant()?;
    let prior_mac = prior_mac.and_then(|bytes| Mac::from_bytes(&bytes));
    Ok(Record {
        version,
        shown,
        expires_at,
        prior: prior_mac.zip(prior_expires_at),
        mac: columns.digest(Mac::from_bytes)?,
    })
}
