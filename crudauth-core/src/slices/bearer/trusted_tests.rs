use chrono::{DateTime, TimeDelta, Utc};

use super::FamilyId;
use super::access::Access;
use super::trusted::{TokenOwner, Trusted};
use crate::model::{Account, AccountState, Scopes};
use crate::random::random;

const CAPACITY: usize = 3;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default()
}

/// Creates a token that expires in `seconds`.
fn expiring_in(seconds: i64) -> Access {
    Access {
        subject: "42".to_owned(),
        state: AccountState { version: 0, security_stamp: 7 },
        family: FamilyId::generate(),
        scopes: Scopes::default(),
        issued_at: now(),
        expires_at: now() + TimeDelta::seconds(seconds),
        id: random(),
    }
}

fn insert(trusted: &Trusted<()>, access: &Access, now: DateTime<Utc>) {
    let account = Account {
        user: (),
        is_active: true,
        is_superuser: false,
        is_verified: false,
        state: access.state,
    };
    trusted.insert(access, &TokenOwner { account, signed_in_at: now }, now);
}

fn are_cached<const N: usize>(trusted: &Trusted<()>, tokens: [&Access; N]) -> [bool; N] {
    tokens.map(|token| trusted.get(token).is_some())
}

#[test]
fn the_cache_is_bounded_and_keeps_the_newest() {
    let trusted = Trusted::new(CAPACITY);
    let tokens: [Access; CAPACITY] = std::array::from_fn(|_| expiring_in(60));
    tokens.iter().for_each(|token| insert(&trusted, token, now()));
    let [one, two, three] = &tokens;
    assert_eq!(are_cached(&trusted, [one, two, three]), [true; CAPACITY]);
    let newest = expiring_in(60);
    insert(&trusted, &newest, now());
    assert_eq!(are_cached(&trusted, [one, two, three]), [false; CAPACITY]);
    assert_eq!(are_cached(&trusted, [&newest]), [true]);
}

#[test]
fn expired_tokens_make_room_for_new_ones() {
    let trusted = Trusted::new(CAPACITY);
    let [expired, valid, other, newest] = [60, 61, 90, 90].map(expiring_in);
    for token in [&expired, &valid, &other] {
        insert(&trusted, token, now());
    }
    insert(&trusted, &newest, now() + TimeDelta::seconds(60));
    assert_eq!(
        are_cached(&trusted, [&expired, &valid, &other, &newest]),
        [false, true, true, true]
    );
}
