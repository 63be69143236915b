//! What the statements about an account's sessions, grants and keys bind alike.

use chrono::{DateTime, Utc};

use super::statements::Sql;
use super::store::millis;
use super::{AuthRow, Backend, Call, Stores};
use crate::model::{Account, AuthUser, Digest};
use crate::ports::{Credential, LockRule};

/// A statement about all that an account has of a kind at that time: what was opened under another
/// version of it is dead.
pub(crate) fn all_of<DB, U>(sql: &'static str, account: &Account<U>, now: DateTime<Utc>) -> Call<DB>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    live(Call::new(sql).with(account.user.id().clone()), account, now)
}

/// A statement about the one of them that has this name, or all but it.
pub(crate) fn one_of<DB, U, T: 'static>(
    sql: &'static str,
    account: &Account<U>,
    name: T,
    now: DateTime<Utc>,
) -> Call<DB>
where
    DB: Backend + Stores<U::Id> + Stores<T>,
    U: AuthRow<DB>,
{
    live(Call::new(sql).with(account.user.id().clone()).with(name), account, now)
}

fn live<DB: Backend, U: AuthUser>(
    call: Call<DB>,
    account: &Account<U>,
    now: DateTime<Utc>,
) -> Call<DB> {
    call.with(millis(now)).with(account.version).with(account.epoch)
}

/// The last values of an insert that is not to happen once one of these counters is used up.
pub(crate) fn unless_locked<DB: Backend>(
    mut call: Call<DB>,
    unless: &[Digest],
    rule: &LockRule,
    now: DateTime<Utc>,
) -> Call<DB> {
    // The statement names three counters; fewer are filled up with a name that no counter has.
    for at in 0..3 {
        call = call.with(unless.get(at).map_or_else(Vec::new, |digest| digest.to_vec()));
    }
    call.with(millis(now)).with(i64::from(rule.free)).with(millis(now))
}

/// Holds what somebody asks by, if it is still there: whoever ends it waits until what they ask for is
/// done. The time is bound last.
pub(crate) fn hold<DB, U>(credential: Credential, id: &U::Id, version: i32, epoch: i64) -> Call<DB>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let (sql, name) = match credential {
        Credential::Session(digest) => (Sql::<DB, U>::HOLD_SESSION, digest.to_vec()),
        Credential::Grant(id) => (Sql::<DB, U>::HOLD_GRANT, id.as_bytes().to_vec()),
    };
    Call::new(sql).with(id.clone()).with(name).with(version).with(epoch)
}
