//! Promises of the hashing pool, at a negligible cost.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

const TYPED: &str = "a-strong-one";

fn password(typed: &str) -> Password {
    Password::parse(typed).unwrap()
}

fn stored(column: &str) -> PasswordHash {
    PasswordHash::new(column.to_owned())
}

/// Polls a future once and drops it, like a caller that disconnects.
fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
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
async fn another_unicode_form_matches() {
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
async fn the_memory_of_a_hash_is_wiped_by_default() {
    for (config, is_wiped) in
        [(HashingConfig::default(), true), (HashingConfig::default().wipe_memory(false), false)]
    {
        let pool = HashingPool::fast_with(&config);
        pool.hash(&password(TYPED)).await.unwrap();
        let is_blank = pool.0.memory.lend(pool.0.params.block_count(), |blocks| {
            blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
        });
        assert_eq!(is_blank, is_wiped);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_another_cost_is_right_and_outdated() {
    let pool = HashingPool::fast();
    let other = Params::new(72, 2, 1, None).unwrap();
    let config = HashingConfig::default();
    let other = HashingPool::with_params(other, &config, Vec::new());
    let hash = other.hash(&password(TYPED)).await.unwrap();
    assert_eq!(pool.verify(&password(TYPED), Some(&hash)).await, Ok(Verdict::RightOutdated));
    assert_eq!(pool.verify(&password("another"), Some(&hash)).await, Ok(Verdict::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_malformed_hash_costs_one_verification() {
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
fn creating_a_pool_needs_no_runtime_and_computes_no_hash() {
    let pool = HashingPool::new(HashingConfig::default(), Vec::new());
    assert_eq!((pool.0.memory.lent(), pool.0.memory.areas().len()), (0, 0));
    // The decoy has the configured cost.
    assert!(!pool.0.decoy.as_ref().unwrap().is_outdated(&pool.0.params));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_busy_at_once() {
    let pool = HashingPool::fast_with(&HashingConfig::default().max_concurrent(1).max_queued(1));
    let typed = password(TYPED);
    let blocked = pool.0.memory.hold();
    let mut working = pin!(pool.hash(&typed));
    let mut queued = pin!(pool.hash(&typed));
    assert!(poll_once(working.as_mut()).is_pending() && poll_once(queued.as_mut()).is_pending());
    let rejected = poll_once(pool.verify(&typed, None));
    assert!(matches!(rejected, Poll::Ready(Err(Busy { retry_after })) if !retry_after.is_zero()));
    drop(blocked);
    assert!(working.await.is_ok() && queued.await.is_ok());
    assert_eq!(pool.verify(&typed, None).await, Ok(Verdict::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_timeout_is_busy_and_frees_the_place() {
    let config = HashingConfig::default()
        .max_concurrent(1)
        .max_queued(4)
        .queue_timeout(Duration::from_millis(1));
    let pool = HashingPool::fast_with(&config);
    let worker = Arc::clone(&pool.0.workers).acquire_owned().await.unwrap();
    assert!(pool.hash(&password(TYPED)).await.is_err());
    assert_eq!(pool.0.queue.available_permits(), 5);
    drop(worker);
    assert!(pool.hash(&password(TYPED)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_caller_occupies_its_worker_until_the_hash_is_done() {
    let pool = HashingPool::fast_with(&HashingConfig::default().max_concurrent(1).max_queued(0));
    let typed = password(TYPED);
    let blocked = pool.0.memory.hold();
    assert!(poll_once(pool.hash(&typed)).is_pending());
    // Wait until the work has started; its caller is gone.
    while pool.0.memory.lent() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(pool.0.workers.available_permits(), 0);
    assert!(matches!(poll_once(pool.hash(&typed)), Poll::Ready(Err(_))));
    drop(blocked);
    let _freed = pool.0.workers.acquire().await.unwrap();
    assert_eq!(pool.0.memory.lent(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_caller_leaves_the_queue() {
    let pool = HashingPool::fast_with(&HashingConfig::default().max_concurrent(1).max_queued(1));
    let _worker = pool.0.workers.acquire().await.unwrap();
    let typed = password(TYPED);
    assert!(poll_once(pool.hash(&typed)).is_pending());
    assert_eq!(pool.0.queue.available_permits(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_worker_reuses_one_area_of_memory() {
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
    let mut reused = pool.0.memory.areas();
    reused.sort();
    let mut areas = areas;
    areas.sort();
    assert_eq!(reused, areas);
    assert_eq!(pool.0.memory.lent(), 65);
}
