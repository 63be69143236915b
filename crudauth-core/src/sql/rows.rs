//! Reads rows by position.

use super::{AuthRow, Backend, Stores};
use crate::model::{Account, AuthUser, PasswordHash};

/// Reads an account from the first columns of a row, as `{account}` lists them.
pub(crate) fn account<DB: Backend, U: AuthRow<DB>>(
    row: &DB::Row,
) -> Result<Account<U>, sqlx::Error> {
    let at = U::SHAPE.columns.len();
    let hash: Option<String> = take::<DB, _>(row, at)?;
    Ok(Account {
        user: U::read(row)?,
        hash: PasswordHash::new(hash.unwrap_or_default()),
        is_active: take::<DB, _>(row, at + 1)?,
        is_superuser: take::<DB, _>(row, at + 2)?,
        version: take::<DB, _>(row, at + 3)?,
        epoch: take::<DB, _>(row, at + 4)?,
        is_verified: match U::SHAPE.companion.verified {
            Some(_) => take::<DB, _>(row, at + 5)?,
            None => false,
        },
    })
}

/// The position of the first column after an account's.
pub(crate) fn after_account<U: AuthUser>() -> usize {
    U::SHAPE.columns.len() + U::SHAPE.companion.read_count()
}

/// The column at a position.
pub(crate) fn take<DB: Stores<T>, T>(row: &DB::Row, at: usize) -> Result<T, sqlx::Error> {
    <DB as Stores<T>>::take(row, at)
}
