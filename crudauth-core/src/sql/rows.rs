//! Reads rows by position.

use chrono::{DateTime, Utc};

use super::{AuthRow, Backend, Stores};
use crate::model::{Account, AccountState, AuthUser, PasswordHash};

/// The flags of an account are one column, since the driver copies every column by itself.
pub(crate) const ACTIVE: i32 = 1;
pub(crate) const SUPERUSER: i32 = 2;
pub(crate) const VERIFIED: i32 = 4;

/// Reads an account from the first columns of a row, as `{account}` lists them.
pub(crate) fn account<DB: Backend, U: AuthRow<DB>>(
    row: &DB::Row,
) -> Result<Account<U>, sqlx::Error> {
    let at = U::SHAPE.columns.len();
    let flags: i32 = take::<DB, _>(row, at)?;
    Ok(Account {
        user: U::read(row)?,
        is_active: flags & ACTIVE != 0,
        is_superuser: flags & SUPERUSER != 0,
        is_verified: flags & VERIFIED != 0,
        state: AccountState {
            version: take::<DB, _>(row, at + 1)?,
            security_stamp: take::<DB, _>(row, at + 2)?,
        },
    })
}

/// Position of the first column after `{account}`.
pub(crate) fn after_account<U: AuthUser>() -> usize {
    U::SHAPE.columns.len() + 3
}

/// Reads an account and its password hash from `{account}, {hash}`.
pub(crate) fn account_with_hash<DB: Backend, U: AuthRow<DB>>(
    row: &DB::Row,
) -> Result<(Account<U>, PasswordHash), sqlx::Error> {
    let hash: Option<String> = take::<DB, _>(row, after_account::<U>())?;
    Ok((account::<DB, U>(row)?, PasswordHash::new(hash.unwrap_or_default())))
}

/// Reads columns one after the other.
pub(crate) struct Columns<'r, DB: Backend> {
    row: &'r DB::Row,
    at: usize,
}

impl<'r, DB: Backend> Columns<'r, DB> {
    pub(crate) fn new(row: &'r DB::Row, at: usize) -> Self {
        Self { row, at }
    }

    pub(crate) fn next<T>(&mut self) -> Result<T, sqlx::Error>
    where
        DB: Stores<T>,
    {
        self.at += 1;
        take::<DB, T>(self.row, self.at - 1)
    }

    /// An instant of the library's tables.
    pub(crate) fn instant(&mut self) -> Result<DateTime<Utc>, sqlx::Error> {
        self.next::<i64>().map(instant)
    }

    /// An instant that may be absent.
    pub(crate) fn optional_instant(&mut self) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
        Ok(self.next::<Option<i64>>()?.map(instant))
    }

    /// The columns `token_version`, `auth_epoch`.
    pub(crate) fn state(&mut self) -> Result<AccountState, sqlx::Error> {
        Ok(AccountState { version: self.next()?, security_stamp: self.next()? })
    }

    /// Bytes of a fixed length.
    pub(crate) fn digest<T>(
        &mut self,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, sqlx::Error> {
        let bytes: Vec<u8> = self.next()?;
        read(&bytes).ok_or_else(|| sqlx::Error::Decode("a digest must have 32 bytes".into()))
    }
}

/// Reads the column at a position.
pub(crate) fn take<DB: Stores<T>, T>(row: &DB::Row, at: usize) -> Result<T, sqlx::Error> {
    <DB as Stores<T>>::take(row, at)
}

/// The instant that `Query::bind_instant` stored.
pub(crate) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::UNIX_EPOCH)
}
