//! Second factors in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{Authenticator, Enrolment, FactorStore, Guesser};
use crate::model::digest::sha256;
use crate::model::{Account, RecoveryCodeDigest, Sealed};
use crate::sql::engine::retrying;
use crate::sql::rows::{self, Columns};
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, ColumnSpec, Outlives, Query, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;

/// Authenticators, one row for each account.
pub const AUTHENTICATORS: TableSpec = TableSpec::new(
    "authenticators",
    "digest",
    &[
        ColumnSpec::owner(),
        ColumnSpec::bytes("secret", Sealed::MOST),
        ColumnSpec::integer("token_version"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("confirmed_at").nullable(),
        ColumnSpec::big_integer("last_step").nullable(),
        ColumnSpec::integer("failures"),
        ColumnSpec::integer("right_codes"),
        ColumnSpec::digest("right_by").nullable(),
    ],
)
.outliving(Outlives::EveryChange);

/// Recovery codes.
pub const RECOVERY_CODES: TableSpec = TableSpec::new(
    "recovery_codes",
    "digest",
    &[ColumnSpec::owner(), ColumnSpec::instant("created_at")],
)
.outliving(Outlives::EveryChange);

const FIND: &str = "SELECT secret, token_version, created_at, confirmed_at, last_step, failures, \
    right_codes, right_by FROM {+authenticators} WHERE digest = :digest";

const REPLACE_PENDING: &str = "UPDATE {+authenticators} SET secret = :secret, \
    token_version = :version, created_at = :now WHERE digest = :digest AND confirmed_at IS NULL";

pub(super) const FORGET_PENDING: &str =
    "DELETE FROM {+authenticators} WHERE digest = :digest AND confirmed_at IS NULL";

pub(super) const INSERT: &str = "INSERT INTO {+authenticators} (digest, user_id, secret, token_version, \
    created_at, confirmed_at, last_step, failures, right_codes) VALUES (:digest, :account, :secret, \
    :version, :now, :confirmed_at, :step, 0, 0)";

const NEXT_VERSION: &str = "UPDATE {table} SET {version} = {version} + 1, {updated} = {:time updated} \
    WHERE {id} = {:account id} AND {version} = :version AND {stamp} = :stamp AND {is active}";

const NEXT_VERSION_OF_ANY: &str = "UPDATE {table} SET {version} = {version} + 1, \
    {updated} = {:time updated} WHERE {id} = {:account id} AND {version} = :version \
    AND {stamp} = :stamp";

const REMOVE: &str = "DELETE FROM {+authenticators} WHERE digest = :digest";

const CLAIM: &str = "UPDATE {+authenticators} SET last_step = :step, failures = 0, right_codes = 0 \
    WHERE digest = :digest AND confirmed_at IS NOT NULL \
    AND (last_step IS NULL OR last_step < :step) AND (failures < :max_failures OR (right_codes >= 2 AND right_by = :guesser))";

const RECORD_RIGHT: &str = "UPDATE {+authenticators} SET last_step = :step, \
    right_codes = CASE WHEN right_by = :guesser THEN right_codes + 1 ELSE 1 END, \
    right_by = :guesser WHERE digest = :digest AND confirmed_at IS NOT NULL \
    AND (last_step IS NULL OR last_step < :step)";

const RECORD_FAILURE: &str = "UPDATE {+authenticators} SET failures = failures + 1, \
    right_codes = CASE WHEN right_by = :guesser THEN 0 ELSE right_codes END \
    WHERE digest = :digest AND confirmed_at IS NOT NULL";

const FAILURES: &str = "SELECT failures FROM {+authenticators} WHERE digest = :digest";

// Changes nothing, and locks the row.
const LOCK: &str = "UPDATE {+authenticators} SET failures = failures \
    WHERE digest = :digest AND confirmed_at IS NOT NULL";

const FORGET_FAILURES: &str =
    "UPDATE {+authenticators} SET failures = 0, right_codes = 0 WHERE digest = :digest";

const RENEW: &str =
    "UPDATE {+authenticators} SET secret = :new WHERE digest = :digest AND secret = :old";

const ADD_CODE: &str = "INSERT INTO {+recovery_codes} (digest, user_id, created_at) \
    VALUES (:code, :account, :now)";

const HAS_CODE: &str =
    "SELECT COUNT(*) FROM {+recovery_codes} WHERE digest = :code AND user_id = :account";

const SPEND_CODE: &str =
    "DELETE FROM {+recovery_codes} WHERE digest = :code AND user_id = :account";

const REMOVE_CODES: &str = "DELETE FROM {+recovery_codes} WHERE user_id = :account";

const COUNT_CODES: &str = "SELECT COUNT(*) FROM {+recovery_codes} WHERE user_id = :account";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> FactorStore<U> for SqlStore<DB, U> {
    async fn find(&self, account: &Account<U>) -> Result<Option<Authenticator>, StoreError> {
        let row = self.row(self.of(FIND, account)).await?;
        Ok(row.map(|row| authenticator::<DB>(&row)).transpose()?)
    }

    async fn store_pending(
        &self,
        account: &Account<U>,
        secret: &Sealed,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let bound = |template| {
            let query = self.of(template, account).bind_instant("now", now);
            query.bind_bytes("secret", secret.as_bytes())
        };
        // Another request may insert the row between the two statements: then it is replaced.
        for _ in 0..2 {
            if self.execute(bound(REPLACE_PENDING)).await? == 1 {
                return Ok(true);
            }
            let insert = bound(INSERT).bind("confirmed_at", None::<i64>).bind("step", None::<i64>);
            match self.execute_once(insert.call()).await {
                Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {}
                result => return Ok(result.map(|_| true)?),
            }
        }
        Ok(false)
    }

    async fn enrol(
        &self,
        account: &Account<U>,
        enrolment: &Enrolment,
    ) -> Result<Option<Account<U>>, StoreError> {
        let Enrolment { secret, step, recovery_codes, now } = enrolment;
        retrying(|| async {
            let mut tx = self.begin().await?;
            if !self.count_version_up(&mut tx, NEXT_VERSION, account, *now).await? {
                return tx.roll_back(None).await;
            }
            tx.execute(self.of(FORGET_PENDING, account)).await?;
            let insert = self
                .of(INSERT, account)
                .bind_bytes("secret", secret.as_bytes())
                .bind_instant("now", *now)
                .bind("confirmed_at", Some(now.timestamp_millis()))
                .bind("step", Some(*step));
            match tx.execute(insert).await {
                Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                    return tx.roll_back(None).await;
                }
                result => result?,
            };
            self.store_codes(&mut tx, account, recovery_codes, *now).await?;
            self.commit(tx, account.user.id()).await?;
            Ok(Some(account.next()))
        })
        .await
    }

    async fn remove(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            if !self.count_version_up(&mut tx, NEXT_VERSION_OF_ANY, account, now).await? {
                return tx.roll_back(None).await;
            }
            tx.execute(self.of(REMOVE, account)).await?;
            tx.execute(self.of(REMOVE_CODES, account)).await?;
            self.commit(tx, account.user.id()).await?;
            Ok(Some(account.next()))
        })
        .await
    }

    async fn claim_step(
        &self,
        account: &Account<U>,
        step: i64,
        guesser: &Guesser,
        max_failures: u32,
    ) -> Result<bool, StoreError> {
        let query = self.of(CLAIM, account).bind("step", step);
        let query = query.bind_bytes("guesser", guesser.as_bytes());
        let query = query.bind("max_failures", i64::from(max_failures));
        Ok(self.execute(query).await? == 1)
    }

    async fn record_right_code(
        &self,
        account: &Account<U>,
        step: i64,
        guesser: &Guesser,
    ) -> Result<(), StoreError> {
        let query = self.of(RECORD_RIGHT, account).bind("step", step);
        self.execute(query.bind_bytes("guesser", guesser.as_bytes())).await?;
        Ok(())
    }

    async fn record_failure(
        &self,
        account: &Account<U>,
        guesser: &Guesser,
    ) -> Result<u32, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let record = self.of(RECORD_FAILURE, account);
            tx.execute(record.bind_bytes("guesser", guesser.as_bytes())).await?;
            let row = tx.row(self.of(FAILURES, account)).await?.ok_or(sqlx::Error::RowNotFound)?;
            let failures: i32 = rows::take::<DB, _>(&row, 0)?;
            tx.commit().await?;
            Ok(failures.unsigned_abs())
        })
        .await
    }

    async fn renew_secret(
        &self,
        account: &Account<U>,
        old: &Sealed,
        new: &Sealed,
    ) -> Result<(), StoreError> {
        let query = self.of(RENEW, account).bind_bytes("old", old.as_bytes());
        self.execute(query.bind_bytes("new", new.as_bytes())).await?;
        Ok(())
    }

    async fn has_recovery_code(
        &self,
        account: &Account<U>,
        code: &RecoveryCodeDigest,
    ) -> Result<bool, StoreError> {
        Ok(self.count(self.of(HAS_CODE, account).bind_bytes("code", code.as_bytes())).await? == 1)
    }

    async fn spend_recovery_code(
        &self,
        account: &Account<U>,
        code: &RecoveryCodeDigest,
    ) -> Result<bool, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let spend = self.of(SPEND_CODE, account).bind_bytes("code", code.as_bytes());
            if tx.execute(spend).await? == 0 {
                return tx.roll_back(false).await;
            }
            tx.execute(self.of(FORGET_FAILURES, account)).await?;
            self.commit(tx, account.user.id()).await?;
            Ok(true)
        })
        .await
    }

    async fn replace_recovery_codes(
        &self,
        account: &Account<U>,
        codes: &[RecoveryCodeDigest],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            if tx.execute(self.of(LOCK, account)).await? == 0 {
                return tx.roll_back(false).await;
            }
            self.store_codes(&mut tx, account, codes, now).await?;
            self.commit(tx, account.user.id()).await?;
            Ok(true)
        })
        .await
    }

    async fn recovery_codes(&self, account: &Account<U>) -> Result<u64, StoreError> {
        self.count(self.of(COUNT_CODES, account)).await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// A statement about the factors of an account.
    pub(super) fn of(&self, template: &'static str, account: &Account<U>) -> Query<DB> {
        // Bound to the stamp, too: an account that gets the key of a deleted one has no factor.
        let digest = sha256(&[b"authenticator", account.counter_key().as_bytes()]);
        self.query(template)
            .bind_bytes("digest", &digest)
            .bind("account", account.user.id().clone())
            .bind("version", account.state.version)
            .bind("stamp", account.state.security_stamp)
    }

    async fn count(&self, query: Query<DB>) -> Result<u64, StoreError> {
        let row = self.row(query).await?.ok_or(sqlx::Error::RowNotFound)?;
        let count: i64 = rows::take::<DB, _>(&row, 0)?;
        Ok(count.unsigned_abs())
    }

    /// Invalidates the credentials of an account. Returns `false` if it has changed meanwhile.
    async fn count_version_up(
        &self,
        tx: &mut Transaction<DB>,
        template: &'static str,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        if tx.execute(self.of(template, account).bind_time("time", now)).await? == 0 {
            return Ok(false);
        }
        self.sweep(tx, account.user.id(), |table| table.outlives == Outlives::Nothing).await?;
        Ok(true)
    }

    pub(super) async fn store_codes(
        &self,
        tx: &mut Transaction<DB>,
        account: &Account<U>,
        codes: &[RecoveryCodeDigest],
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        tx.execute(self.of(REMOVE_CODES, account)).await?;
        for code in codes {
            let add = self.of(ADD_CODE, account).bind_bytes("code", code.as_bytes());
            tx.execute(add.bind_instant("now", now)).await?;
        }
        Ok(())
    }
}

fn authenticator<DB: Backend>(row: &DB::Row) -> Result<Authenticator, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    Ok(Authenticator {
        secret: Sealed::from_bytes(columns.next()?),
        version: columns.next()?,
        created_at: columns.instant()?,
        confirmed_at: columns.optional_instant()?,
        last_step: columns.next()?,
        failures: columns.next::<i32>()?.unsigned_abs(),
        right_codes: columns.next::<i32>()?.unsigned_abs(),
        right_by: columns.next()?,
    })
}
