//! Promises about the admission of an attempt with the right password.

use super::*;

/// An attempt that checks and clears the same counters.
fn attempt(names: &[CounterName]) -> AttemptCounters {
    AttemptCounters { checked: ruled(names), cleared: names.to_vec(), refunds: Vec::new() }
}

pub async fn unknown_counters_admit<S: CounterStore>(store: Arc<S>) {
    let names = [counter(1), counter(2)];
    assert!(store.admit(&attempt(&names), start()).await.unwrap());
    assert!(store.admit(&AttemptCounters::default(), start()).await.unwrap());
}

pub async fn a_locked_counter_refuses_and_changes_nothing<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    let end = lock(&*store, counter(2), start()).await;
    let both = attempt(&[counter(1), counter(2)]);
    assert!(!store.admit(&both, start()).await.unwrap());
    assert!(!store.admit(&both, end - MILLISECOND).await.unwrap());
    assert_eq!(locked_until(&*store, counter(2), start()).await, Some(end));
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
    assert_eq!(lock(&*store, counter(2), end).await, end + 2 * RULE.base, "its level is kept");
}

pub async fn a_full_counter_refuses_and_changes_nothing<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 1, start()).await;
    fail(&*store, counter(2), 3, start()).await;
    let attempt = AttemptCounters {
        checked: ruled(&[counter(1), counter(2)]),
        cleared: vec![counter(1), counter(3)],
        refunds: Vec::new(),
    };
    fail(&*store, counter(3), 2, start()).await;
    let late = start() + RULE.window - MILLISECOND;
    assert!(!store.admit(&attempt, late).await.unwrap());
    for (number, kept) in [(1, 1), (2, 3), (3, 2)] {
        assert_eq!(failures(&*store, counter(number), late).await, kept, "counter {number}");
    }
}

pub async fn a_counter_admits_again_after_its_window<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 3, start()).await;
    let lock = lock(&*store, counter(2), start()).await;
    let both = attempt(&[counter(1), counter(2)]);
    assert!(!store.admit(&both, lock).await.unwrap());
    assert!(store.admit(&both, start() + RULE.window).await.unwrap());
    let only_locked = attempt(&[counter(3)]);
    let end = super::lock(&*store, counter(3), start()).await;
    assert!(store.admit(&only_locked, end).await.unwrap());
}

pub async fn an_admission_clears_what_it_names<S: CounterStore>(store: Arc<S>) {
    let end = lock(&*store, counter(1), start()).await;
    fail(&*store, counter(1), 2, end).await;
    fail(&*store, counter(2), 2, end).await;
    // Another name of the same account. It is not checked, so its lock refuses nothing.
    let other_end = lock(&*store, counter(3), end - seconds(1)).await;
    assert!(other_end > end);
    let attempt = AttemptCounters {
        checked: ruled(&[counter(1), counter(2)]),
        cleared: vec![counter(1), counter(2), counter(3)],
        refunds: Vec::new(),
    };
    assert!(store.admit(&attempt, end).await.unwrap());
    assert_eq!(failures(&*store, counter(2), end).await, 0);
    for number in [1, 3] {
        let lock = lock(&*store, counter(number), end).await;
        assert_eq!(lock, end + RULE.base, "the level of counter {number} is kept");
    }
}

pub async fn an_admission_keeps_what_it_only_checks<S: CounterStore>(store: Arc<S>) {
    fail(&*store, counter(1), 2, start()).await;
    let attempt = AttemptCounters { cleared: Vec::new(), ..attempt(&[counter(1)]) };
    assert!(store.admit(&attempt, start()).await.unwrap());
    assert_eq!(failures(&*store, counter(1), start()).await, 2);
}

/// If the failure came first, the counter was full: it refused, and kept its failures.
pub async fn an_admission_and_a_failure_at_once_lose_nothing<S: CounterStore>(store: Arc<S>) {
    for number in 0..CROWD {
        fail(&*store, counter(number), 2, start()).await;
    }
    let admitted = at_once(2 * CROWD, |task| {
        let store = Arc::clone(&store);
        let name = counter(task / 2);
        async move {
            if task % 2 == 0 {
                store.admit(&attempt(&[name]), start()).await.unwrap()
            } else {
                fail(&*store, name, 1, start()).await.is_none()
            }
        }
    })
    .await;
    for (number, results) in admitted.chunks(2).enumerate() {
        assert!(results[1], "two and one failures do not lock");
        let left = failures(&*store, counter(number), start()).await;
        if results[0] {
            assert!(left <= 1, "admitted, but {left} failures were left");
        } else {
            assert_eq!(left, 3, "refused, but failures were cleared");
        }
    }
}

/// Of guesses that run at once, no more are answered than the limit allows, whether right or wrong.
pub async fn parallel_guesses_do_not_outrun_the_limit<S: CounterStore>(store: Arc<S>) {
    let names = [counter(1), counter(2), counter(3)];
    at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { record(&*store, &names, start()).await }
    })
    .await;
    let admitted = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { store.admit(&attempt(&names), start()).await.unwrap() }
    })
    .await;
    assert_eq!(count_of(&admitted, &true), 0);
}

pub async fn parallel_admissions_all_succeed<S: CounterStore>(store: Arc<S>) {
    let names = [counter(1), counter(2), counter(3)];
    record(&*store, &names, start()).await;
    let admitted = at_once(CROWD, |_| {
        let store = Arc::clone(&store);
        async move { store.admit(&attempt(&names), start()).await.unwrap() }
    })
    .await;
    assert_eq!(count_of(&admitted, &true), CROWD);
}
