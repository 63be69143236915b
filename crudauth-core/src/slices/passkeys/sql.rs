//! Passkeys in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{Inserted, Limits, PasskeyId, PasskeyStore, PasskeyUse, Removed, StoredPasskey};
use crate::model::Account;
use crate::sql::engine::retrying;
use crate::sql::rows::{self, Columns};
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, ColumnSpec, Outlives, Query, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;

/// Longest name of a passkey, in characters.
pub(crate) const NAME_CHARS: u16 = 64;

/// Longest credential id (WebAuthn Level 3, section 4).
pub(crate) const CREDENTIAL_ID_BYTES: u16 = 1023;

/// Longest user handle (WebAuthn Level 3, section 5.4.3).
const USER_HANDLE_BYTES: u16 = 64;

/// Passkeys.
pub const TABLE: TableSpec = TableSpec::new(
    "passkeys",
    "digest",
    &[
        ColumnSpec::owner(),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::bytes("credential_id", CREDENTIAL_ID_BYTES),
        ColumnSpec::bytes("user_handle", USER_HANDLE_BYTES),
        ColumnSpec::text("name", NAME_CHARS),
        ColumnSpec::long_text("credential"),
        ColumnSpec::text("aaguid", 36).nullable(),
        ColumnSpec::big_integer("counter"),
        ColumnSpec::flag("backup_eligible"),
        ColumnSpec::flag("backed_up"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("last_used_at").nullable(),
    ],
)
.outliving(Outlives::EveryChange)
.signing_in();

const LIST: &str = "SELECT credential_id, user_handle, name, credential, aaguid, counter, \
    backup_eligible, backed_up, created_at, last_used_at FROM {+passkeys} \
    WHERE user_id = :account AND auth_epoch = :stamp ORDER BY created_at, digest";

const FIND: &str = "SELECT {account}, {+passkeys}.credential_id, {+passkeys}.user_handle, \
    {+passkeys}.name, {+passkeys}.credential, {+passkeys}.aaguid, {+passkeys}.counter, \
    {+passkeys}.backup_eligible, {+passkeys}.backed_up, {+passkeys}.created_at, \
    {+passkeys}.last_used_at FROM {+passkeys} \
    JOIN {table} ON {table}.{id} = {owner +passkeys} AND {table}.{stamp} = {+passkeys}.auth_epoch \
    WHERE {+passkeys}.digest = :digest";

// Changes nothing, and locks the account's row: passkeys of one account are added one after the
// other, so that the count holds.
const LOCK_ACCOUNT: &str = "UPDATE {table} SET {stamp} = {stamp} \
    WHERE {id} = {:account id} AND {version} = :version AND {stamp} = :stamp AND {is active}";

const NEXT_VERSION: &str = "UPDATE {table} SET {version} = {version} + 1, {updated} = {:time updated} \
    WHERE {id} = {:account id} AND {version} = :version AND {stamp} = :stamp AND {is active}";

const NEXT_VERSION_OF_ANY: &str = "UPDATE {table} SET {version} = {version} + 1, \
    {updated} = {:time updated} WHERE {id} = {:account id} AND {version} = :version \
    AND {stamp} = :stamp";

const NEXT_VERSION_AT_ONCE: &str = "UPDATE {table} SET {version} = {version} + 1, \
    {updated} = {:time updated} WHERE {id} = {:account id} AND {stamp} = :stamp";

const COUNT: &str =
    "SELECT COUNT(*) FROM {+passkeys} WHERE user_id = :account AND auth_epoch = :stamp";

const COUNT_UNDER_OTHER_HANDLES: &str = "SELECT COUNT(*) FROM {+passkeys} \
    WHERE user_id = :account AND auth_epoch = :stamp AND user_handle <> :user_handle";

const INSERT: &str = "INSERT INTO {+passkeys} (digest, user_id, auth_epoch, credential_id, \
    user_handle, name, credential, aaguid, counter, backup_eligible, backed_up, created_at) \
    VALUES (:digest, :account, :stamp, :credential_id, :user_handle, :name, :credential, :aaguid, \
    :counter, :backup_eligible, :backed_up, :now)";

const RECORD_USE: &str = "UPDATE {+passkeys} SET counter = :counter, backed_up = :backed_up, \
    last_used_at = :now WHERE digest = :digest AND user_id = :account AND auth_epoch = :stamp \
    AND (counter < :counter OR (counter = 0 AND counter = :counter))";

const RENAME: &str = "UPDATE {+passkeys} SET name = :name \
    WHERE digest = :digest AND user_id = :account AND auth_epoch = :stamp";

const REMOVE: &str = "DELETE FROM {+passkeys} \
    WHERE digest = :digest AND user_id = :account AND auth_epoch = :stamp";

const REMOVE_ALL: &str = "DELETE FROM {+passkeys} WHERE user_id = :account AND auth_epoch = :stamp";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> PasskeyStore<U> for SqlStore<DB, U> {
    async fn list(&self, account: &Account<U>) -> Result<Vec<StoredPasskey>, StoreError> {
        let rows = self.rows(self.about(LIST, account)).await?;
        let read = |row: &DB::Row| passkey(&mut Columns::<DB>::new(row, 0));
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn find(
        &self,
        id: &PasskeyId,
    ) -> Result<Option<(StoredPasskey, Account<U>)>, StoreError> {
        let query = self.query(FIND).bind_bytes("digest", id.as_bytes());
        let Some(row) = self.row(query).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let mut columns = Columns::<DB>::new(&row, rows::after_account::<U>());
        Ok(Some((passkey(&mut columns)?, account)))
    }

    async fn insert(
        &self,
        account: &Account<U>,
        passkey: &StoredPasskey,
        limits: Limits,
    ) -> Result<Inserted<U>, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let Some(after) = self.admit(&mut tx, account, passkey, limits).await? else {
                return tx.roll_back(Inserted::AccountChanged).await;
            };
            let count = tx.row(self.about(COUNT, account)).await?;
            if number::<DB>(count)? >= i64::from(limits.max) {
                return tx.roll_back(Inserted::TooMany).await;
            }
            match tx.execute(self.new_passkey(account, passkey)).await {
                Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                    return tx.roll_back(Inserted::Known).await;
                }
                result => result?,
            };
            self.commit(tx, account.user.id()).await?;
            Ok(Inserted::Done(Box::new(after)))
        })
        .await
    }

    async fn record_use(
        &self,
        account: &Account<U>,
        id: &PasskeyId,
        used: &PasskeyUse,
    ) -> Result<bool, StoreError> {
        let query = self
            .about(RECORD_USE, account)
            .bind_bytes("digest", id.as_bytes())
            .bind("counter", i64::from(used.counter))
            .bind("backed_up", used.is_backed_up)
            .bind_instant("now", used.now);
        Ok(self.execute(query).await? == 1)
    }

    async fn rename(
        &self,
        account: &Account<U>,
        id: &PasskeyId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let query = self.about(RENAME, account).bind_bytes("digest", id.as_bytes());
        Ok(self.execute_recorded(query.bind("name", name.to_owned())).await? == 1)
    }

    async fn remove(
        &self,
        account: &Account<U>,
        id: &PasskeyId,
        keeps_last: bool,
        now: DateTime<Utc>,
    ) -> Result<Removed<U>, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            let next = self.next_version(&mut tx, NEXT_VERSION_OF_ANY, account, now).await?;
            let Some(next) = next else { return tx.roll_back(Removed::AccountChanged).await };
            let remove = self.about(REMOVE, account).bind_bytes("digest", id.as_bytes());
            if tx.execute(remove).await? == 0 {
                return tx.roll_back(Removed::NotFound).await;
            }
            if keeps_last && !self.has_way_in(&mut tx, account).await? {
                return tx.roll_back(Removed::Last).await;
            }
            self.commit(tx, account.user.id()).await?;
            Ok(Removed::Done(Box::new(next)))
        })
        .await
    }

    async fn remove_all(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        retrying(|| async {
            let mut tx = self.begin().await?;
            self.next_version(&mut tx, NEXT_VERSION_AT_ONCE, account, now).await?;
            let removed = tx.execute(self.about(REMOVE_ALL, account)).await?;
            if removed == 0 {
                return tx.roll_back(0).await;
            }
            self.commit(tx, account.user.id()).await?;
            Ok(removed)
        })
        .await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// A statement about the passkeys of an account.
    fn about(&self, template: &'static str, account: &Account<U>) -> Query<DB> {
        self.query(template)
            .bind("account", account.user.id().clone())
            .bind("version", account.state.version)
            .bind("stamp", account.state.security_stamp)
    }

    fn new_passkey(&self, account: &Account<U>, passkey: &StoredPasskey) -> Query<DB> {
        self.about(INSERT, account)
            .bind_bytes("digest", passkey.id().as_bytes())
            .bind_bytes("credential_id", &passkey.credential_id)
            .bind_bytes("user_handle", &passkey.user_handle)
            .bind("name", passkey.name.clone())
            .bind("credential", passkey.credential.clone())
            .bind("aaguid", passkey.aaguid.map(|aaguid| aaguid.to_string()))
            .bind("counter", i64::from(passkey.counter))
            .bind("backup_eligible", passkey.is_backup_eligible)
            .bind("backed_up", passkey.is_backed_up)
            .bind_instant("now", passkey.created_at)
    }

    /// Locks the account, and returns it as it will be. Returns `None` if it has changed meanwhile, or
    /// has passkeys under another user handle: two registrations of a first passkey have begun with
    /// one each.
    async fn admit(
        &self,
        tx: &mut Transaction<DB>,
        account: &Account<U>,
        passkey: &StoredPasskey,
        limits: Limits,
    ) -> Result<Option<Account<U>>, sqlx::Error> {
        let now = passkey.created_at;
        let after = if limits.is_second_factor {
            self.next_version(tx, NEXT_VERSION, account, now).await?
        } else {
            let locked = tx.execute(self.about(LOCK_ACCOUNT, account)).await?;
            (locked == 1).then(|| account.clone())
        };
        if after.is_some() {
            let others = self.about(COUNT_UNDER_OTHER_HANDLES, account);
            let others = tx.row(others.bind_bytes("user_handle", &passkey.user_handle)).await?;
            if number::<DB>(others)? > 0 {
                return Ok(None);
            }
        }
        Ok(after)
    }

    /// Invalidates the credentials of an account, and returns it as it is then. Returns `None` if it
    /// has changed meanwhile.
    async fn next_version(
        &self,
        tx: &mut Transaction<DB>,
        template: &'static str,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Option<Account<U>>, sqlx::Error> {
        if tx.execute(self.about(template, account).bind_time("time", now)).await? == 0 {
            return Ok(None);
        }
        self.sweep(tx, account.user.id(), |table| table.outlives == Outlives::Nothing).await?;
        Ok(Some(account.next()))
    }
}

fn number<DB: Backend>(row: Option<DB::Row>) -> Result<i64, sqlx::Error> {
    rows::take::<DB, _>(&row.ok_or(sqlx::Error::RowNotFound)?, 0)
}

fn passkey<DB: Backend>(columns: &mut Columns<'_, DB>) -> Result<StoredPasskey, sqlx::Error> {
    let credential_id = columns.next()?;
    let user_handle: Vec<u8> = columns.next()?;
    let user_handle = user_handle
        .try_into()
        .map_err(|_| sqlx::Error::Decode("a user handle must have 16 bytes".into()))?;
    let name = columns.next()?;
    let credential = columns.next()?;
    let aaguid: Option<String> = columns.next()?;
    Ok(StoredPasskey {
        credential_id,
        user_handle,
        name,
        credential,
        aaguid: aaguid.and_then(|aaguid| aaguid.parse().ok()),
        counter: u32::try_from(columns.next::<i64>()?).unwrap_or(u32::MAX),
        is_backup_eligible: columns.next()?,
        is_backed_up: columns.next()?,
        created_at: columns.instant()?,
        last_used_at: columns.optional_instant()?,
    })
}
