//! Keeps the last active superuser, in the transactions that disable, delete or demote accounts.

use super::sql::BY_ID;
use crate::model::{Account, AuthUser};
use crate::sql::rows;
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, SqlStore, Stores};

/// Other superusers that are tried as the one that stays.
const OTHERS: &str = "SELECT {read id} FROM {table} WHERE {read superuser} IS TRUE AND {is active} \
    AND {id} <> {:id id} LIMIT 10";

const LOCK: &str = "SELECT {account} FROM {table} WHERE {id} = {:id id}{for update}";

/// A transaction that takes an account out of use.
pub(crate) enum Guarded<DB: Backend, U> {
    /// It holds the account, in this state. If the account is an active superuser, it holds another
    /// one as well.
    Begun(Transaction<DB>, Box<Account<U>>),
    /// There is no such account.
    NotFound,
    /// The account is the last active superuser.
    LastSuperuser,
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Begins a transaction that takes an account out of use.
    ///
    /// If two superusers disable each other at once, both transactions lock the same two rows in the
    /// same order, so the second finds that the first has won.
    pub(crate) async fn begin_guarded(&self, id: &U::Id) -> Result<Guarded<DB, U>, sqlx::Error> {
        let Some(row) = self.row(self.query(BY_ID).bind("id", id.clone())).await? else {
            return Ok(Guarded::NotFound);
        };
        let account = rows::account::<DB, U>(&row)?;
        if !is_in_charge(&account) {
            let begun = self.lock_with(id, None).await?;
            // It became an active superuser just now.
            return Ok(begun.unwrap_or(Guarded::LastSuperuser));
        }
        for row in self.rows(self.query(OTHERS).bind("id", id.clone())).await? {
            let other = rows::take::<DB, U::Id>(&row, 0)?;
            if let Some(begun) = self.lock_with(id, Some(&other)).await? {
                return Ok(begun);
            }
        }
        Ok(Guarded::LastSuperuser)
    }

    /// Locks the account, and the other superuser that stays. Returns `None` if that one is no active
    /// superuser any more, or is needed and not given.
    async fn lock_with(
        &self,
        id: &U::Id,
        other: Option<&U::Id>,
    ) -> Result<Option<Guarded<DB, U>>, sqlx::Error> {
        let mut tx = self.begin().await?;
        let mut ids: Vec<_> = [Some(id), other].into_iter().flatten().collect();
        ids.sort_by_key(ToString::to_string);
        let mut locked = None;
        let mut is_kept = false;
        for locking in ids {
            let row = tx.row(self.query(LOCK).bind("id", locking.clone())).await?;
            let account = row.map(|row| rows::account::<DB, U>(&row)).transpose()?;
            if locking == id {
                locked = account;
            } else {
                is_kept = account.is_some_and(|account| is_in_charge(&account));
            }
        }
        match locked {
            None => tx.roll_back(Some(Guarded::NotFound)).await,
            Some(account) if is_kept || !is_in_charge(&account) => {
                Ok(Some(Guarded::Begun(tx, Box::new(account))))
            }
            Some(_) => tx.roll_back(None).await,
        }
    }
}

fn is_in_charge<U: AuthUser>(account: &Account<U>) -> bool {
    account.is_active() && account.is_superuser()
}
