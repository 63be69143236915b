//! The counters of every database, by the words of their port.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use std::sync::Arc;

use super::*;
use crate::random::random;
use crate::testing_world::{World, worlds};

const RULE: LockRule = LockRule {
    max_failures: 2,
    window: Duration::from_secs(60),
    base: Duration::from_secs(100),
    max: Duration::from_secs(350),
    escalation_window: Duration::from_secs(1000),
};

fn name() -> CounterName {
    CounterName::new(random())
}

async fn fail(world: &World, names: &[CounterName], times: u32) -> Vec<Option<DateTime<Utc>>> {
    let mut locks = Vec::new();
    for _ in 0..times {
        locks = world.counters.record_failure(names, &RULE, world.now()).await.unwrap();
    }
    locks
}

async fn admit(world: &World, attempt: &AttemptCounters) -> bool {
    world.counters.admit(attempt, &RULE, world.now()).await.unwrap()
}

fn checking(names: &[CounterName]) -> AttemptCounters {
    AttemptCounters { checked: names.to_vec(), ..AttemptCounters::default() }
}

#[tokio::test]
async fn locks_are_returned_in_the_order_of_the_names() {
    for world in worlds().await {
        let names: Vec<_> = (0..8).map(|_| name()).collect();
        fail(&world, &names[3..4], 2).await;
        let locks = fail(&world, &names, 1).await;
        let until = world.now() + RULE.base;
        let mut expected = [None; 8];
        expected[3] = Some(until);
        assert_eq!(locks, expected);
        let locked = world.counters.locked_until(&names, world.now()).await.unwrap();
        assert_eq!(locked, Some(until));
        let open = world.counters.locked_until(&names[..3], world.now()).await.unwrap();
        assert_eq!(open, None);
        let twice = world.counters.record_failure(&[names[0], names[0]], &RULE, world.now()).await;
        assert_eq!(twice.unwrap(), [None, None], "a name that is given twice counts once");
    }
}

#[tokio::test]
async fn an_attempt_that_is_not_admitted_changes_nothing() {
    for world in worlds().await {
        let [used_up, cleared, network, pair] = std::array::from_fn(|_| name());
        fail(&world, &[used_up], 2).await;
        fail(&world, &[cleared, network, pair], 1).await;
        let attempt = AttemptCounters {
            checked: vec![used_up],
            cleared: vec![cleared],
            refund: Some(Refund { network, pair }),
        };
        assert!(!admit(&world, &attempt).await);
        fail(&world, &[cleared, network, pair], 1).await;
        for name in [cleared, network, pair] {
            assert!(!admit(&world, &checking(&[name])).await, "two failures are still counted");
        }
    }
}

#[tokio::test]
async fn an_admitted_attempt_clears_and_refunds() {
    for world in worlds().await {
        let [cleared, network, pair] = std::array::from_fn(|_| name());
        fail(&world, &[cleared, network, pair], 1).await;
        fail(&world, &[network], 1).await;
        let attempt = AttemptCounters {
            checked: vec![cleared],
            cleared: vec![cleared],
            refund: Some(Refund { network, pair }),
        };
        assert!(!admit(&world, &checking(&[network])).await);
        assert!(admit(&world, &attempt).await);
        assert!(admit(&world, &checking(&[network])).await);
        fail(&world, &[cleared, network, pair], 1).await;
        assert!(admit(&world, &checking(&[cleared, pair])).await);
        assert!(!admit(&world, &checking(&[network])).await, "one failure was refunded, not two");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_concurrent_failure_is_lost() {
    for world in worlds().await {
        let names = [name(), name(), name()];
        let mut tasks = Vec::new();
        for at in 0..32 {
            let counters = Arc::clone(&world.counters);
            let now = world.now();
            let mut names = names;
            names.rotate_left(at % 3);
            let rule = LockRule { max_failures: 31, ..RULE };
            tasks.push(tokio::spawn(async move {
                counters.record_failure(&names, &rule, now).await.unwrap()
            }));
        }
        let mut locks = 0;
        for task in tasks {
            locks += task.await.unwrap().iter().flatten().count();
        }
        assert_eq!(locks, 3, "the last failure locks each counter, and no earlier one does");
    }
}

#[tokio::test]
async fn a_purge_deletes_only_counters_without_effect() {
    for world in worlds().await {
        let failed = name();
        let locked = name();
        fail(&world, &[failed], 1).await;
        fail(&world, &[locked], 3).await;
        let limit = RateLimit::new(1, Duration::from_secs(30));
        world.counters.hit(&name(), limit, world.now()).await.unwrap();
        assert_eq!(world.counters.purge(world.now(), 10).await.unwrap(), 0);
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(world.counters.purge(world.now(), 10).await.unwrap(), 2);
        world.clock.advance(Duration::from_secs(1040));
        assert_eq!(world.counters.purge(world.now(), 10).await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_exact_under_concurrent_uses() {
    for world in worlds().await {
        let limit = RateLimit::per_hour(5);
        let counter = name();
        let mut tasks = Vec::new();
        for _ in 0..32 {
            let counters = Arc::clone(&world.counters);
            let now = world.now();
            tasks.push(tokio::spawn(
                async move { counters.hit(&counter, limit, now).await.unwrap() },
            ));
        }
        let mut remaining = Vec::new();
        for task in tasks {
            if let RateLimitOutcome::Allowed { remaining: left } = task.await.unwrap() {
                remaining.push(left);
            }
        }
        remaining.sort_unstable();
        assert_eq!(remaining, [0, 1, 2, 3, 4]);
        world.clock.advance(limit.window);
        let next = world.counters.hit(&counter, limit, world.now()).await.unwrap();
        assert_eq!(next, RateLimitOutcome::Allowed { remaining: 4 });
    }
}
