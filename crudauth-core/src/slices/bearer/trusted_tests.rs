use chrono::{DateTime, TimeDelta, Utc};

use super::access::{Access, token_id};
use super::trusted::{Known, Trusted};
use crate::model::{Account, PasswordHash, Scopes};
use crate::ports::{GrantId, OsEntropy};

const MOST: usize = 3;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default()
}

/// A token that lives for so many seconds from now on.
fn living(seconds: i64) -> Access {
    Access {
        subject: "42".to_owned(),
        version: 0,
        epoch: 7,
        grant: GrantId::generate(&OsEntropy),
        scopes: Scopes::default(),
        issued_at: now(),
        expires_at: now() + TimeDelta::seconds(seconds),
        id: token_id(&OsEntropy),
    }
}

fn put(trusted: &Trusted<()>, access: &Access, now: DateTime<Utc>) {
    let account = Account {
        user: (),
        hash: PasswordHash::new("hash".to_owned()),
        is_active: true,
        is_superuser: false,
        is_verified: false,
        version: access.version,
        epoch: access.epoch,
    };
    trusted.put(access, &Known { account, signed_in_at: now }, now);
}

fn remembered<const N: usize>(trusted: &Trusted<()>, tokens: [&Access; N]) -> [bool; N] {
    tokens.map(|token| trusted.get(token).is_some())
}

#[test]
fn no_more_are_remembered_than_was_said_and_the_newest_always_is() {
    let trusted = Trusted::new(MOST);
    let tokens: [Access; MOST] = std::array::from_fn(|_| living(60));
    tokens.iter().for_each(|token| put(&trusted, token, now()));
    let [one, two, three] = &tokens;
    assert_eq!(remembered(&trusted, [one, two, three]), [true; MOST]);
    let newest = living(60);
    put(&trusted, &newest, now());
    assert_eq!(remembered(&trusted, [one, two, three]), [false; MOST]);
    assert_eq!(remembered(&trusted, [&newest]), [true]);
}

#[test]
fn those_that_have_expired_make_room_and_the_others_stay() {
    let trusted = Trusted::new(MOST);
    let [expired, alive, too, newest] = [living(60), living(61), living(90), living(90)];
    for token in [&expired, &alive, &too] {
        put(&trusted, token, now());
    }
    put(&trusted, &newest, now() + TimeDelta::seconds(60));
    assert_eq!(remembered(&trusted, [&expired, &alive, &too, &newest]), [false, true, true, true]);
}
