//! Adds an account, unless another one has one of its identifiers. A change of username asks the same.
//!
//! Unique indexes decide within one column. A text that a sign-in looks for in several columns, such
//! as a username and a code, is decided by a lock on that text.

use super::keys_sql::{BY_IDENTIFIER, is_key};
use crate::account_store::{AccountStore, Created, NewAccount};
use crate::event::trail::Recording;
use crate::model::digest::sha256;
use crate::model::{AuthUser, CounterName, Identifier, IdentifierColumn, IdentifierKind, Username};
use crate::sql::template::{identifier_name, key_name};
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, Call, SqlStore, Stores, rows};
use crate::store_error::StoreError;

/// Verifies the contact of a new account.
const VERIFY: &str = "UPDATE {table} SET {verified} = TRUE WHERE {id} = {:account id}";

const CREATE: &str = "INSERT INTO {table} ({new columns}) VALUES ({new values}){returning id}";

/// Why a transaction inserts no row.
pub(super) enum NotInserted {
    /// Another account got one of its names for another column since that was looked up.
    NameTaken,
    /// The invitation was used or revoked, or has expired.
    InvitationEnded,
}

/// An identifier that an account is to get: the compared form and the shown one.
#[derive(Clone)]
pub(crate) struct NewName {
    pub(crate) key: String,
    pub(crate) shown: String,
}

impl NewName {
    pub(crate) fn new(column: &IdentifierColumn, identifier: &Identifier) -> Self {
        let key = identifier.key(column).to_owned();
        Self { key, shown: identifier.shown().to_owned() }
    }
}

/// The identifiers of a new account, in the order of the shape.
pub(super) fn new_names<U: AuthUser>(account: &NewAccount<U>) -> Vec<Option<NewName>> {
    let columns = U::SHAPE.identifiers.iter().zip(&account.identifiers);
    let name = |(column, identifier): (_, &Option<Identifier>)| {
        Some(NewName::new(column, identifier.as_ref()?))
    };
    columns.map(name).collect()
}

/// Returns `true` if a sign-in looks for names in this column.
fn is_login_name(column: &IdentifierColumn) -> bool {
    column.is_login && matches!(column.kind, IdentifierKind::Username | IdentifierKind::Code)
}

/// The columns beside `at` in which a sign-in looks for the text of that column, each with the form
/// in which it would have the text.
fn same_text<U: AuthUser>(at: usize, key: &str) -> Vec<(usize, String)> {
    let columns = U::SHAPE.identifiers;
    if !is_login_name(&columns[at]) {
        return Vec::new();
    }
    let others = columns.iter().enumerate();
    let others = others.filter(|(other, column)| *other != at && is_login_name(column));
    others.map(|(other, column)| (other, column.key_of(key))).collect()
}

/// The locks on new names of an account, in order; none if its table has one column of names.
///
/// Folding is coarser than any comparison of names, so two accounts that would share a text share a
/// lock.
fn name_locks<U: AuthUser>(names: &[Option<NewName>]) -> Vec<CounterName> {
    let columns = U::SHAPE.identifiers;
    if columns.iter().filter(|column| is_login_name(column)).count() < 2 {
        return Vec::new();
    }
    let names = columns.iter().zip(names).filter(|(column, _)| is_login_name(column));
    let lock = |name: &NewName| {
        CounterName::new(sha256(&[b"name of a new account", Username::fold(&name.key).as_bytes()]))
    };
    let mut locks: Vec<_> = names.filter_map(|(_, name)| name.as_ref().map(lock)).collect();
    locks.sort_unstable();
    locks
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// The identifiers that are taken where no index sees it: in another form, as rows of other
    /// software may have an address; in a row without a compared form; or in another column in which
    /// a sign-in looks for the same text. What the account `own` has is not taken.
    pub(crate) async fn taken_elsewhere(
        &self,
        names: &[Option<NewName>],
        own: Option<&U::Id>,
    ) -> Result<Vec<usize>, StoreError> {
        let columns = U::SHAPE.identifiers;
        let mut taken = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let Some(NewName { key, shown }) = name else { continue };
            let alternate = columns[at].alternate(key).map(|other| (at, other));
            let unfilled = self.may_be_unfilled(&columns[at]).then(|| (at, key.clone()));
            let others = alternate.into_iter().chain(unfilled).chain(same_text::<U>(at, key));
            for (other, key) in others {
                let found = self.by_identifier(other, &key, shown).await?;
                if found.is_some_and(|(found, _)| Some(found.user.id()) != own) {
                    taken.push(at);
                }
            }
        }
        Ok(taken)
    }

    /// Finds out which identifiers are taken, beside those that are known to be.
    pub(super) async fn taken(
        &self,
        names: &[Option<NewName>],
        known: Vec<usize>,
    ) -> Result<Created<U::Id>, StoreError> {
        let mut taken = known;
        for (at, name) in names.iter().enumerate() {
            let Some(NewName { key, shown }) = name else { continue };
            if self.by_identifier(at, key, shown).await?.is_some() {
                taken.push(at);
            }
        }
        taken.sort_unstable();
        taken.dedup();
        Ok(Created::Taken { identifiers: taken })
    }

    /// Inserts the row and returns its key, also if the database made it.
    pub(super) async fn insert(
        &self,
        account: &NewAccount<U>,
        names: &[Option<NewName>],
    ) -> Result<Result<U::Id, NotInserted>, sqlx::Error> {
        let locks = name_locks::<U>(names);
        let is_one_statement =
            locks.is_empty() && account.invitation.is_none() && !Recording::is_wanted();
        if is_one_statement && let Some(id) = &account.id {
            self.execute_once(self.insertion(account)).await?;
            return Ok(Ok(id.clone()));
        }
        if is_one_statement && DB::DIALECT.returns() {
            let row = self.execute_returning(self.insertion(account)).await?;
            return rows::take::<DB, _>(&row.ok_or(sqlx::Error::RowNotFound)?, 0).map(Ok);
        }
        let mut tx = self.begin().await?;
        let id = match self.insert_named(&mut tx, account, names).await? {
            Ok(id) => id,
            Err(cause) => return tx.roll_back(Err(cause)).await,
        };
        if account.invitation.is_some() {
            self.verify_new(&mut tx, &id).await?;
        }
        self.commit(tx, &id).await?;
        Ok(Ok(id))
    }

    pub(super) async fn verify_new(
        &self,
        tx: &mut Transaction<DB>,
        id: &U::Id,
    ) -> Result<(), sqlx::Error> {
        tx.execute(self.query(VERIFY).bind("account", id.clone())).await?;
        Ok(())
    }

    /// Consumes the invitation, if there is one, and inserts the row.
    pub(super) async fn insert_named(
        &self,
        tx: &mut Transaction<DB>,
        account: &NewAccount<U>,
        names: &[Option<NewName>],
    ) -> Result<Result<U::Id, NotInserted>, sqlx::Error> {
        if let Some(token) = &account.invitation
            && !self.consume_invitation(tx, account, token).await?
        {
            return Ok(Err(NotInserted::InvitationEnded));
        }
        if !self.reserve(tx, names, None).await? {
            return Ok(Err(NotInserted::NameTaken));
        }
        self.insert_in(tx, account, names).await.map(Ok)
    }

    /// Locks the names until the end of the transaction. Returns `false` if another account than
    /// `own` has one of them in another column.
    pub(crate) async fn reserve(
        &self,
        tx: &mut Transaction<DB>,
        names: &[Option<NewName>],
        own: Option<&U::Id>,
    ) -> Result<bool, sqlx::Error> {
        let locks = name_locks::<U>(names);
        for lock in &locks {
            self.lock_row(tx, lock).await?;
        }
        Ok(locks.is_empty() || !self.is_name_taken(tx, names, own).await?)
    }

    /// Returns `true` if another account than `own` has one of the names in another column.
    async fn is_name_taken(
        &self,
        tx: &mut Transaction<DB>,
        names: &[Option<NewName>],
        own: Option<&U::Id>,
    ) -> Result<bool, sqlx::Error> {
        let named = names.iter().enumerate().filter_map(|(at, name)| Some((at, name.as_ref()?)));
        let others = named.flat_map(|(at, name)| {
            same_text::<U>(at, &name.key).into_iter().map(|(other, key)| (other, key, &name.shown))
        });
        for (other, key, shown) in others {
            let query = self.query(BY_IDENTIFIER[other]).bind("key", key.clone());
            let Some(row) = tx.row(query.bind("typed", shown.clone())).await? else { continue };
            if Some(rows::account::<DB, U>(&row)?.user.id()) == own {
                continue;
            }
            let stored: Option<String> = rows::take::<DB, _>(&row, rows::after_account::<U>() + 1)?;
            if stored.is_none_or(|stored| is_key(&U::SHAPE.identifiers[other], &stored, &key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Inserts the row and returns its key.
    pub(super) async fn insert_in(
        &self,
        tx: &mut Transaction<DB>,
        account: &NewAccount<U>,
        names: &[Option<NewName>],
    ) -> Result<U::Id, sqlx::Error> {
        let id = account.id.clone();
        let call = self.insertion(account);
        if let Some(id) = id {
            tx.execute_call(call).await?;
            return Ok(id);
        }
        if DB::DIALECT.returns() {
            let row = tx.row_of(call).await?.ok_or(sqlx::Error::RowNotFound)?;
            return rows::take::<DB, _>(&row, 0);
        }
        tx.execute_call(call).await?;
        // The derive asks for an identifier that every account has.
        let mut named =
            names.iter().enumerate().filter_map(|(at, name)| Some((at, name.as_ref()?)));
        let (at, name) = named.next().ok_or(sqlx::Error::RowNotFound)?;
        let query = self.query(BY_IDENTIFIER[at]).bind("key", name.key.clone());
        let row = tx.row(query.bind("typed", name.shown.clone())).await?;
        let row = row.ok_or(sqlx::Error::RowNotFound)?;
        Ok(rows::account::<DB, U>(&row)?.user.id().clone())
    }

    fn insertion(&self, account: &NewAccount<U>) -> Call<DB> {
        let mut query = self
            .query(CREATE)
            .bind("hash", account.hash.expose().to_owned())
            .bind("stamp", account.security_stamp)
            .bind_time("now", account.created_at);
        if let Some(id) = &account.id {
            query = query.bind("id", id.clone());
        }
        let columns = U::SHAPE.identifiers.iter().zip(&account.identifiers);
        for (at, (column, identifier)) in columns.enumerate() {
            let shown = identifier.as_ref().map(Identifier::shown).map(str::to_owned);
            let key = identifier.as_ref().map(|one| one.key(column).to_owned());
            query = query.bind(identifier_name(at), shown).bind(key_name(at), key);
        }
        U::write(account.own.0.clone(), query.call())
    }
}
