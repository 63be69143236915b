//! One-time tokens in the app's database.
//!
//! Every transaction locks the account's row first and the token's second, which avoids deadlocks.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{
    Consumed, ContactChange, NewOneTimeToken, OneTimeTokenRecord, OneTimeTokenStore, Purpose,
    UsedLogin,
};
use crate::account_store::{AccountStore, Created, NewAccount};
use crate::model::{Account, Contact, EmailAddress, IdentifierColumn, OneTimeDigest, PasswordHash};
use crate::sql::engine::retrying;
use crate::sql::rows::{self, Columns};
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, ColumnSpec, Outlives, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;

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
)
// Links that verify an address stay valid after a change of password.
.outliving(Outlives::PasswordChange);

// On the conditions of `find`. The lock makes it wait for a deletion that is under way.
const ISSUE: &str = "INSERT INTO {+one_time_tokens} (digest, user_id, purpose, bound_to, \
    new_address, redirect_to, token_version, auth_epoch, created_at, expires_at) \
    SELECT :digest, :account, :purpose, :bound_to, :new_address, :redirect_to, :version, :stamp, \
    :now, :expires_at FROM {table} WHERE {id} = {:account id} AND {stamp} = :stamp \
    AND COALESCE({read recovery}, '') = :bound_to AND {is active}{for update}";

// A used token is found in every state of the account, so that it is reported as used. The contact is
// empty if the account has none.
const FIND: &str = "SELECT {account}, {+one_time_tokens}.bound_to, \
    {+one_time_tokens}.new_address, {+one_time_tokens}.redirect_to, \
    {+one_time_tokens}.token_version, {+one_time_tokens}.used_at FROM {+one_time_tokens} JOIN \
    {table} ON {table}.{id} = {owner +one_time_tokens} WHERE {+one_time_tokens}.digest = \
    :digest AND {+one_time_tokens}.purpose = :purpose AND {+one_time_tokens}.expires_at > :now \
    AND {+one_time_tokens}.auth_epoch = {table}.{stamp} AND {is active} AND \
    ({+one_time_tokens}.used_at IS NOT NULL OR \
    {+one_time_tokens}.bound_to = COALESCE({read recovery}, ''))";

const VOID_EXCEPT: &str = "DELETE FROM {+one_time_tokens} WHERE user_id = :account \
    AND purpose <> :purpose AND used_at IS NULL";

const VOID_ALL: &str =
    "DELETE FROM {+one_time_tokens} WHERE user_id = :account AND used_at IS NULL";

const CONFIRM_CONTACT: &str = "UPDATE {table} SET {verified} = TRUE, {updated} = {:now updated} \
    WHERE {id} = {:account id} AND {recovery} = {:bound_to recovery} AND {stamp} = :stamp AND {is active}";

const RESET_PASSWORD: &str = "UPDATE {table} SET {hash} = :hash, {version} = {version} + 1, \
    {verified} = TRUE, {updated} = {:now updated} WHERE {id} = {:account id} AND {recovery} = {:bound_to recovery} \
    AND {version} = :version AND {stamp} = :stamp AND {is active}";

const MOVE_ADDRESS: &str = "UPDATE {table} SET {recovery} = {:address recovery}, {verified} = TRUE, \
    {updated} = {:now updated} WHERE {id} = {:account id} AND COALESCE({read recovery}, '') = :bound_to \
    AND {version} = :version AND {stamp} = :stamp AND {is active}";

const SET_CONTACT: &str = "UPDATE {table} SET {recovery} = {:contact recovery}, {verified} = FALSE, \
    {updated} = {:now updated} WHERE {id} = {:account id}{and living}";

const SHOW_CONTACT: &str =
    "UPDATE {table} SET {shown_recovery} = {:contact shown_recovery} WHERE {id} = {:account id}";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> OneTimeTokenStore<U> for SqlStore<DB, U> {
    async fn issue(&self, token: NewOneTimeToken<U::Id>) -> Result<bool, StoreError> {
        let address = token.new_address.as_ref().map(|address| address.as_str().to_owned());
        let query = self
            .query(ISSUE)
            .bind_bytes("digest", token.digest.as_bytes())
            .bind("account", token.account)
            .bind("purpose", token.purpose.as_str().to_owned())
            .bind("bound_to", token.bound_to)
            .bind("new_address", address)
            .bind("redirect_to", token.redirect_to)
            .bind("version", token.state.version)
            .bind("stamp", token.state.security_stamp)
            .bind_instant("now", token.created_at)
            .bind_instant("expires_at", token.expires_at);
        Ok(self.execute(query).await? == 1)
    }

    async fn find(
        &self,
        digest: &OneTimeDigest,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<OneTimeTokenRecord<U>>, StoreError> {
        let query = self
            .query(FIND)
            .bind_bytes("digest", digest.as_bytes())
            .bind("purpose", purpose.as_str().to_owned())
            .bind_instant("now", now);
        let Some(row) = self.row(query).await? else { return Ok(None) };
        let mut columns = Columns::<DB>::new(&row, rows::after_account::<U>());
        let bound_to = columns.next()?;
        let new_address: Option<String> = columns.next()?;
        let token = OneTimeTokenRecord {
            digest: *digest,
            purpose,
            account: rows::account::<DB, U>(&row)?,
            bound_to,
            new_address: new_address.and_then(|address| EmailAddress::parse(&address).ok()),
            redirect_to: columns.next()?,
            version: columns.next()?,
            is_used: columns.optional_instant()?.is_some(),
        };
        // A change of password keeps links that verify, and voids links that change the address.
        let is_current = purpose == Purpose::Verify || token.version == token.account.state.version;
        let is_valid = token.is_used || is_current;
        Ok(is_valid.then_some(token))
    }

    async fn confirm_contact(
        &self,
        token: &OneTimeTokenRecord<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let confirm = self.effect(CONFIRM_CONTACT, token, now);
            if tx.execute(confirm).await? == 0 || !self.consume(&mut tx, token, now).await? {
                return tx.roll_back(Consumed::Spent).await;
            }
            self.commit(tx, token.account.user.id()).await?;
            Ok(Consumed::Done)
        })
        .await
    }

    async fn reset_password(
        &self,
        token: &OneTimeTokenRecord<U>,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError> {
        let id = token.account.user.id();
        // The holder of an unverified contact may be another person than its reader.
        let swept: fn(&TableSpec) -> bool = if token.account.is_verified() {
            |table| *table != TABLE && !table.outlives_reset()
        } else {
            |table| *table != TABLE
        };
        retrying(|| async {
            let mut tx = self.begin().await?;
            let reset = self.effect(RESET_PASSWORD, token, now);
            if tx.execute(reset.bind("hash", hash.expose().to_owned())).await? == 0
                || !self.consume(&mut tx, token, now).await?
            {
                return tx.roll_back(Consumed::Spent).await;
            }
            self.sweep(&mut tx, id, swept).await?;
            let void = self.query(VOID_EXCEPT).bind("account", id.clone());
            tx.execute(void.bind("purpose", Purpose::Verify.as_str().to_owned())).await?;
            self.commit(tx, id).await?;
            Ok(Consumed::Done)
        })
        .await
    }

    async fn move_address(
        &self,
        token: &OneTimeTokenRecord<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError> {
        let Some(address) = &token.new_address else { return Ok(Consumed::Spent) };
        let id = token.account.user.id();
        retrying(|| async {
            let mut tx = self.begin().await?;
            let moved = self.effect(MOVE_ADDRESS, token, now);
            let moved = match tx.execute(moved.bind("address", address.as_str().to_owned())).await {
                Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                    return tx.roll_back(Consumed::Taken).await;
                }
                result => result?,
            };
            if moved == 0 || !self.consume(&mut tx, token, now).await? {
                return tx.roll_back(Consumed::Spent).await;
            }
            self.show_contact(&mut tx, id, address.as_str()).await?;
            // Links to the old address and other pending changes of the address are void.
            tx.execute(self.query(VOID_ALL).bind("account", id.clone())).await?;
            self.commit(tx, id).await?;
            Ok(Consumed::Done)
        })
        .await
    }

    async fn prove_contact(
        &self,
        token: &OneTimeTokenRecord<U>,
        unusable: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, StoreError> {
        self.consume_login(token, unusable, now).await
    }

    async fn create_proved(
        &self,
        account: NewAccount<U>,
        token: UsedLogin,
    ) -> Result<Option<Created<U::Id>>, StoreError> {
        self.create_with_login(account, token).await
    }

    async fn set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
        now: DateTime<Utc>,
    ) -> Result<ContactChange, StoreError> {
        // Other forms of the address, which no index covers, as at sign-up.
        if let Some(at) = U::SHAPE.recovery
            && let Some(other) = U::SHAPE.identifiers[at].alternate(contact.as_str())
            && let Some((owner, _)) = self.by_identifier(at, &other, &other).await?
            && owner.user.id() != id
        {
            return Ok(ContactChange::Taken);
        }
        retrying(|| async {
            let mut tx = self.begin().await?;
            let query = self
                .query(SET_CONTACT)
                .bind("contact", contact.as_str().to_owned())
                .bind_time("now", now)
                .bind("account", id.clone());
            let changed = match tx.execute(query).await {
                Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                    return tx.roll_back(ContactChange::Taken).await;
                }
                result => result?,
            };
            if changed == 0 {
                return tx.roll_back(ContactChange::NotFound).await;
            }
            self.show_contact(&mut tx, id, contact.as_str()).await?;
            // Without `email` and `recovery` a mount has no such table.
            if self.tables().contains(&&TABLE) {
                tx.execute(self.query(VOID_ALL).bind("account", id.clone())).await?;
            }
            self.commit(tx, id).await?;
            Ok(ContactChange::Done)
        })
        .await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Stores the displayed form of a contact whose compared form has its own column.
    async fn show_contact(
        &self,
        tx: &mut Transaction<DB>,
        id: &U::Id,
        contact: &str,
    ) -> Result<(), sqlx::Error> {
        if U::SHAPE.recovery_column().is_some_and(IdentifierColumn::has_own_key) {
            let query = self.query(SHOW_CONTACT).bind("contact", contact.to_owned());
            tx.execute(query.bind("account", id.clone())).await?;
        }
        Ok(())
    }
}
