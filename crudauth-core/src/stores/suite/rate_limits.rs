//! Promises of [`CounterStore`] about rate limits.

#![allow(missing_docs, reason = "the name of each function is its promise")]

use std::sync::Arc;
use std::time::Duration;

use super::{CROWD, MILLISECOND, at_once, count_of, counter, seconds, start};
use crate::guard::store::{CounterStore, RateLimit, RateLimitOutcome};

const HOUR: Duration = Duration::from_secs(3600);

const fn allowed(remaining: u32) -> RateLimitOutcome {
    RateLimitOutcome::Allowed { remaining }
}

const fn exceeded(retry_after: Duration) -> RateLimitOutcome {
    RateLimitOutcome::Exceeded { retry_after }
}

async fn hit(store: &impl CounterStore, limit: u32, after: Duration) -> RateLimitOutcome {
    let limit = RateLimit::per_hour(limit);
    store.hit(&counter(1), limit, start() + after).await.unwrap()
}

pub async fn uses_within_the_limit_are_allowed<S: CounterStore>(store: Arc<S>) {
    for left in [2, 1, 0] {
        assert_eq!(hit(&*store, 3, Duration::ZERO).await, allowed(left));
    }
}

pub async fn a_use_beyond_the_limit_is_refused_until_the_oldest_leaves<S: CounterStore>(
    store: Arc<S>,
) {
    assert_eq!(hit(&*store, 2, Duration::ZERO).await, allowed(1));
    assert_eq!(hit(&*store, 2, seconds(600)).await, allowed(0));
    assert_eq!(hit(&*store, 2, seconds(1200)).await, exceeded(seconds(2400)));
    assert_eq!(hit(&*store, 2, HOUR - MILLISECOND).await, exceeded(MILLISECOND));
    assert_eq!(hit(&*store, 2, HOUR).await, allowed(0));
    assert_eq!(hit(&*store, 2, HOUR).await, exceeded(seconds(600)));
}

pub async fn a_refused_use_is_not_counted<S: CounterStore>(store: Arc<S>) {
    assert_eq!(hit(&*store, 1, Duration::ZERO).await, allowed(0));
    for minute in 1..60 {
        let left = seconds(3600 - minute * 60);
        assert_eq!(hit(&*store, 1, seconds(minute * 60)).await, exceeded(left));
    }
    assert_eq!(hit(&*store, 1, HOUR).await, allowed(0));
}

pub async fn the_limit_holds_for_any_stretch_of_time<S: CounterStore>(store: Arc<S>) {
    let mut allowed_at = Vec::new();
    for minute in (0..300).step_by(7) {
        let use_at = seconds(minute * 60);
        if matches!(hit(&*store, 3, use_at).await, RateLimitOutcome::Allowed { .. }) {
            allowed_at.push(use_at);
        }
    }
    for uses in allowed_at.windows(4) {
        assert!(uses[3] - uses[0] >= HOUR, "four uses within an hour: {uses:?}");
    }
    assert!(allowed_at.len() >= 13, "uses were refused without need: {allowed_at:?}");
}

pub async fn each_name_has_its_own_limit<S: CounterStore>(store: Arc<S>) {
    let limit = RateLimit::per_hour(1);
    for number in 0..3 {
        let outcome = store.hit(&counter(number), limit, start()).await.unwrap();
        assert_eq!(outcome, allowed(0));
    }
    let outcome = store.hit(&counter(2), limit, start()).await.unwrap();
    assert_eq!(outcome, exceeded(HOUR));
}

pub async fn parallel_uses_are_allowed_exactly_up_to_the_limit<S: CounterStore>(store: Arc<S>) {
    let outcomes = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { hit(&*store, 10, Duration::ZERO).await }
    })
    .await;
    for left in 0..10 {
        assert_eq!(count_of(&outcomes, &allowed(left)), 1, "{outcomes:?}");
    }
    assert_eq!(count_of(&outcomes, &exceeded(HOUR)), CROWD - 10, "{outcomes:?}");
}

pub async fn the_highest_limit_is_exact<S: CounterStore>(store: Arc<S>) {
    let first = at_once(CROWD, |task| {
        let store = Arc::clone(&store);
        let uses = (task..RateLimit::MAX as usize).step_by(CROWD);
        async move {
            for _ in uses {
                let outcome = hit(&*store, RateLimit::MAX, Duration::ZERO).await;
                assert!(matches!(outcome, RateLimitOutcome::Allowed { .. }), "{outcome:?}");
            }
        }
    });
    first.await;
    assert_eq!(hit(&*store, RateLimit::MAX, seconds(60)).await, exceeded(HOUR - seconds(60)));
    assert_eq!(hit(&*store, RateLimit::MAX, HOUR).await, allowed(RateLimit::MAX - 1));
}

pub async fn a_purge_of_rate_limits_deletes_expired_ones_only<S: CounterStore>(store: Arc<S>) {
    let limit = RateLimit::per_hour(2);
    for number in 10..15 {
        store.hit(&counter(number), limit, start()).await.unwrap();
    }
    hit(&*store, 2, seconds(600)).await;
    let later = start() + HOUR;
    let first = store.purge(later, 3).await.unwrap();
    assert!(first <= 3, "a purge deleted {first}, more than its limit");
    let all = first + store.purge(later, 1000).await.unwrap();
    assert!(all == 5 || all == 0, "purges deleted {all} of 5 expired rate limits");
    assert_eq!(hit(&*store, 2, HOUR).await, allowed(0));
}
