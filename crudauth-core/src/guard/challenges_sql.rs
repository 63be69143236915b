//! Challenges in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::challenges::{ChallengeRecord, ChallengeStore};
use crate::model::ChallengeDigest;
use crate::sql::engine::retrying;
use crate::sql::rows::take;
use crate::sql::{Backend, ColumnSpec, Engine, TableSpec};
use crate::store_error::StoreError;

/// Challenges of unfinished sign-ins.
pub const CHALLENGES: TableSpec = TableSpec::new(
    "challenges",
    "digest",
    &[
        ColumnSpec::bytes("value", 16 * 1024),
        ColumnSpec::instant("created_at"),
        ColumnSpec::expiry(),
    ],
);

const INSERT: &str = "INSERT INTO {+challenges} (digest, value, created_at, expires_at) \
    VALUES (:digest, :value, :now, :expires_at)";

const FIND: &str = "SELECT value FROM {+challenges} WHERE digest = :digest AND expires_at > :now";

const LOCK: &str =
    "SELECT value FROM {+challenges} WHERE digest = :digest AND expires_at > :now{for update}";

const DELETE: &str = "DELETE FROM {+challenges} WHERE digest = :digest AND expires_at > :now";

#[async_trait]
impl<DB: Backend> ChallengeStore for Engine<DB> {
    async fn insert(&self, challenge: ChallengeRecord) -> Result<(), StoreError> {
        let query = self
            .query(INSERT)
            .bind_bytes("digest", challenge.digest.as_bytes())
            .bind("value", challenge.value)
            .bind_instant("now", challenge.created_at)
            .bind_instant("expires_at", challenge.expires_at);
        self.execute(query).await?;
        Ok(())
    }

    async fn find(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let query =
            self.query(FIND).bind_bytes("digest", digest.as_bytes()).bind_instant("now", now);
        let row = self.row(query).await?;
        Ok(row.map(|row| take::<DB, Vec<u8>>(&row, 0)).transpose()?)
    }

    async fn take(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        retrying(|| async {
            let bound = |template| {
                let query = self.query(template).bind_bytes("digest", digest.as_bytes());
                query.bind_instant("now", now)
            };
            let mut tx = self.begin().await?;
            let Some(row) = tx.row(bound(LOCK)).await? else { return tx.roll_back(None).await };
            let value: Vec<u8> = take::<DB, _>(&row, 0)?;
            if tx.execute(bound(DELETE)).await? == 0 {
                return tx.roll_back(None).await;
            }
            tx.commit().await?;
            Ok(Some(value))
        })
        .await
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.purge_table(&CHALLENGES, now, limit).await
    }
}
