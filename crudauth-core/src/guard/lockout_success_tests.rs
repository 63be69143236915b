//! What a success takes back, and an administrator lifts.

use super::*;

#[tokio::test]
async fn a_success_takes_the_failures_of_its_account_off_the_network() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let ada = world.account(ADA).await;
        let own = hers(&lockout, &ada, "192.0.2.1");
        fail(&lockout, &own, 3, &world).await;
        fail(&lockout, &unknown(&lockout, "eve", "192.0.2.1"), 1, &world).await;
        assert!(succeed(&lockout, &own, &ada, &world).await);
        assert!(succeed(&lockout, &own, &ada, &world).await, "a second success refunds nothing");
        // Of five failures one is counted, so four are left.
        fail(&lockout, &unknown(&lockout, "sam", "192.0.2.1"), 3, &world).await;
        assert!(admits(&lockout, &unknown(&lockout, "kim", "192.0.2.1"), &world).await);
        fail(&lockout, &unknown(&lockout, "sam", "192.0.2.1"), 1, &world).await;
        assert!(!admits(&lockout, &unknown(&lockout, "kim", "192.0.2.1"), &world).await);
        // The account has no failures left.
        let elsewhere = hers(&lockout, &ada, "192.0.2.2");
        fail(&lockout, &elsewhere, MAX_FAILURES - 1, &world).await;
        assert!(admits(&lockout, &elsewhere, &world).await);
    }
}

#[tokio::test]
async fn a_success_elsewhere_changes_nothing_that_a_stranger_sees() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let ada = world.account(ADA).await;
        let stranger = hers(&lockout, &ada, "192.0.2.1");
        let unknown = unknown(&lockout, "eve", "192.0.2.9");
        let mut waits = Vec::new();
        for attempt in [&stranger, &unknown] {
            let mut seen = Vec::new();
            for _ in 0..3 {
                fail(&lockout, attempt, MAX_FAILURES - 1, &world).await;
                assert!(succeed(&lockout, &hers(&lockout, &ada, "192.0.2.2"), &ada, &world).await);
                fail(&lockout, attempt, 1, &world).await;
                let lock = lockout.record_failure(attempt, world.now()).await.unwrap().unwrap();
                world.clock.advance(lock);
                assert!(succeed(&lockout, &hers(&lockout, &ada, "192.0.2.2"), &ada, &world).await);
                seen.push(lock.as_secs());
            }
            waits.push(seen);
        }
        assert_eq!(waits, [[60, 120, 240], [60, 120, 240]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_successes_refund_once() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let ada = world.account(ADA).await;
        let attempt = |lockout: &Lockout| hers(lockout, &ada, "192.0.2.1");
        fail(&lockout, &unknown(&lockout, "eve", "192.0.2.1"), 3, &world).await;
        fail(&lockout, &attempt(&lockout), 1, &world).await;
        let mut tasks = Vec::new();
        for _ in 0..16 {
            let lockout = lockout.clone();
            let attempt = attempt(&lockout);
            let ada = ada.clone();
            let now = world.now();
            tasks.push(tokio::spawn(
                async move { lockout.admit(&attempt, &ada, now).await.unwrap() },
            ));
        }
        for task in tasks {
            assert!(task.await.unwrap());
        }
        fail(&lockout, &unknown(&lockout, "sam", "192.0.2.1"), 1, &world).await;
        assert!(admits(&lockout, &unknown(&lockout, "kim", "192.0.2.1"), &world).await);
        fail(&lockout, &unknown(&lockout, "sam", "192.0.2.1"), 1, &world).await;
        assert!(!admits(&lockout, &unknown(&lockout, "kim", "192.0.2.1"), &world).await);
    }
}

#[tokio::test]
async fn only_consecutive_failures_count_against_the_slow_limit() {
    for world in worlds().await {
        let config = LockoutConfig::default().max_consecutive(6);
        let lockout = Lockout::new(Arc::clone(&world.counters), world.keys.clone(), config);
        let ada = world.account(ADA).await;
        for _ in 0..3 {
            fail(&lockout, &hers(&lockout, &ada, "192.0.2.1"), 4, &world).await;
            assert!(succeed(&lockout, &hers(&lockout, &ada, "192.0.2.2"), &ada, &world).await);
            world.clock.advance(Duration::from_mins(1));
        }
        fail(&lockout, &hers(&lockout, &ada, "192.0.2.1"), 4, &world).await;
        world.clock.advance(Duration::from_mins(1));
        fail(&lockout, &hers(&lockout, &ada, "192.0.2.1"), 2, &world).await;
        assert!(!admits(&lockout, &hers(&lockout, &ada, "192.0.2.2"), &world).await);
        lockout.lift(&ada).await.unwrap();
        assert!(admits(&lockout, &hers(&lockout, &ada, "192.0.2.2"), &world).await);
    }
}

#[tokio::test]
async fn lifting_a_lock_leaves_that_of_the_network() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let ada = world.account(ADA).await;
        let own = hers(&lockout, &ada, "192.0.2.1");
        fail(&lockout, &own, MAX_FAILURES, &world).await;
        lockout.lift(&ada).await.unwrap();
        let elsewhere = hers(&lockout, &ada, "192.0.2.2");
        assert!(admits(&lockout, &elsewhere, &world).await);
        assert!(!admits(&lockout, &own, &world).await);
    }
}

/// A look-up may find an account by a text that is none of its names, such as another form of them.
#[tokio::test]
async fn a_success_takes_back_the_failures_under_the_text_that_was_typed() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let ada = world.account(ADA).await;
        let own = lockout.attempt("the countess", Some(&ada), network("192.0.2.1"));
        let stranger = unknown(&lockout, "The Countess", "192.0.2.2");
        fail(&lockout, &own, 1, &world).await;
        fail(&lockout, &stranger, 3, &world).await;
        assert!(succeed(&lockout, &own, &ada, &world).await);
        let other_network = unknown(&lockout, "the countess", "192.0.2.3");
        fail(&lockout, &other_network, 1, &world).await;
        assert!(admits(&lockout, &other_network, &world).await, "four are left");
        fail(&lockout, &other_network, 1, &world).await;
        assert!(!admits(&lockout, &other_network, &world).await);
    }
}
