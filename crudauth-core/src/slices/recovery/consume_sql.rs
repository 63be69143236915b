//! Applies and consumes a one-time token, in the transaction of its effect.

use chrono::{DateTime, Utc};

use super::store::OneTimeTokenRecord;
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, Query, SqlStore, Stores};

const USE: &str = "UPDATE {+one_time_tokens} SET used_at = :now \
    WHERE digest = :digest AND purpose = :purpose AND used_at IS NULL AND expires_at > :now";

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Applies a token to its account, if the account still has the state of the token.
    pub(super) fn effect(
        &self,
        template: &'static str,
        token: &OneTimeTokenRecord<U>,
        now: DateTime<Utc>,
    ) -> Query<DB> {
        self.query(template)
            .bind_time("now", now)
            .bind("account", token.account.user.id().clone())
            .bind("bound_to", token.bound_to.clone())
            .bind("version", token.version)
            .bind("stamp", token.account.state.security_stamp)
    }

    /// Returns `true` if this transaction is the one that consumes the token.
    pub(super) async fn consume(
        &self,
        tx: &mut Transaction<DB>,
        token: &OneTimeTokenRecord<U>,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        let query = self
            .query(USE)
            .bind_instant("now", now)
            .bind_bytes("digest", token.digest.as_bytes())
            .bind("purpose", token.purpose.as_str().to_owned());
        Ok(tx.execute(query).await? == 1)
    }
}
