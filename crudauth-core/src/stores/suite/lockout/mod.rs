//! Promises of [`CounterStore`] about failures and locks.

#![allow(missing_docs, reason = "the name of each function is its promise")]

mod admission;
mod refund;

pub use admission::*;
pub use refund::*;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{CROWD, MILLISECOND, at_once, count_of, counter, seconds, start};
use crate::guard::store::{AttemptCounters, CounterStore, LockRule};
use crate::model::CounterName;

/// Three failures within ten minutes; locks of 1, 2 and 4 minutes.
const RULE: LockRule = LockRule {
    max_failures: 3,
    window: Duration::from_secs(600),
    base: Duration::from_secs(60),
    max: Duration::from_secs(240),
    escalation_window: Duration::from_secs(3600),
};

/// These counters, each under [`RULE`].
fn ruled(names: &[CounterName]) -> Vec<(CounterName, LockRule)> {
    names.iter().map(|name| (*name, RULE)).collect()
}

/// Records a failure on each of these counters and returns the ends of their locks.
async fn record(
    store: &impl CounterStore,
    names: &[CounterName],
    now: DateTime<Utc>,
) -> Vec<Option<DateTime<Utc>>> {
    store.record_failure(&ruled(names), now).await.unwrap()
}

/// Records `times` failures on one counter and returns the end of its lock.
async fn fail(
    store: &impl CounterStore,
    name: CounterName,
    times: u32,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let mut lock = None;
    for _ in 0..times {
        lock = record(store, &[name], now).await[0];
    }
    lock
}

/// Locks a counter and returns when its lock ends.
async fn lock(store: &impl CounterStore, name: CounterName, now: DateTime<Utc>) -> DateTime<Utc> {
    fail(store, name, RULE.max_failures + 1, now).await.expect("too many failures do not lock")
}

/// Returns how many failures an unlocked counter has in its window, by locking it.
async fn failures(store: &impl CounterStore, name: CounterName, now: DateTime<Utc>) -> u32 {
    for recorded in 0..=RULE.max_failures {
        if fail(store, name, 1, now).await.is_some() {
            return RULE.max_failures - recorded;
        }
    }
    panic!("{} failures do not lock", RULE.max_failures + 1);
}

async fn locked_until(
    store: &impl CounterStore,
    name: CounterName,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    store.locked_until(&[name], now).await.unwrap()
}

pub async fn an_unknown_counter_is_not_locked<S: CounterStore>(store: Arc<S>) {
    assert_eq!(locked_until(&*store, counter(1), start()).await, None);
    assert_eq!(store.locked_until(&[], start()).await.unwrap(), None);
    assert_eq!(record(&*store, &[], start()).await, []);
}

pub async fn failures_up_to_the_limit_do_not_lock<S: CounterStore>(store: Arc<S>) {
    assert_eq!(fail(&*store, counter(1), 3, start()).await, None);
    assert_eq!(locked_until(&*store, counter(1), start()).await, None);
}

pub async fn a_failure_beyond_the_limit_locks<S: CounterStore>(store: Arc<S>) {
    let end = lock(&*store, counter(1), start()).await;
    assert_eq!(end, start() + RULE.base);
    assert_eq!(locked_until(&*store, counter(1), start()).await, Some(end));
}

pub async fn a_lock_ends<S: CounterStore>(store: Arc<S>) {
    let end = lock(&*store, counter(1), start()).await;
    assert_eq!(locked_until(&*store, counter(1), end - MILLISECOND).await, Some(end));
    assert_eq!(locked_until(&*store, counter(1), end).await, None);
}

pub async fn the_last_of_several_locks_counts<S: CounterStore>(store: Arc<S>) {
    lock(&*store, counter(1), start()).await;
    let last = lock(&*store, counter(2), start() + seconds(5)).await;
    fail(&*store, counter(3), 1, start()).await;
    let names = [counter(1), counter(2), counter(3), counter(4)];
    let until = store.locked_until(&names, start() + seconds(5)).await.unwrap();
    assert_eq!(until, Some(last));
}

pub async fn a_locked_counter_records_nothing<S: CounterStore>(store: Arc<S>) {
    let end = lock(&*store, counter(1), start()).await;
    for _ in 0..10 {
        assert_eq!(fail(&*store, counter(1), 1, end - MILLISECOND).await, Some(end));
    }
    assert_eq!(failures(&*store, counter(1), end).await, 0, "failures are forgotten with a lock");
}

pub async fn a_window_starts_with_its_first_failure<S: CounterStore>(store: Arc<S>) {
    let end = start() + RULE.window;
    assert_eq!(fail(&*store, counter(1), 1, start()).await, None);
    assert_eq!(fail(&*store, counter(1), 2, end - MILLISECOND).await, None);
    // A new window, in which the old failures do not count.
    assert_eq!(fail(&*store, counter(1), 3, end).await, None);
    assert!(fail(&*store, counter(1), 1, end + RULE.window - MILLISECOND).await.is_some());
}

pub async fn each_lock_is_twice_as_long_up_to_the_longest<S: CounterStore>(store: Arc<S>) {
    let mut now = start();
    for length in [60, 120, 240, 240, 240] {
        let end = lock(&*store, counter(1), now).await;
        assert_eq!(end, now + seconds(length));
        now = end;
    }
}

pub async fn the_level_is_forgotten_after_the_escalation_window<S: CounterStore>(store: Arc<S>) {
    let first = lock(&*store, counter(1), start()).await;
    let within = first + RULE.escalation_window - MILLISECOND;
    let second = lock(&*store, counter(1), within).await;
    assert_eq!(second, within + 2 * RULE.base, "the window starts when the lock ends");
    let after = second + RULE.escalation_window;
    assert_eq!(lock(&*store, counter(1), after).await, after + RULE.base);
}

pub async fn a_failure_is_recorded_on_each_counter<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(2), 3, start()).await;
    let names = [counter(1), counter(2), counter(3)];
    let locks = record(&*store, &names, start()).await;
    assert_eq!(locks, [None, Some(start() + RULE.base), None]);
    assert_eq!(failures(&*store, counter(1), start()).await, 1);
    assert_eq!(failures(&*store, counter(3), start()).await, 1);
}

pub async fn a_name_that_is_given_twice_counts_once<S: CounterStore>(store: Arc<S>) {
    let names = [counter(1), counter(2), counter(1)];
    for _ in 0..3 {
        let locks = record(&*store, &names, start()).await;
        assert_eq!(locks, [None, None, None]);
    }
    let end = Some(start() + RULE.base);
    assert_eq!(record(&*store, &names, start()).await, [end, end, end]);
}

/// One failure counts against a strict and a generous limit.
pub async fn each_counter_has_its_own_rule<S: CounterStore>(store: Arc<S>) {
    let slow = LockRule {
        max_failures: 5,
        window: RULE.window * 1000,
        base: RULE.base * 1000,
        max: RULE.base * 1000,
        ..RULE
    };
    let both = [(counter(1), RULE), (counter(2), slow)];
    let mut now = start();
    for failure in 1..=5 {
        let locks = store.record_failure(&both, now).await.unwrap();
        assert_eq!(locks, [None, None], "failure {failure}");
        // Each failure is alone in the window of the first rule.
        now += RULE.window;
    }
    let attempt = |checked| AttemptCounters { checked, ..AttemptCounters::default() };
    assert!(store.admit(&attempt(vec![both[0]]), now).await.unwrap());
    assert!(!store.admit(&attempt(both.to_vec()), now).await.unwrap());
    let locks = store.record_failure(&both, now).await.unwrap();
    assert_eq!(locks, [None, Some(now + slow.base)]);
}

pub async fn parallel_failures_are_all_recorded<S: CounterStore>(store: Arc<S>) {
    let rule = LockRule { max_failures: CROWD as u32, ..RULE };
    let both = [(counter(1), rule), (counter(2), rule)];
    let locks = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { store.record_failure(&both, start()).await.unwrap() }
    })
    .await;
    assert_eq!(count_of(&locks, &vec![None, None]), CROWD);
    let end = Some(start() + RULE.base);
    let lock = store.record_failure(&both, start()).await.unwrap();
    assert_eq!(lock, [end, end], "a failure was lost");
}

pub async fn parallel_failures_lock_once<S: CounterStore>(store: Arc<S>) {
    let ends = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { fail(&*store, counter(1), 1, start()).await }
    })
    .await;
    let end = start() + RULE.base;
    assert_eq!(count_of(&ends, &None), 3, "{ends:?}");
    assert_eq!(count_of(&ends, &Some(end)), CROWD - 3, "{ends:?}");
    assert_eq!(lock(&*store, counter(1), end).await, end + 2 * RULE.base);
}

pub async fn clearing_forgets_failures_lock_and_level<S: CounterStore>(store: Arc<S>) {
    let end = lock(&*store, counter(1), start()).await;
    fail(&*store, counter(1), 3, end).await;
    fail(&*store, counter(2), 3, start()).await;
    store.clear(&[counter(1), counter(2), counter(3)]).await.unwrap();
    assert_eq!(failures(&*store, counter(2), start()).await, 0);
    assert_eq!(lock(&*store, counter(1), end).await, end + RULE.base);
    store.clear(&[counter(1)]).await.unwrap();
    assert_eq!(locked_until(&*store, counter(1), end).await, None);
}

pub async fn clearing_concerns_the_named_counters_only<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    store.clear(&[counter(2)]).await.unwrap();
    store.clear(&[]).await.unwrap();
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
}

pub async fn a_purge_of_failures_deletes_expired_ones_only<S: CounterStore>(store: Arc<S>) {
    for number in 10..15 {
        fail(&*store, counter(number), 1, start()).await;
    }
    let first_lock = lock(&*store, counter(1), start()).await;
    fail(&*store, counter(2), 2, start() + seconds(1)).await;
    let later = start() + RULE.window;
    let first = store.purge(later, 3).await.unwrap();
    assert!(first <= 3, "a purge deleted {first}, more than its limit");
    let all = first + store.purge(later, 1000).await.unwrap();
    assert!(all == 5 || all == 0, "purges deleted {all} of 5 expired counters");
    assert_eq!(failures(&*store, counter(2), later).await, 2);
    assert!(first_lock < later);
    assert_eq!(lock(&*store, counter(1), later).await, later + 2 * RULE.base, "its level");
}
