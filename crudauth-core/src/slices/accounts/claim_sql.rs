//! Gives an account to the person who has proved its contact.

use chrono::{DateTime, Utc};

use crate::model::{Account, PasswordHash};
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, SqlStore, Stores};

const CLAIM: &str = "UPDATE {table} SET {hash} = {:hash hash}, {verified} = TRUE, \
    {version} = {version} + 1, {updated} = {:time updated} WHERE {id} = {:account id} \
    AND {recovery} = {:bound_to recovery} AND COALESCE({verified}, FALSE) = FALSE \
    AND {version} = :version AND {stamp} = :stamp AND {is active}";

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Takes an account without a verified contact from its first holder: its password is replaced by
    /// `unusable`, its version counts up, its contact is verified, and everything that the library
    /// stored for it is deleted. Returns the account as it is then, or `None` if it has changed
    /// meanwhile.
    pub(crate) async fn claim_in(
        &self,
        tx: &mut Transaction<DB>,
        account: &Account<U>,
        unusable: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, sqlx::Error> {
        let claim = self
            .query(CLAIM)
            .bind("hash", unusable.expose().to_owned())
            .bind_time("time", now)
            .bind("bound_to", account.contact_key().unwrap_or_default())
            .bind("account", account.user.id().clone())
            .bind("version", account.state.version)
            .bind("stamp", account.state.security_stamp);
        if tx.execute(claim).await? == 0 {
            return Ok(None);
        }
        self.sweep(tx, account.user.id(), |_| true).await?;
        Ok(Some(Account { is_verified: true, ..account.next() }))
    }
}
