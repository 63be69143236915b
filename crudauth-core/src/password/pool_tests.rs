//! The pool's promises, with a cost so small that no test waits for a hash.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::ports::OsEntropy;

const TYPED: &str = "a-strong-one";

fn password(typed: &str) -> Password {
    Password::parse(typed).unwrap()
}

fn stored(column: &str) -> PasswordHash {
    PasswordHash::new(column.to_owned())
}

/// Polls once, as a caller does who hangs up right after.
fn begin<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_verifies_its_password_and_no_other() {
    let pool = HashingPool::fast();
    let hash = pool.hash(&password(TYPED)).await.unwrap();
    assert_eq!(pool.verify(&password(TYPED), Some(&hash)).await, Ok(Verdict::Right));
    for wrong in ["a-strong-on", "a-strong-one ", "A-strong-one", ""] {
        assert_eq!(pool.verify(&password(wrong), Some(&hash)).await, Ok(Verdict::Wrong));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_unicode_form_is_the_same_password() {
    let pool = HashingPool::fast();
    let hash = pool.hash(&password("cafe\u{301}-\u{fb01}ne")).await.unwrap();
    let verdict = pool.verify(&password("caf\u{e9}-fine"), Some(&hash)).await;
    assert_eq!(verdict, Ok(Verdict::Right));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_of_a_long_password_counts() {
    let pool = HashingPool::fast();
    let long = "x".repeat(super::super::MAX_BYTES - 1);
    let hash = pool.hash(&password(&format!("{long}y"))).await.unwrap();
    let other = password(&format!("{long}z"));
    assert_eq!(pool.verify(&other, Some(&hash)).await, Ok(Verdict::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_another_cost_is_right_and_outdated() {
    let pool = HashingPool::fast();
    let other = Params::new(72, 2, 1, None).unwrap();
    let config = HashingConfig::default();
    let other = HashingPool::with_params(other, &config, Vec::new(), Arc::new(OsEntropy));
    let hash = other.hash(&password(TYPED)).await.unwrap();
    assert_eq!(pool.verify(&password(TYPED), Some(&hash)).await, Ok(Verdict::RightOutdated));
    assert_eq!(pool.verify(&password("another"), Some(&hash)).await, Ok(Verdict::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_to_compare_with_costs_one_verification_and_is_wrong() {
    let pool = HashingPool::fast();
    let real = pool.hash(&password(TYPED)).await.unwrap();
    let before = pool.0.memory.lent();
    assert_eq!(pool.verify(&password(TYPED), None).await, Ok(Verdict::Wrong));
    assert_eq!(pool.0.memory.lent(), before + 1);
    for column in [
        "".to_owned(),
        "!".to_owned(),
        format!("!{}", real.expose()),
        format!(" {}", real.expose()),
        format!("{}$", real.expose()),
        format!("{}=", real.expose()),
        real.expose().replace("m=64", "m=4294967295"),
        real.expose().replace("t=1", "t=17"),
        real.expose().replace("v=19", "v=20"),
        real.expose().replace("argon2id", "argon2"),
        real.expose().rsplit_once('$').unwrap().0.to_owned(),
        TYPED.to_owned(),
        "$".repeat(9),
        "$argon2id$v=19$m=64,t=1,p=1$$".to_owned(),
        "$2b$12$KIXQ4rZ1Z0J0x1m9jQ2nUe1Yx0k0m7zJm1m9jQ2nUe1Yx0k0m7zJm".to_owned(),
        "pbkdf2_sha256$870000$salt$aGFzaA==".to_owned(),
        "\0\u{e9}\u{1f600}".repeat(1000),
    ] {
        let before = pool.0.memory.lent();
        let verdict = pool.verify(&password(TYPED), Some(&stored(&column))).await;
        assert_eq!(verdict, Ok(Verdict::Wrong), "{column}");
        assert_eq!(pool.0.memory.lent(), before + 1, "{column}");
    }
}

#[test]
fn a_pool_is_made_without_a_runtime_and_without_a_hash() {
    let pool = HashingPool::new(HashingConfig::default(), Vec::new(), Arc::new(OsEntropy));
    assert_eq!((pool.0.memory.lent(), pool.0.memory.areas().len()), (0, 0));
    // The decoy costs what a hash of the configured cost does.
    assert!(!pool.0.decoy.as_ref().unwrap().is_outdated(&pool.0.params));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_line_is_busy_at_once() {
    let pool = HashingPool::fast_with(&HashingConfig::default().max_concurrent(1).max_queued(1));
    let typed = password(TYPED);
    let held = pool.0.memory.hold();
    let (mut seated, mut waiting) = (pin!(pool.hash(&typed)), pin!(pool.hash(&typed)));
    assert!(begin(seated.as_mut()).is_pending() && begin(waiting.as_mut()).is_pending());
    let shed = begin(pool.verify(&typed, None));
    assert!(matches!(shed, Poll::Ready(Err(Busy { retry_after })) if !retry_after.is_zero()));
    drop(held);
    assert!(seated.await.is_ok() && waiting.await.is_ok());
    assert_eq!(pool.verify(&typed, None).await, Ok(Verdict::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_longer_than_the_patience_is_busy_and_gives_the_place_back() {
    let config = HashingConfig::default()
        .max_concurrent(1)
        .max_queued(4)
        .queue_timeout(Duration::from_millis(1));
    let pool = HashingPool::fast_with(&config);
    let seat = Arc::clone(&pool.0.seats).acquire_owned().await.unwrap();
    assert!(pool.hash(&password(TYPED)).await.is_err());
    assert_eq!(pool.0.line.available_permits(), 5);
    drop(seat);
    assert!(pool.hash(&password(TYPED)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_keeps_the_seat_until_the_core_is_free() {
    let pool = HashingPool::fast_with(&HashingConfig::default().max_concurrent(1).max_queued(0));
    let typed = password(TYPED);
    let held = pool.0.memory.hold();
    assert!(begin(pool.hash(&typed)).is_pending());
    while pool.0.memory.lent() == 0 {
        std::thread::yield_now(); // until the work has begun, after its caller is gone
    }
    assert_eq!(pool.0.seats.available_permits(), 0);
    assert!(matches!(begin(pool.hash(&typed)), Poll::Ready(Err(_))));
    drop(held);
    let _free_again = pool.0.seats.acquire().await.unwrap();
    assert_eq!(pool.0.memory.lent(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_in_line_leaves_it() {
    let pool = HashingPool::fast_with(&HashingConfig::default().max_concurrent(1).max_queued(1));
    let _seat = pool.0.seats.acquire().await.unwrap();
    let typed = password(TYPED);
    assert!(begin(pool.hash(&typed)).is_pending());
    assert_eq!(pool.0.line.available_permits(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_area_of_memory_per_seat_serves_all() {
    let pool = HashingPool::fast_with(&HashingConfig::default().max_concurrent(2));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.hash(&password(TYPED)).await.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let areas = pool.0.memory.areas();
    assert!((1..=2).contains(&areas.len()));
    assert!(areas.iter().all(|(_, length)| *length == 64));
    pool.hash(&password(TYPED)).await.unwrap();
    let mut again = pool.0.memory.areas();
    again.sort();
    let mut areas = areas;
    areas.sort();
    assert_eq!(again, areas);
    assert_eq!(pool.0.memory.lent(), 65);
}
