//! One-time tokens: each is used up in the transaction of its effect.
//!
//! Every transaction takes the account's row first and the token's second, so that two of them
//! wait for each other instead of deadlocking.

use chrono::{DateTime, Utc};

use crate::model::{Account, Contact, Digest, EmailAddress, IdentifierColumn, PasswordHash};
use crate::ports::{Consumed, ContactChange, NewToken, OneTimeToken, Purpose};
use crate::sql::statements::Sql;
use crate::sql::store::{instant, millis};
use crate::sql::{AuthRow, Backend, Call, ColumnSpec, SqlStore, Stores, TableSpec, rows};

/// One-time tokens.
pub const TABLE: TableSpec = TableSpec::new(
    "one_time_tokens",
    "digest",
    &[
        ColumnSpec::owner(),
        ColumnSpec::text("purpose", 16),
        ColumnSpec::text("bound_to", 320),
        ColumnSpec::text("new_address", 320).nullable(),
        ColumnSpec::text("redirect_to", 2048).nullable(),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::expiry(),
        ColumnSpec::instant("used_at").nullable(),
    ],
);

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    pub(crate) fn issuing(token: &NewToken<U::Id>) -> Call<DB> {
        Call::new(Sql::<DB, U>::ISSUE)
            .with(token.digest.to_vec())
            .with(token.account.clone())
            .with(token.purpose.as_str().to_owned())
            .with(token.bound_to.clone())
            .with(token.new_address.as_ref().map(|address| address.as_str().to_owned()))
            .with(token.redirect_to.clone())
            .with(token.version)
            .with(token.epoch)
            .with(millis(token.created_at))
            .with(millis(token.expires_at))
    }

    pub(crate) async fn find_token(
        &self,
        digest: &Digest,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<(OneTimeToken, Account<U>)>, sqlx::Error> {
        let call = || {
            Call::new(Sql::<DB, U>::TOKEN)
                .with(digest.to_vec())
                .with(purpose.as_str().to_owned())
                .with(millis(now))
        };
        let Some(row) = self.row(call).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let at = rows::after_account::<U>();
        let new_address: Option<String> = rows::take::<DB, _>(&row, at + 1)?;
        let used_at: Option<i64> = rows::take::<DB, _>(&row, at + 4)?;
        let token = OneTimeToken {
            bound_to: rows::take::<DB, _>(&row, at)?,
            new_address: new_address.and_then(|address| EmailAddress::parse(&address).ok()),
            redirect_to: rows::take::<DB, _>(&row, at + 2)?,
            version: rows::take::<DB, _>(&row, at + 3)?,
            is_used: used_at.map(instant).is_some(),
        };
        // A verification outlives a change of password; what moves an account does not.
        let is_alive = purpose == Purpose::Verify || token.version == account.version;
        Ok(is_alive.then_some((token, account)))
    }

    pub(crate) async fn try_confirm_address(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, sqlx::Error> {
        let mut tx = self.begin().await?;
        let call = Call::new(Sql::<DB, U>::CONFIRM_ADDRESS)
            .bind(|values| DB::put_time(values, now))
            .with(account.user.id().clone())
            .with(token.bound_to.clone())
            .with(account.epoch);
        if DB::execute(&mut tx, call).await? == 0
            || !Self::use_up(&mut tx, digest, Purpose::Verify, now).await?
        {
            return tx.undone(Consumed::Spent).await;
        }
        tx.commit().await?;
        Ok(Consumed::Done)
    }

    pub(crate) async fn try_reset_password(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Consumed, sqlx::Error> {
        let mut tx = self.begin().await?;
        let call = Call::new(Sql::<DB, U>::RESET_PASSWORD)
            .with(hash.expose().to_owned())
            .bind(|values| DB::put_time(values, now))
            .with(account.user.id().clone())
            .with(token.bound_to.clone())
            .with(token.version)
            .with(account.epoch);
        if DB::execute(&mut tx, call).await? == 0
            || !Self::use_up(&mut tx, digest, Purpose::Reset, now).await?
        {
            return tx.undone(Consumed::Spent).await;
        }
        Self::void_credentials(&mut tx, account.user.id(), None).await?;
        tx.commit().await?;
        Ok(Consumed::Done)
    }

    pub(crate) async fn try_move_address(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, sqlx::Error> {
        let Some(address) = &token.new_address else { return Ok(Consumed::Spent) };
        let mut tx = self.begin().await?;
        let call = Call::new(Sql::<DB, U>::MOVE_ADDRESS)
            .with(address.as_str().to_owned())
            .bind(|values| DB::put_time(values, now))
            .with(account.user.id().clone())
            .with(token.bound_to.clone())
            .with(token.version)
            .with(account.epoch);
        let moved = match DB::execute(&mut tx, call).await {
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                return tx.undone(Consumed::Taken).await;
            }
            result => result?,
        };
        if moved == 0 || !Self::use_up(&mut tx, digest, Purpose::Change, now).await? {
            return tx.undone(Consumed::Spent).await;
        }
        Self::show_contact(&mut tx, account.user.id(), address.as_str()).await?;
        // Whatever was mailed to the old address, or would move the account again, is void.
        let call = Call::new(Sql::<DB, U>::FORGET_TOKENS).with(account.user.id().clone());
        DB::execute(&mut tx, call).await?;
        tx.commit().await?;
        Ok(Consumed::Done)
    }

    pub(crate) async fn try_set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
        now: DateTime<Utc>,
    ) -> Result<ContactChange, sqlx::Error> {
        let mut tx = self.begin().await?;
        let call = Call::new(Sql::<DB, U>::SET_CONTACT)
            .with(contact.as_str().to_owned())
            .bind(|values| DB::put_time(values, now))
            .with(id.clone());
        let moved = match DB::execute(&mut tx, call).await {
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                return tx.undone(ContactChange::Taken).await;
            }
            result => result?,
        };
        if moved == 0 {
            return tx.undone(ContactChange::Nobody).await;
        }
        Self::show_contact(&mut tx, id, contact.as_str()).await?;
        DB::execute(&mut tx, Call::new(Sql::<DB, U>::FORGET_TOKENS).with(id.clone())).await?;
        tx.commit().await?;
        Ok(ContactChange::Done)
    }

    /// Shows a contact whose compared form is kept beside it.
    async fn show_contact(
        connection: &mut DB::Connection,
        id: &U::Id,
        contact: &str,
    ) -> Result<(), sqlx::Error> {
        if U::SHAPE.recovery_column().is_some_and(IdentifierColumn::has_own_key) {
            let call =
                Call::new(Sql::<DB, U>::SHOW_ADDRESS).with(contact.to_owned()).with(id.clone());
            DB::execute(connection, call).await?;
        }
        Ok(())
    }

    /// Whether this transaction is the one that uses the token up.
    async fn use_up(
        connection: &mut DB::Connection,
        digest: &Digest,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        let call = Call::new(Sql::<DB, U>::USE_TOKEN)
            .with(millis(now))
            .with(digest.to_vec())
            .with(purpose.as_str().to_owned())
            .with(millis(now));
        Ok(DB::execute(connection, call).await? == 1)
    }
}
