//! Accounts in the user's own table.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::model::{
    Account, AuthUser, Contact, Digest, Identifier, IdentifierColumn, IdentifierKind, PasswordHash,
};
use crate::ports::{
    AccountStore, Changed, Consumed, ContactChange, Created, Credential, NewAccount, NewToken,
    OneTimeToken, Purpose, StoreError,
};
use crate::sql::statements::{MAX_IDENTIFIERS, Sql};
use crate::sql::store::retrying;
use crate::sql::{AuthRow, Backend, Call, SqlStore, Stores, rows};

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> AccountStore<U> for SqlStore<DB, U> {
    async fn by_identifier(&self, at: usize, key: &str) -> Result<Option<Account<U>>, StoreError> {
        let sql = Sql::<DB, U>::BY_IDENTIFIER[at.min(MAX_IDENTIFIERS - 1)];
        let row = self.row(|| Call::new(sql).with(key.to_owned())).await?;
        let found = row.map(|row| rows::account::<DB, U>(&row)).transpose()?;
        // A table that was there before us may compare without case or accents.
        Ok(found.filter(|account| is_named(account, at, key)))
    }

    async fn by_id(&self, id: &U::Id) -> Result<Option<Account<U>>, StoreError> {
        let row = self.row(|| Call::new(Sql::<DB, U>::BY_ID).with(id.clone())).await?;
        Ok(row.map(|row| rows::account::<DB, U>(&row)).transpose()?)
    }

    async fn create(&self, account: NewAccount<U>) -> Result<Created<U::Id>, StoreError> {
        let columns = U::SHAPE.identifiers.iter().zip(&account.identifiers);
        let key =
            |(column, one): (_, &Option<Identifier>)| Some(one.as_ref()?.key(column).to_owned());
        let keys: Vec<_> = columns.map(key).collect();
        // What no index sees: see `Self::elsewhere`.
        let elsewhere = self.elsewhere(&keys).await?;
        if !elsewhere.is_empty() {
            return self.taken(&keys, elsewhere).await;
        }
        match self.insert(account, &keys).await {
            Ok(id) => Ok(Created::Added(id)),
            Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                self.taken(&keys, Vec::new()).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn renew_hash(
        &self,
        id: &U::Id,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError> {
        let call = || {
            Call::new(Sql::<DB, U>::RENEW_HASH)
                .with(new.expose().to_owned())
                .with(id.clone())
                .with(old.expose().to_owned())
        };
        self.execute(call).await?;
        Ok(())
    }

    async fn change_password(
        &self,
        account: &Account<U>,
        hash: &PasswordHash,
        by: Option<Credential>,
        now: DateTime<Utc>,
    ) -> Result<Changed, StoreError> {
        retrying!(self.try_change_password(account, hash, by, now))
    }

    async fn set_active(
        &self,
        id: &U::Id,
        is_active: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        retrying!(self.try_set_active(id, is_active, now))
    }

    async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        retrying!(self.try_delete(id))
    }

    async fn issue(&self, token: NewToken<U::Id>) -> Result<(), StoreError> {
        self.execute(|| Self::issuing(&token)).await?;
        Ok(())
    }

    async fn one_time_token(
        &self,
        digest: &Digest,
        purpose: Purpose,
        now: DateTime<Utc>,
    ) -> Result<Option<(OneTimeToken, Account<U>)>, StoreError> {
        Ok(self.find_token(digest, purpose, now).await?)
    }

    async fn confirm_address(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError> {
        retrying!(self.try_confirm_address(digest, token, account, now))
    }

    async fn reset_password(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        hash: &PasswordHash,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError> {
        retrying!(self.try_reset_password(digest, token, account, hash, now))
    }

    async fn move_address(
        &self,
        digest: &Digest,
        token: &OneTimeToken,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<Consumed, StoreError> {
        retrying!(self.try_move_address(digest, token, account, now))
    }

    async fn set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
        now: DateTime<Utc>,
    ) -> Result<ContactChange, StoreError> {
        // As at a sign-up: what no index sees.
        if let Some(at) = U::SHAPE.recovery
            && let Some(other) = U::SHAPE.identifiers[at].alternate(contact.as_str())
            && self.by_identifier(at, &other).await?.is_some_and(|owner| owner.user.id() != id)
        {
            return Ok(ContactChange::Taken);
        }
        retrying!(self.try_set_contact(id, contact, now))
    }

    async fn purge_tokens(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.purge(Sql::<DB, U>::PURGE_TOKENS, now, limit).await
    }
}

/// Whether the account's identifier at that position has this compared form.
fn is_named<U: AuthUser>(account: &Account<U>, at: usize, key: &str) -> bool {
    let shown = account.user.identifiers().get(at).copied().flatten();
    let column = U::SHAPE.identifiers.get(at);
    // A column of our own for the compared form compares by every bit.
    let is_it = |shown: &str, column: &IdentifierColumn| {
        column.has_own_key() || shown == key || column.key_of(shown) == key
    };
    shown.zip(column).is_some_and(|(shown, column)| is_it(shown, column))
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// The identifiers that are taken where no index sees it, and their owners: in another form, as
    /// rows of other software may have an address; or in another column, where a login looks for
    /// the same text.
    async fn elsewhere(&self, keys: &[Option<String>]) -> Result<Vec<(usize, U::Id)>, StoreError> {
        let columns = U::SHAPE.identifiers;
        let mut taken = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let alternate = columns[at].alternate(key).map(|other| (at, other));
            let is_name = |column: &IdentifierColumn| {
                column.is_login
                    && matches!(column.kind, IdentifierKind::Username | IdentifierKind::Code)
            };
            let others = columns
                .iter()
                .enumerate()
                .filter(|(other, column)| *other != at && is_name(column) && is_name(&columns[at]));
            let others = others.map(|(other, column)| (other, column.key_of(key)));
            for (other, key) in alternate.into_iter().chain(others) {
                if let Some(owner) = self.by_identifier(other, &key).await? {
                    taken.push((at, owner.user.id().clone()));
                }
            }
        }
        Ok(taken)
    }

    /// Which identifiers are taken, beside those that are known to be.
    async fn taken(
        &self,
        keys: &[Option<String>],
        known: Vec<(usize, U::Id)>,
    ) -> Result<Created<U::Id>, StoreError> {
        let mut taken = known;
        for (at, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            if let Some(owner) = self.by_identifier(at, key).await? {
                taken.push((at, owner.user.id().clone()));
            }
        }
        let (mut identifiers, mut owners): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        identifiers.sort_unstable();
        identifiers.dedup();
        owners.dedup();
        Ok(Created::Taken { identifiers, is_one_owner: owners.len() <= 1 })
    }

    /// Adds the row and tells its key, also where the database made it.
    async fn insert(
        &self,
        account: NewAccount<U>,
        keys: &[Option<String>],
    ) -> Result<U::Id, sqlx::Error> {
        let id = account.id.clone();
        let call = Self::inserting(account);
        if let Some(id) = id {
            self.execute_once(call).await?;
            return Ok(id);
        }
        if DB::DIALECT.returns() {
            let row = self.returned(call).await?.ok_or(sqlx::Error::RowNotFound)?;
            return rows::take::<DB, _>(&row, 0);
        }
        let mut tx = self.begin().await?;
        DB::execute(&mut tx, call).await?;
        // The derive asks for an identifier that every account has.
        let mut named = keys.iter().enumerate().filter_map(|(at, key)| Some((at, key.as_ref()?)));
        let (at, key) = named.next().ok_or(sqlx::Error::RowNotFound)?;
        let call = Call::new(Sql::<DB, U>::BY_IDENTIFIER[at]).with(key.clone());
        let row = DB::fetch_optional(&mut tx, call).await?.ok_or(sqlx::Error::RowNotFound)?;
        let made = rows::account::<DB, U>(&row)?;
        tx.commit().await?;
        Ok(made.user.id().clone())
    }

    /// Binds in the order of `{new columns}`.
    fn inserting(account: NewAccount<U>) -> Call<DB> {
        let mut call = Call::new(Sql::<DB, U>::CREATE)
            .with(account.hash.expose().to_owned())
            .with(account.epoch)
            .bind(|values| DB::put_time(values, account.created_at));
        if let Some(id) = account.id {
            call = call.with(id);
        }
        for (column, identifier) in U::SHAPE.identifiers.iter().zip(&account.identifiers) {
            let identifier = identifier.as_ref();
            call = call.with(identifier.map(|one| one.shown().to_owned()));
            if column.has_own_key() {
                call = call.with(identifier.map(|one| one.key(column).to_owned()));
            }
        }
        U::write(account.own.0, call)
    }
}

impl<DB: Backend, U: AuthUser> SqlStore<DB, U> {
    /// Deletes at most `limit` rows that have expired.
    pub(crate) async fn purge(
        &self,
        sql: &'static str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let call = || Call::new(sql).with(crate::sql::store::millis(now)).with(i64::from(limit));
        self.execute(call).await
    }
}
