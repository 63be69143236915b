//! Locks that this process has seen, or another one.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

#[tokio::test]
async fn a_lock_survives_a_restart_and_ends_in_time() {
    for world in worlds().await {
        let first = lockout(&world);
        let attempt = unknown(&first, "eve", "192.0.2.1");
        fail(&first, &attempt, MAX_FAILURES, &world).await;
        let locked = first.record_failure(&attempt, world.now()).await.unwrap();
        assert_eq!(locked, Some(Duration::from_mins(1)));
        let again = lockout(&world);
        assert!(!admits(&again, &attempt, &world).await);
        let locked = again.record_failure(&attempt, world.now()).await.unwrap();
        assert_eq!(locked, Some(Duration::from_mins(1)), "a failure does not extend a lock");
        world.clock.advance(Duration::from_mins(1));
        assert!(admits(&again, &attempt, &world).await);
    }
}

#[tokio::test]
async fn a_lock_that_this_process_has_seen_is_enforced_before_the_verification() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let attempt = unknown(&lockout, "eve", "192.0.2.1");
        assert_eq!(lockout.known_lock(&attempt, world.now()).await.unwrap(), None);
        fail(&lockout, &attempt, MAX_FAILURES, &world).await;
        lockout.record_failure(&attempt, world.now()).await.unwrap();
        world.clock.advance(Duration::from_secs(20));
        let left = lockout.known_lock(&attempt, world.now()).await.unwrap();
        assert_eq!(left, Some(Duration::from_secs(40)));
        world.clock.advance(Duration::from_secs(40));
        assert_eq!(lockout.known_lock(&attempt, world.now()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_process_that_has_seen_no_lock_does_not_ask_the_store_first() {
    for world in worlds().await {
        let counters = Hooked::failing(&world.counters, "locked_until");
        let slices = World { counters, ..world.clone() }.slices();
        world.account(ADA).await;
        sign_in(&slices, PASSWORD).await.unwrap();
        sign_in(&slices, "wrong").await.unwrap_err();
        sign_in(&slices, PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_that_the_store_no_longer_has_is_not_enforced() {
    for world in worlds().await {
        let here = world.slices();
        let ada = world.account(ADA).await;
        for _ in 0..=MAX_FAILURES {
            sign_in(&here, "wrong").await.unwrap_err();
        }
        let locked = sign_in(&here, PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
        // Another process lifts the lock, as a reset of the password does.
        world.slices().kit.lockout.lift(&ada).await.unwrap();
        sign_in(&here, PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_is_known_until_it_ends_and_not_asked_for_after_that() {
    for world in worlds().await {
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        let counters = Hooked::before(&world.counters, "locked_until", move || {
            count.fetch_add(1, Ordering::SeqCst);
            async {}
        });
        let lockout = lockout(&World { counters, ..world.clone() });
        let attempt = unknown(&lockout, "eve", "192.0.2.1");
        fail(&lockout, &attempt, MAX_FAILURES, &world).await;
        lockout.record_failure(&attempt, world.now()).await.unwrap();
        let known = async || lockout.known_lock(&attempt, world.now()).await.unwrap();
        for left in [60, 40, 20] {
            assert_eq!(known().await, Some(Duration::from_secs(left)));
            world.clock.advance(Duration::from_secs(20));
        }
        assert_eq!(known().await, None);
        assert_eq!(known().await, None);
        assert_eq!(asked.load(Ordering::SeqCst), 4);
    }
}

#[tokio::test]
async fn a_process_remembers_a_limited_number_of_locks() {
    let world = worlds().await.remove(0);
    let lockout = lockout(&world);
    let (now, ends_at) = (world.now(), world.now() + Duration::from_mins(1));
    let names = |from: usize, count: usize| {
        let name = move |at: usize| lockout_name(from + at);
        (0..count).map(move |at| (name(at), ends_at)).collect::<Vec<_>>()
    };
    lockout.remember(names(0, Lockout::MAX_SEEN - 1), now);
    lockout.remember(names(20_000, 1), now);
    assert_eq!(lockout.seen().len(), Lockout::MAX_SEEN, "there is room for it");
    // Locks that have ended make room, and no others are forgotten.
    let later = ends_at + Duration::from_secs(1);
    lockout.remember(vec![(lockout_name(30_000), later)], now);
    assert_eq!(lockout.seen().len(), 1, "none had ended, so all were forgotten");
    lockout.remember(names(0, Lockout::MAX_SEEN - 1), now);
    lockout.remember(names(20_000, 1), ends_at);
    let seen = lockout.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.contains_key(&lockout_name(30_000)), "it has not ended");
}

fn lockout_name(number: usize) -> CounterName {
    CounterName::new(crate::model::digest::sha256(&[&number.to_be_bytes()]))
}
