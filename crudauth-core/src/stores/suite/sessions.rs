//! Promises of [`SessionStore`].

#![allow(missing_docs, reason = "the name of each function is its promise")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{CROWD, MILLISECOND, at_once, bytes, count_of, seconds, start};
use crate::model::{
    AccountState, AuthUser, ClientAddress, CsrfDigest, Impersonator, Proofs, SessionDigest,
};
use crate::slices::sessions::store::{Session, SessionStore};

const LIFETIME: Duration = Duration::from_secs(1800);
/// More than any promise inserts.
const NO_LIMIT: u32 = 1000;

fn digest(number: usize) -> SessionDigest {
    SessionDigest::new(bytes(b's', number))
}

fn csrf(number: usize) -> CsrfDigest {
    CsrfDigest::new(bytes(b'x', number))
}

/// The key of an account: a number, or else a UUID, or else a text.
fn account<U: AuthUser>(number: u8) -> U::Id {
    let uuid = format!("00000000-0000-4000-8000-0000000000{number:02x}");
    [json!(number), json!(uuid), json!(number.to_string())]
        .into_iter()
        .find_map(|key| serde_json::from_value(key).ok())
        .expect("the key of an account is a number, a UUID or a text")
}

const STATE: AccountState = AccountState { version: 3, security_stamp: 1 << 60 };

/// A session of account 1, opened at the start.
fn session<U: AuthUser>(number: usize) -> Session<U::Id> {
    Session {
        digest: digest(number),
        account: account::<U>(1),
        state: STATE,
        csrf: csrf(number),
        client: None,
        user_agent: None,
        is_remembered: false,
        created_at: start(),
        last_activity_at: start(),
        expires_at: start() + LIFETIME,
        ends_at: None,
        proofs: Proofs::of_password(start()),
        impersonator: None,
    }
}

/// A session of account 1, opened at `now`.
fn session_at<U: AuthUser>(number: usize, now: DateTime<Utc>) -> Session<U::Id> {
    let session = session::<U>(number);
    let proofs = Proofs::of_password(now);
    let expires_at = now + LIFETIME;
    Session { created_at: now, last_activity_at: now, expires_at, proofs, ..session }
}

async fn insert<U: AuthUser>(store: &impl SessionStore<U>, session: &Session<U::Id>) {
    store.insert(session.clone(), NO_LIMIT).await.unwrap();
}

async fn list<U: AuthUser>(
    store: &impl SessionStore<U>,
    number: u8,
    now: DateTime<Utc>,
) -> Vec<Session<U::Id>> {
    store.list(&account::<U>(number), now).await.unwrap()
}

/// The sessions of account 1 by their numbers, the most recently active first.
async fn numbers<U: AuthUser>(store: &impl SessionStore<U>, now: DateTime<Utc>) -> Vec<usize> {
    let sessions = list(store, 1, now).await;
    let number = |session: &Session<U::Id>| (0..=CROWD).find(|&n| digest(n) == session.digest);
    sessions.iter().map(|session| number(session).expect("an unknown session")).collect()
}

pub async fn a_session_is_found_as_it_was_stored<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    let addresses: [IpAddr; 3] = ["192.0.2.7", "2001:db8::7", "::1"].map(|ip| ip.parse().unwrap());
    let agents = ["Mozilla/5.0 (X11)", &"🦀".repeat(512), "\"quotes\" \\ \u{1} ünï'; --"];
    let stamps = [i64::MAX, i64::MIN, -1];
    let proofs = [
        Proofs::lowered(),
        Proofs::of_password(start() + LIFETIME),
        Proofs {
            email_at: Some(start()),
            passkey_at: Some(start()),
            second_factor_at: Some(start()),
            elevated_at: Some(start()),
            ..Proofs::of_password(start())
        },
    ];
    let keys = ["7", "a key with blanks, \"quotes\" and ü"].map(str::to_owned);
    let state = AccountState { version: i32::MIN, security_stamp: i64::MAX };
    let [one, other] =
        keys.map(|account| Some(Impersonator { account, state, session: digest(9) }));
    let impersonators = [None, one, other];
    for number in 0..3 {
        let session = Session {
            state: AccountState { version: i32::MAX, security_stamp: stamps[number] },
            client: Some(ClientAddress::from(addresses[number])),
            user_agent: Some(agents[number].to_owned()),
            is_remembered: true,
            last_activity_at: start() + MILLISECOND,
            ends_at: Some(start() + 100 * LIFETIME),
            proofs: proofs[number],
            impersonator: impersonators[number].clone(),
            ..session::<U>(number)
        };
        insert(&*store, &session).await;
        let found = store.find(&session.digest, start()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&session));
        let listed = list(&*store, 1, start()).await;
        assert!(listed.contains(&session), "{listed:?}");
    }
}

pub async fn optional_fields_may_be_absent<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    let state = AccountState { version: 0, security_stamp: 0 };
    let session = Session { state, ..session::<U>(1) };
    insert(&*store, &session).await;
    assert_eq!(store.find(&session.digest, start()).await.unwrap(), Some(session));
}

pub async fn an_unknown_digest_finds_nothing<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    insert(&*store, &session::<U>(1)).await;
    assert_eq!(store.find(&digest(2), start()).await.unwrap(), None);
    assert_eq!(list(&*store, 2, start()).await, []);
}

pub async fn a_session_ends_at_its_expiry<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    insert(&*store, &session::<U>(1)).await;
    let end = start() + LIFETIME;
    let last_moment = end - MILLISECOND;
    assert!(store.find(&digest(1), last_moment).await.unwrap().is_some());
    assert_eq!(list(&*store, 1, last_moment).await.len(), 1);
    assert_eq!(store.find(&digest(1), end).await.unwrap(), None);
    assert_eq!(list(&*store, 1, end).await, []);
}

pub async fn activity_moves_the_expiry<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    insert(&*store, &session::<U>(1)).await;
    let later = start() + LIFETIME / 2;
    store.touch(&digest(1), later, later + LIFETIME).await.unwrap();
    let expected =
        Session { last_activity_at: later, expires_at: later + LIFETIME, ..session::<U>(1) };
    let last_moment = later + LIFETIME - MILLISECOND;
    assert_eq!(store.find(&digest(1), last_moment).await.unwrap(), Some(expected.clone()));
    assert_eq!(list(&*store, 1, last_moment).await, [expected]);
    assert_eq!(store.find(&digest(1), later + LIFETIME).await.unwrap(), None);
    // An absolute end may be nearer than the expiry was.
    let latest = later + seconds(1);
    store.touch(&digest(1), latest, latest + seconds(5)).await.unwrap();
    assert_eq!(store.find(&digest(1), latest + seconds(5)).await.unwrap(), None);
}

pub async fn earlier_activity_changes_nothing<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    let now = start() + seconds(60);
    let session = session_at::<U>(1, now);
    insert(&*store, &session).await;
    for earlier in [now, now - MILLISECOND, start()] {
        store.touch(&digest(1), earlier, earlier + 2 * LIFETIME).await.unwrap();
        assert_eq!(store.find(&digest(1), now).await.unwrap().as_ref(), Some(&session));
    }
}

pub async fn an_expired_session_is_not_revived_by_activity<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    insert(&*store, &session::<U>(1)).await;
    let end = start() + LIFETIME;
    store.touch(&digest(1), end, end + LIFETIME).await.unwrap();
    assert_eq!(store.find(&digest(1), end).await.unwrap(), None);
    assert_eq!(list(&*store, 1, end).await, []);
}

pub async fn activity_of_an_unknown_session_stores_nothing<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    store.touch(&digest(1), start(), start() + LIFETIME).await.unwrap();
    assert_eq!(store.find(&digest(1), start()).await.unwrap(), None);
    assert!(!store.remove(&digest(1)).await.unwrap());
}

pub async fn parallel_activity_keeps_the_latest<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    insert(&*store, &session::<U>(1)).await;
    at_once(CROWD, |task| {
        let store = Arc::clone(&store);
        let now = start() + seconds(task as u64 + 1);
        async move { store.touch(&digest(1), now, now + LIFETIME).await.unwrap() }
    })
    .await;
    let latest = start() + seconds(CROWD as u64);
    let found = store.find(&digest(1), latest).await.unwrap().expect("the session is gone");
    assert_eq!(found.last_activity_at, latest);
    assert_eq!(found.expires_at, latest + LIFETIME);
}

pub async fn a_list_has_the_sessions_of_one_account<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    let other = Session { account: account::<U>(2), ..session::<U>(9) };
    insert(&*store, &other).await;
    for number in 1..4 {
        insert(&*store, &session::<U>(number)).await;
    }
    assert_eq!(list(&*store, 1, start()).await.len(), 3);
    assert_eq!(list(&*store, 2, start()).await, [other]);
    assert_eq!(list(&*store, 3, start()).await, []);
}

pub async fn a_list_starts_with_the_most_recent_activity<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    for (number, opened) in [(1, 20), (2, 40), (3, 10), (4, 30)] {
        insert(&*store, &session_at::<U>(number, start() + seconds(opened))).await;
    }
    let now = start() + seconds(60);
    assert_eq!(numbers(&*store, now).await, [2, 4, 1, 3]);
    store.touch(&digest(3), now, now + LIFETIME).await.unwrap();
    assert_eq!(numbers(&*store, now).await, [3, 2, 4, 1]);
}

pub async fn a_csrf_digest_is_replaced_only_if_it_matches<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    insert(&*store, &session::<U>(1)).await;
    insert(&*store, &session::<U>(2)).await;
    assert!(!store.replace_csrf(&digest(1), &csrf(8), &csrf(9)).await.unwrap());
    assert!(store.replace_csrf(&digest(1), &csrf(1), &csrf(9)).await.unwrap());
    assert!(!store.replace_csrf(&digest(1), &csrf(1), &csrf(7)).await.unwrap());
    assert!(!store.replace_csrf(&digest(3), &csrf(3), &csrf(7)).await.unwrap());
    let expected = Session { csrf: csrf(9), ..session::<U>(1) };
    assert_eq!(store.find(&digest(1), start()).await.unwrap(), Some(expected));
    assert_eq!(store.find(&digest(2), start()).await.unwrap(), Some(session::<U>(2)));
    assert_eq!(store.find(&digest(3), start()).await.unwrap(), None);
}

pub async fn of_parallel_csrf_replacements_one_succeeds<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    insert(&*store, &session::<U>(1)).await;
    let replaced = at_once(CROWD, |task| {
        let store = Arc::clone(&store);
        let new = csrf(100 + task);
        async move { store.replace_csrf(&digest(1), &csrf(1), &new).await.unwrap() }
    })
    .await;
    assert_eq!(count_of(&replaced, &true), 1);
    let winner = replaced.iter().position(|&is_replaced| is_replaced).unwrap();
    let found = store.find(&digest(1), start()).await.unwrap().expect("the session is gone");
    assert_eq!(found.csrf, csrf(100 + winner));
}

pub async fn a_rebound_session_has_the_new_state<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    insert(&*store, &session::<U>(1)).await;
    insert(&*store, &session::<U>(2)).await;
    let state = AccountState { version: -7, security_stamp: -(1 << 61) };
    assert!(store.rebind(&digest(1), state).await.unwrap());
    let expected = Session { state, ..session::<U>(1) };
    assert_eq!(store.find(&digest(1), start()).await.unwrap(), Some(expected));
    assert_eq!(store.find(&digest(2), start()).await.unwrap(), Some(session::<U>(2)));
}

pub async fn an_unknown_session_is_not_rebound<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    assert!(!store.rebind(&digest(1), STATE).await.unwrap());
    assert_eq!(store.find(&digest(1), start()).await.unwrap(), None);
}

pub async fn a_removed_session_is_gone<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    insert(&*store, &session::<U>(1)).await;
    insert(&*store, &session::<U>(2)).await;
    assert!(store.remove(&digest(1)).await.unwrap());
    assert!(!store.remove(&digest(1)).await.unwrap());
    assert_eq!(store.find(&digest(1), start()).await.unwrap(), None);
    assert_eq!(numbers(&*store, start()).await, [2]);
}

pub async fn of_parallel_removals_one_succeeds<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    insert(&*store, &session::<U>(1)).await;
    let removed = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { store.remove(&digest(1)).await.unwrap() }
    })
    .await;
    assert_eq!(count_of(&removed, &true), 1);
}

/// Whatever runs at the same time as a removal does not bring the session back.
pub async fn a_removed_session_is_not_revived<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    for round in 0..4 {
        insert(&*store, &session::<U>(round)).await;
        let removed = at_once(CROWD, |task| {
            let store = Arc::clone(&store);
            async move {
                let now = start() + seconds(task as u64 + 1);
                match task % 4 {
                    0 => store.touch(&digest(round), now, now + LIFETIME).await.unwrap(),
                    1 => assert!(store.rebind(&digest(round), STATE).await.is_ok()),
                    2 => {
                        let new = csrf(100 + task);
                        let replaced = store.replace_csrf(&digest(round), &csrf(round), &new).await;
                        assert!(replaced.is_ok());
                    }
                    _ => return store.remove(&digest(round)).await.unwrap(),
                }
                false
            }
        })
        .await;
        assert_eq!(count_of(&removed, &true), 1);
        assert_eq!(store.find(&digest(round), start()).await.unwrap(), None);
        assert_eq!(list(&*store, 1, start()).await, []);
    }
}

pub async fn the_least_recently_active_session_is_deleted_beyond_the_limit<
    U: AuthUser,
    S: SessionStore<U>,
>(
    store: Arc<S>,
) {
    for number in 1..4 {
        insert(&*store, &session_at::<U>(number, start() + seconds(number as u64))).await;
    }
    let later = start() + seconds(10);
    store.touch(&digest(1), later, later + LIFETIME).await.unwrap();
    let now = start() + seconds(20);
    store.insert(session_at::<U>(4, now), 3).await.unwrap();
    assert_eq!(numbers(&*store, now).await, [4, 1, 3]);
    assert_eq!(store.find(&digest(2), now).await.unwrap(), None);
    let now = start() + seconds(30);
    store.insert(session_at::<U>(5, now), 1).await.unwrap();
    assert_eq!(numbers(&*store, now).await, [5]);
}

pub async fn a_new_session_survives_its_own_insertion<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    // The clock of another process is ahead.
    for number in 1..4 {
        insert(&*store, &session_at::<U>(number, start() + seconds(number as u64))).await;
    }
    store.insert(session::<U>(4), 2).await.unwrap();
    assert_eq!(numbers(&*store, start()).await, [3, 4]);
}

pub async fn the_limit_concerns_one_account<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    let other = Session { account: account::<U>(2), ..session::<U>(9) };
    insert(&*store, &other).await;
    for number in 1..4 {
        let now = start() + seconds(number as u64);
        store.insert(session_at::<U>(number, now), 1).await.unwrap();
    }
    assert_eq!(list(&*store, 2, start()).await, [other]);
    assert_eq!(numbers(&*store, start() + seconds(3)).await, [3]);
}

pub async fn expired_sessions_do_not_count_against_the_limit<U: AuthUser, S: SessionStore<U>>(
    store: Arc<S>,
) {
    let now = start() + seconds(60);
    // The latest activity of all, but expired.
    for number in 1..4 {
        let expired = Session { expires_at: now, ..session_at::<U>(number, now - MILLISECOND) };
        insert(&*store, &expired).await;
    }
    insert(&*store, &session::<U>(4)).await;
    store.insert(session_at::<U>(5, now), 2).await.unwrap();
    assert_eq!(numbers(&*store, now).await, [5, 4]);
}

pub async fn parallel_insertions_keep_the_limit<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    at_once(CROWD, |task| {
        let store = Arc::clone(&store);
        let session = session_at::<U>(task, start() + seconds(task as u64));
        async move { store.insert(session, 5).await.unwrap() }
    })
    .await;
    let left = numbers(&*store, start() + seconds(CROWD as u64)).await;
    assert_eq!(left.len(), 5, "{left:?}");
    let most_recent: Vec<_> = (CROWD - 4..CROWD).rev().collect();
    assert_eq!(left.get(..4), Some(&most_recent[..]));
}

pub async fn two_insertions_at_once_leave_one_session_under_a_limit_of_one<
    U: AuthUser,
    S: SessionStore<U>,
>(
    store: Arc<S>,
) {
    let accounts = CROWD / 2;
    at_once(CROWD, |task| {
        let store = Arc::clone(&store);
        let account = account::<U>((task / 2) as u8);
        let session = Session { account, ..session::<U>(task) };
        async move { store.insert(session, 1).await.unwrap() }
    })
    .await;
    for number in 0..accounts {
        let left = list(&*store, number as u8, start()).await;
        assert_eq!(left.len(), 1, "account {number}");
    }
}

pub async fn a_purge_deletes_expired_sessions_only<U: AuthUser, S: SessionStore<U>>(store: Arc<S>) {
    for number in 1..6 {
        insert(&*store, &session::<U>(number)).await;
    }
    insert(&*store, &session_at::<U>(9, start() + seconds(1))).await;
    let later = start() + LIFETIME;
    let first = store.purge(later, 3).await.unwrap();
    assert!(first <= 3, "a purge deleted {first}, more than its limit");
    let all = first + store.purge(later, 1000).await.unwrap();
    assert!(all == 5 || all == 0, "purges deleted {all} of 5 expired sessions");
    assert!(store.find(&digest(9), later).await.unwrap().is_some());
    assert_eq!(numbers(&*store, later).await, [9]);
}
