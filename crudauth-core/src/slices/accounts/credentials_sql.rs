//! What an account has that opens it, and how all of that ends at once: with its password, and with
//! the account.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{Account, Digest, PasswordHash};
use crate::ports::{Changed, Credential, CredentialStore, Purpose, StoreError};
use crate::sql::owned::hold;
use crate::sql::statements::Sql;
use crate::sql::store::{millis, retrying};
use crate::sql::{AuthRow, Backend, Call, SqlStore, Stores};

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> CredentialStore<U> for SqlStore<DB, U> {
    async fn end_all_of_disabled(&self, id: &U::Id, now: DateTime<Utc>) -> Result<(), StoreError> {
        retrying!(self.try_end_all_of_disabled(id, now))
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    pub(crate) async fn try_change_password(
        &self,
        account: &Account<U>,
        hash: &PasswordHash,
        by: Option<Credential>,
        now: DateTime<Utc>,
    ) -> Result<Changed, sqlx::Error> {
        let id = account.user.id();
        let mut tx = self.begin().await?;
        let call = Call::new(Sql::<DB, U>::CHANGE_PASSWORD)
            .with(hash.expose().to_owned())
            .bind(|values| DB::put_time(values, now))
            .with(id.clone())
            .with(account.version)
            .with(account.epoch);
        if DB::execute(&mut tx, call).await? == 0 {
            return tx.undone(Changed::Moved).await;
        }
        if let Some(by) = by {
            let call = hold::<DB, U>(by, id, account.version, account.epoch);
            if DB::execute(&mut tx, call.with(millis(now))).await? == 0 {
                return tx.undone(Changed::Ended).await;
            }
        }
        let kept = match by {
            Some(Credential::Session(digest)) => Some(digest),
            Some(Credential::Grant(_)) | None => None,
        };
        Self::void_credentials(&mut tx, id, kept.as_ref()).await?;
        if let Some(kept) = kept {
            let call = Call::new(Sql::<DB, U>::REBIND_SESSION)
                .with(account.version + 1)
                .with(kept.to_vec())
                .with(id.clone());
            DB::execute(&mut tx, call).await?;
        }
        tx.commit().await?;
        Ok(Changed::Done)
    }

    pub(crate) async fn try_set_active(
        &self,
        id: &U::Id,
        is_active: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        let sql = if is_active { Sql::<DB, U>::ENABLE } else { Sql::<DB, U>::DISABLE };
        let mut tx = self.begin().await?;
        let call = Call::new(sql).bind(|values| DB::put_time(values, now)).with(id.clone());
        let changed = DB::execute(&mut tx, call).await?;
        if !is_active {
            self.forget_credentials(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(changed > 0)
    }

    pub(crate) async fn try_delete(&self, id: &U::Id) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let deleted =
            DB::execute(&mut tx, Call::new(Sql::<DB, U>::DELETE).with(id.clone())).await?;
        self.forget_credentials(&mut tx, id).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }

    async fn try_end_all_of_disabled(
        &self,
        id: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        let call = Call::new(Sql::<DB, U>::OUTDATE_DISABLED)
            .bind(|values| DB::put_time(values, now))
            .with(id.clone());
        if DB::execute(&mut tx, call).await? == 0 {
            return tx.undone(()).await;
        }
        self.forget_credentials(&mut tx, id).await?;
        tx.commit().await
    }

    /// Ends every session but `kept`, every grant and API key, and the pending resets and changes
    /// of address.
    pub(crate) async fn void_credentials(
        connection: &mut DB::Connection,
        id: &U::Id,
        kept: Option<&Digest>,
    ) -> Result<(), sqlx::Error> {
        let kept = kept.map_or_else(Vec::new, |digest| digest.to_vec());
        let call = Call::new(Sql::<DB, U>::END_SESSIONS).with(id.clone()).with(kept);
        DB::execute(connection, call).await?;
        Self::end_grants_and_keys(connection, id).await?;
        let call = Call::new(Sql::<DB, U>::VOID_TOKENS)
            .with(id.clone())
            .with(Purpose::Verify.as_str().to_owned());
        DB::execute(connection, call).await?;
        Ok(())
    }

    /// Ends every session, grant, API key and token.
    async fn forget_credentials(
        &self,
        connection: &mut DB::Connection,
        id: &U::Id,
    ) -> Result<(), sqlx::Error> {
        let call = Call::new(Sql::<DB, U>::END_SESSIONS).with(id.clone()).with(Vec::<u8>::new());
        DB::execute(connection, call).await?;
        Self::end_grants_and_keys(connection, id).await?;
        DB::execute(connection, Call::new(Sql::<DB, U>::FORGET_TOKENS).with(id.clone())).await?;
        Ok(())
    }

    async fn end_grants_and_keys(
        connection: &mut DB::Connection,
        id: &U::Id,
    ) -> Result<(), sqlx::Error> {
        for sql in [Sql::<DB, U>::END_GRANTS, Sql::<DB, U>::END_API_KEYS] {
            DB::execute(connection, Call::new(sql).with(id.clone())).await?;
        }
        Ok(())
    }
}
