//! Locks that this process has seen, or another one.

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
