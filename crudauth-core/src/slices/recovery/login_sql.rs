//! Consumes tokens that sign in, or sign up.

use chrono::{DateTime, Utc};

use super::store::{OneTimeTokenRecord, Purpose, UsedLogin};
use crate::account_store::{Created, NewAccount};
use crate::model::{Account, PasswordHash};
use crate::slices::accounts::CreatedWith;
use crate::sql::engine::retrying;
use crate::sql::{AuthRow, Backend, SqlStore, Stores};
use crate::store_error::StoreError;

// Changes the time only, and locks the row.
const LOCK: &str = "UPDATE {table} SET {updated} = {:now updated} WHERE {id} = {:account id} \
    AND {recovery} = {:bound_to recovery} AND {version} = :version AND {stamp} = :stamp \
    AND {is active}";

const VOID_OTHERS: &str = "DELETE FROM {+one_time_tokens} WHERE user_id = :account \
    AND purpose = :purpose AND used_at IS NULL";

const INSERT_USED: &str = "INSERT INTO {+one_time_tokens} (digest, user_id, purpose, bound_to, \
    token_version, auth_epoch, created_at, expires_at, used_at) VALUES (:digest, :account, :purpose, \
    :bound_to, 0, :stamp, :now, :expires_at, :now)";

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    pub(super) async fn consume_login(
        &self,
        token: &OneTimeTokenRecord<U>,
        unusable: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError> {
        let account = &token.account;
        retrying(|| async {
            let mut tx = self.begin().await?;
            if tx.execute(self.effect(LOCK, token, now)).await? == 0
                || !self.consume(&mut tx, token, now).await?
            {
                return tx.roll_back(None).await;
            }
            let proved = if account.is_verified() {
                let void = self.query(VOID_OTHERS).bind("account", account.user.id().clone());
                tx.execute(void.bind("purpose", token.purpose.as_str().to_owned())).await?;
                Some(account.clone())
            } else {
                self.claim_in(&mut tx, account, unusable, now).await?
            };
            let Some(proved) = proved else { return tx.roll_back(None).await };
            self.commit(tx, account.user.id()).await?;
            Ok(Some(proved))
        })
        .await
    }

    pub(super) async fn create_with_login(
        &self,
        account: NewAccount<U>,
        token: UsedLogin,
    ) -> Result<Option<Created<U::Id>>, StoreError> {
        let created = self.create_verified(&account, |id| {
            self.query(INSERT_USED)
                .bind_bytes("digest", token.digest.as_bytes())
                .bind("account", id.clone())
                .bind("purpose", Purpose::SignIn.as_str().to_owned())
                .bind("bound_to", token.bound_to.clone())
                .bind("stamp", account.security_stamp)
                .bind_instant("now", account.created_at)
                .bind_instant("expires_at", token.expires_at)
        });
        Ok(match created.await? {
            CreatedWith::Account(created) => Some(created),
            CreatedWith::OtherTaken => None,
        })
    }
}
