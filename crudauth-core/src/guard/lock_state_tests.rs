//! The rule of a counter of failures, step by step.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::*;

const RULE: LockRule = LockRule {
    max_failures: 2,
    window: Duration::from_secs(60),
    base: Duration::from_secs(100),
    max: Duration::from_secs(350),
    escalation_window: Duration::from_secs(1000),
};

fn at(seconds: u64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

/// A counter with failures at these instants.
fn failed_at(instants: &[u64]) -> LockState {
    let mut state = LockState::default();
    for &seconds in instants {
        state.record_failure(&RULE, at(seconds));
    }
    state
}

#[test]
fn a_new_counter_is_open_and_has_no_effect() {
    let state = LockState::default();
    assert!(state.admits(&RULE, at(0)));
    assert_eq!(state.lock(at(0)), None);
    assert_eq!(state.expires_at(), DateTime::UNIX_EPOCH);
}

#[test]
fn the_allowed_failures_do_not_lock_but_use_the_counter_up() {
    let one = failed_at(&[0]);
    assert!(one.admits(&RULE, at(1)));
    let two = failed_at(&[0, 1]);
    assert_eq!(two.lock(at(1)), None);
    assert!(!two.admits(&RULE, at(59)), "a right guess would be one guess too many");
    assert!(two.admits(&RULE, at(60)), "the window has ended");
}

#[test]
fn one_failure_more_than_allowed_locks_from_that_failure_on() {
    let state = failed_at(&[0, 1, 2]);
    assert_eq!(state.lock(at(2)), Some(at(102)));
    assert!(!state.admits(&RULE, at(101)));
    assert_eq!(state.lock(at(102)), None);
    assert!(state.admits(&RULE, at(102)), "a lock forgets the failures before it");
}

#[test]
fn a_lock_that_is_shorter_than_the_window_ends_the_window() {
    let rule = LockRule { base: Duration::from_secs(10), ..RULE };
    let mut state = LockState::default();
    for seconds in [0, 0, 0] {
        state.record_failure(&rule, at(seconds));
    }
    assert_eq!(state.lock(at(0)), Some(at(10)));
    for seconds in [20, 20] {
        state.record_failure(&rule, at(seconds));
        assert_eq!(state.lock(at(20)), None, "the failures before the lock are forgotten");
    }
    // The window that began before the lock would have ended at 60.
    state.record_failure(&rule, at(61));
    assert_eq!(state.lock(at(61)), Some(at(81)));
}

#[test]
fn a_window_starts_with_its_first_failure_and_does_not_slide() {
    let state = failed_at(&[0, 50, 60, 110]);
    assert_eq!(state.lock(at(110)), None);
    let state = failed_at(&[0, 60, 110, 119]);
    assert_eq!(state.lock(at(119)), Some(at(219)));
}

#[test]
fn failures_during_a_lock_change_nothing() {
    let before = failed_at(&[0, 1, 2]);
    let mut after = before;
    for seconds in [3, 50, 101] {
        after.record_failure(&RULE, at(seconds));
    }
    assert_eq!(after, before);
}

#[test]
fn each_lock_is_twice_as_long_up_to_the_longest() {
    let mut state = LockState::default();
    let mut now = 0;
    for length in [100, 200, 350, 350] {
        for _ in 0..3 {
            state.record_failure(&RULE, at(now));
        }
        assert_eq!(state.lock(at(now)), Some(at(now + length)));
        now += length;
    }
}

#[test]
fn the_escalation_ends_a_while_after_the_last_lock() {
    for (pause, length) in [(999, 200), (1000, 100)] {
        let mut state = failed_at(&[0, 0, 0]);
        let now = 100 + pause;
        for _ in 0..3 {
            state.record_failure(&RULE, at(now));
        }
        assert_eq!(state.lock(at(now)), Some(at(now + length)), "{pause} seconds after the lock");
    }
}

#[test]
fn a_refund_takes_back_failures_of_the_same_window_only() {
    let own = failed_at(&[5]);
    let mut network = failed_at(&[0, 5]);
    network.refund(&own, at(10));
    assert_eq!(network.failures, 1);

    let mut later_window = failed_at(&[0, 61]);
    later_window.refund(&own, at(62));
    assert_eq!(later_window.failures, 1, "the failures are of an earlier window");

    let mut ended = failed_at(&[0, 5]);
    ended.refund(&own, at(60));
    assert_eq!(ended.failures, 2, "the window has ended");
}

#[test]
fn a_refund_lifts_no_lock() {
    let own = failed_at(&[0, 1]);
    let mut network = failed_at(&[0, 1, 2]);
    network.refund(&own, at(3));
    assert_eq!(network.lock(at(3)), Some(at(102)));
}

#[test]
fn a_counter_expires_after_window_lock_and_escalation() {
    assert_eq!(failed_at(&[0]).expires_at(), at(60));
    assert_eq!(failed_at(&[0, 1, 2]).expires_at(), at(102 + 1000));
}

#[test]
fn a_lock_length_does_not_overflow() {
    assert_eq!(RULE.lock_length(31), RULE.max);
    assert_eq!(RULE.lock_length(32), RULE.max);
    assert_eq!(RULE.lock_length(u32::MAX), RULE.max);
    let longest = LockRule { base: Duration::MAX, max: Duration::MAX, ..RULE };
    assert_eq!(longest.lock_length(7), Duration::MAX);
}
