//! Promises about the failures that a success takes back.

use super::*;
use crate::guard::store::{AttemptCounters, Refund};

/// An attempt whose success takes the failures of counter 2 off counter 1.
fn attempt() -> AttemptCounters {
    let refund = Refund { network: counter(1), pair: counter(2) };
    AttemptCounters { refund: Some(refund), ..AttemptCounters::default() }
}

pub async fn a_refund_takes_the_failures_of_one_account<S: CounterStore>(store: Arc<S>) {
    let pair = [counter(1), counter(2)];
    store.record_failure(&pair, &RULE, start()).await.unwrap();
    // A failure of another account from the same network.
    fail(&*store, counter(1), 1, start()).await;
    store.record_failure(&pair, &RULE, start()).await.unwrap();
    assert!(store.admit(&attempt(), &RULE, start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 1);
    assert_eq!(failures(&*store, counter(2), start()).await, 0, "the pair is cleared");
}

pub async fn a_refund_happens_once<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    store.record_failure(&[counter(1), counter(2)], &RULE, start()).await.unwrap();
    let admitted = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { store.admit(&attempt(), &RULE, start()).await.unwrap() }
    })
    .await;
    assert_eq!(count_of(&admitted, &true), CROWD);
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
}

pub async fn a_refund_leaves_the_lock_of_the_network<S: CounterStore>(store: Arc<S>) {
    store.record_failure(&[counter(1), counter(2)], &RULE, start()).await.unwrap();
    let end = fail(&*store, counter(1), 3, start()).await;
    assert_eq!(end, Some(start() + RULE.base));
    assert!(store.admit(&attempt(), &RULE, start()).await.unwrap());
    assert_eq!(locked_until(&*store, counter(1), start()).await, end);
    let again = start() + RULE.base;
    assert_eq!(lock(&*store, counter(1), again).await, again + 2 * RULE.base, "its level is kept");
}

pub async fn failures_of_an_earlier_window_are_not_refunded<S: CounterStore>(store: Arc<S>) {
    // The network's window starts first, so that the pair's window outlives it.
    fail(&*store, counter(1), 1, start()).await;
    let second = start() + seconds(1);
    store.record_failure(&[counter(1), counter(2)], &RULE, second).await.unwrap();
    let next_window = start() + RULE.window;
    fail(&*store, counter(1), 2, next_window).await;
    assert!(store.admit(&attempt(), &RULE, next_window).await.unwrap());
    assert_eq!(failures(&*store, counter(1), next_window).await, 2);
}

pub async fn a_refund_without_failures_changes_nothing<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    assert!(store.admit(&attempt(), &RULE, start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
}

/// A client without an address has no network: its counter is that of the typed name.
pub async fn a_counter_may_be_cleared_and_refunded_at_once<S: CounterStore>(store: Arc<S>) {
    store.record_failure(&[counter(1), counter(2)], &RULE, start()).await.unwrap();
    let checked = vec![counter(1), counter(1)];
    let attempt = AttemptCounters { cleared: checked.clone(), checked, ..attempt() };
    assert!(store.admit(&attempt, &RULE, start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 0);
    assert_eq!(failures(&*store, counter(2), start()).await, 0);
}
