//! Promises about the failures that a success takes back.

use super::*;
use crate::guard::store::Refund;

/// An attempt whose success takes the failures of counter 2 off counter 1.
fn attempt() -> AttemptCounters {
    let refund = Refund { own: counter(2), from: vec![counter(1)] };
    AttemptCounters { refunds: vec![refund], ..AttemptCounters::default() }
}

pub async fn a_refund_takes_the_failures_of_one_account<S: CounterStore>(store: Arc<S>) {
    let pair = [counter(1), counter(2)];
    record(&*store, &pair, start()).await;
    // A failure of another account from the same network.
    fail(&*store, counter(1), 1, start()).await;
    record(&*store, &pair, start()).await;
    assert!(store.admit(&attempt(), start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 1);
    assert_eq!(failures(&*store, counter(2), start()).await, 0, "they are taken back once");
}

/// Guesses of strangers, the lock that they caused and its level are the same after a success.
pub async fn a_success_takes_back_its_own_failures_only<S: CounterStore>(store: Arc<S>) {
    let shared = [counter(1), counter(3)];
    let end = lock(&*store, counter(3), start() - RULE.base).await;
    assert_eq!(end, start());
    for name in shared {
        fail(&*store, name, 2, start()).await;
    }
    record(&*store, &[counter(1), counter(2), counter(3)], start()).await;
    let refund = Refund { own: counter(2), from: shared.to_vec() };
    let attempt = AttemptCounters { refunds: vec![refund], ..AttemptCounters::default() };
    assert!(store.admit(&attempt, start()).await.unwrap());
    for name in shared {
        assert_eq!(fail(&*store, name, 1, start()).await, None);
    }
    assert_eq!(fail(&*store, counter(1), 1, start()).await, Some(start() + RULE.base));
    assert_eq!(fail(&*store, counter(3), 1, start()).await, Some(start() + 2 * RULE.base));
}

/// Several counters of one account are taken back by one success.
pub async fn each_of_several_refunds_happens<S: CounterStore>(store: Arc<S>) {
    record(&*store, &[counter(1), counter(2)], start()).await;
    record(&*store, &[counter(3), counter(4)], start()).await;
    let refund = |own, from| Refund { own: counter(own), from: vec![counter(from)] };
    let refunds = vec![refund(2, 1), refund(4, 3), refund(6, 5)];
    let attempt = AttemptCounters { refunds, ..AttemptCounters::default() };
    assert!(store.admit(&attempt, start()).await.unwrap());
    for number in 1..=4 {
        assert_eq!(failures(&*store, counter(number), start()).await, 0, "counter {number}");
    }
}

pub async fn a_refund_happens_once<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    record(&*store, &[counter(1), counter(2)], start()).await;
    let admitted = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { store.admit(&attempt(), start()).await.unwrap() }
    })
    .await;
    assert_eq!(count_of(&admitted, &true), CROWD);
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
}

/// Two names of an account may be the same text.
pub async fn a_refund_that_is_given_twice_happens_once<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    record(&*store, &[counter(1), counter(2)], start()).await;
    let refund = Refund { own: counter(2), from: vec![counter(1)] };
    let attempt =
        AttemptCounters { refunds: vec![refund.clone(), refund], ..AttemptCounters::default() };
    assert!(store.admit(&attempt, start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
}

pub async fn a_refund_leaves_the_lock_of_the_network<S: CounterStore>(store: Arc<S>) {
    record(&*store, &[counter(1), counter(2)], start()).await;
    let end = fail(&*store, counter(1), 3, start()).await;
    assert_eq!(end, Some(start() + RULE.base));
    assert!(store.admit(&attempt(), start()).await.unwrap());
    assert_eq!(locked_until(&*store, counter(1), start()).await, end);
    let again = start() + RULE.base;
    assert_eq!(lock(&*store, counter(1), again).await, again + 2 * RULE.base, "its level is kept");
}

pub async fn failures_of_an_earlier_window_are_not_refunded<S: CounterStore>(store: Arc<S>) {
    // The network's window starts first, so that the pair's window outlives it.
    fail(&*store, counter(1), 1, start()).await;
    let second = start() + seconds(1);
    record(&*store, &[counter(1), counter(2)], second).await;
    let next_window = start() + RULE.window;
    fail(&*store, counter(1), 2, next_window).await;
    assert!(store.admit(&attempt(), next_window).await.unwrap());
    assert_eq!(failures(&*store, counter(1), next_window).await, 2);
}

pub async fn a_refund_without_failures_changes_nothing<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    assert!(store.admit(&attempt(), start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
}

/// A client without an address has no network: its counter is that of the typed name.
pub async fn a_counter_may_be_cleared_and_refunded_at_once<S: CounterStore>(store: Arc<S>) {
    record(&*store, &[counter(1), counter(2)], start()).await;
    let cleared = vec![counter(1), counter(1)];
    let attempt = AttemptCounters { checked: ruled(&cleared), cleared, ..attempt() };
    assert!(store.admit(&attempt, start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 0);
    assert_eq!(failures(&*store, counter(2), start()).await, 0);
}
