//! Trusted browsers in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{Trust, TrustStore};
use crate::model::{Account, TrustDigest};
use crate::sql::rows::Columns;
use crate::sql::{AuthRow, Backend, ColumnSpec, SqlStore, TableSpec};
use crate::store_error::StoreError;

/// Trusted browsers, one row for each account and browser.
pub const TRUSTED_BROWSERS: TableSpec = TableSpec::new(
    "browser_trusts",
    "digest",
    &[
        ColumnSpec::owner(),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::text("user_agent", 512).nullable(),
        ColumnSpec::instant("created_at"),
        ColumnSpec::expiry(),
    ],
);

const INSERT: &str = "INSERT INTO {+browser_trusts} (digest, user_id, token_version, auth_epoch, \
    user_agent, created_at, expires_at) VALUES (:digest, :account, :version, :stamp, :user_agent, \
    :now, :expires_at)";

const LIST: &str = "SELECT digest, user_agent, created_at, expires_at FROM {+browser_trusts} \
    WHERE user_id = :account AND expires_at > :now AND token_version = :version \
    AND auth_epoch = :stamp ORDER BY created_at DESC LIMIT 100";

const REMOVE: &str = "DELETE FROM {+browser_trusts} WHERE digest = :digest AND user_id = :account";

const REMOVE_ALL: &str = "DELETE FROM {+browser_trusts} WHERE user_id = :account \
    AND token_version = :version AND auth_epoch = :stamp";

#[async_trait]
impl<DB: Backend, U: AuthRow<DB>> TrustStore<U> for SqlStore<DB, U> {
    async fn trust(&self, account: &Account<U>, trust: &Trust) -> Result<(), StoreError> {
        let insert = self
            .valid_of(INSERT, account, trust.created_at)
            .bind_bytes("digest", trust.digest.as_bytes())
            .bind("user_agent", trust.user_agent.clone())
            .bind_instant("expires_at", trust.expires_at);
        self.execute_recorded(insert).await?;
        Ok(())
    }

    async fn trusts(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Trust>, StoreError> {
        let rows = self.rows(self.valid_of(LIST, account, now)).await?;
        Ok(rows.iter().map(trust::<DB>).collect::<Result<_, _>>()?)
    }

    async fn distrust(
        &self,
        account: &Account<U>,
        digest: &TrustDigest,
    ) -> Result<bool, StoreError> {
        let remove = self.in_state(REMOVE, account).bind_bytes("digest", digest.as_bytes());
        Ok(self.execute_recorded(remove).await? == 1)
    }

    async fn distrust_all(&self, account: &Account<U>) -> Result<u64, StoreError> {
        self.execute_recorded(self.in_state(REMOVE_ALL, account)).await
    }
}

fn trust<DB: Backend>(row: &DB::Row) -> Result<Trust, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    Ok(Trust {
        digest: columns.digest(TrustDigest::from_bytes)?,
        user_agent: columns.next()?,
        created_at: columns.instant()?,
        expires_at: columns.instant()?,
    })
}
