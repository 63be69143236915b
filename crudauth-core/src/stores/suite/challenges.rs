//! Promises of [`ChallengeStore`].

#![allow(missing_docs, reason = "the name of each function is its promise")]

use std::sync::Arc;

use super::{CROWD, MILLISECOND, at_once, bytes, count_of, seconds, start};
use crate::guard::challenges::{ChallengeRecord, ChallengeStore};
use crate::model::ChallengeDigest;

fn digest(number: usize) -> ChallengeDigest {
    ChallengeDigest::new(bytes(b'c', number))
}

async fn insert(store: &impl ChallengeStore, number: usize, value: &[u8], lifetime: u64) {
    let challenge = ChallengeRecord {
        digest: digest(number),
        value: value.to_vec(),
        created_at: start(),
        expires_at: start() + seconds(lifetime),
    };
    store.insert(challenge).await.unwrap();
}

pub async fn a_challenge_is_found_as_it_was_stored<S: ChallengeStore>(store: Arc<S>) {
    let all_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(4096).collect();
    let values: [&[u8]; 4] = [b"", b"\0", "{\"n\":\"ünï\"}".as_bytes(), &all_bytes];
    for (number, value) in values.into_iter().enumerate() {
        insert(&*store, number, value, 300).await;
        for _ in 0..2 {
            let found = store.find(&digest(number), start()).await.unwrap();
            assert_eq!(found.as_deref(), Some(value), "a look-up does not consume");
        }
        let taken = store.take(&digest(number), start()).await.unwrap();
        assert_eq!(taken.as_deref(), Some(value));
    }
}

pub async fn an_unknown_challenge_is_not_found<S: ChallengeStore>(store: Arc<S>) {
    assert_eq!(store.find(&digest(1), start()).await.unwrap(), None);
    assert_eq!(store.take(&digest(1), start()).await.unwrap(), None);
}

pub async fn a_challenge_is_taken_once<S: ChallengeStore>(store: Arc<S>) {
    insert(&*store, 1, b"state", 300).await;
    assert!(store.take(&digest(1), start()).await.unwrap().is_some());
    assert_eq!(store.take(&digest(1), start()).await.unwrap(), None);
    assert_eq!(store.find(&digest(1), start()).await.unwrap(), None);
}

pub async fn of_parallel_takers_one_gets_the_challenge<S: ChallengeStore>(store: Arc<S>) {
    for round in 0..4 {
        insert(&*store, round, b"state", 300).await;
        let taken = at_once(CROWD, |_| {
            let store = Arc::clone(&store);
            async move { store.take(&digest(round), start()).await.unwrap() }
        })
        .await;
        assert_eq!(count_of(&taken, &Some(b"state".to_vec())), 1);
        assert_eq!(count_of(&taken, &None), CROWD - 1);
    }
}

pub async fn a_challenge_ends_at_its_expiry<S: ChallengeStore>(store: Arc<S>) {
    insert(&*store, 1, b"state", 300).await;
    let end = start() + seconds(300);
    assert!(store.find(&digest(1), end - MILLISECOND).await.unwrap().is_some());
    assert_eq!(store.find(&digest(1), end).await.unwrap(), None);
    assert_eq!(store.take(&digest(1), end).await.unwrap(), None);
}

pub async fn each_challenge_stands_alone<S: ChallengeStore>(store: Arc<S>) {
    insert(&*store, 1, b"one", 300).await;
    insert(&*store, 2, b"two", 300).await;
    assert_eq!(store.take(&digest(1), start()).await.unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(store.take(&digest(2), start()).await.unwrap().as_deref(), Some(&b"two"[..]));
}

pub async fn a_purge_deletes_expired_challenges_only<S: ChallengeStore>(store: Arc<S>) {
    for number in 0..5 {
        insert(&*store, number, b"short", 300).await;
    }
    insert(&*store, 9, b"long", 600).await;
    let later = start() + seconds(300);
    let first = store.purge(later, 3).await.unwrap();
    assert!(first <= 3, "a purge deleted {first}, more than its limit");
    let all = first + store.purge(later, 1000).await.unwrap();
    assert!(all == 5 || all == 0, "purges deleted {all} of 5 expired challenges");
    assert!(store.find(&digest(9), later).await.unwrap().is_some());
}
