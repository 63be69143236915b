//! The macro that turns the promises into tests.

/// Generates a test for each promise of the store ports.
///
/// The argument is an async function, or a closure that returns a future, which makes a fresh and
/// empty store. Each promise is a test of its own, named by the promise, and calls it once.
///
/// ```
/// # use crudauth_core::stores::MemoryStore as MyStore;
/// # use crudauth_core::store_suite; // crudauth::testing::store_suite
/// # async fn make() -> MyStore { MyStore::default() }
/// // A store of sessions, counters and challenges.
/// store_suite!(make);
/// ```
///
/// A store that fills one port names it. Sessions are checked with the suite's own user struct,
/// whose key is an `i64`, unless `user` names another one. The accounts need not exist.
///
/// ```
/// # use crudauth_core::stores::MemoryStore as MyStore;
/// # use crudauth_core::stores::suite::Person as User;
/// # use crudauth_core::store_suite; // crudauth::testing::store_suite
/// # async fn make() -> MyStore { MyStore::default() }
/// store_suite!(sessions: make, user = User);
/// store_suite!(counters: make);
/// store_suite!(challenges: make);
/// ```
///
/// A function that returns an `Option`, for stores that are not available everywhere, is marked by
/// `optional`. The tests pass without checking anything if it returns `None`.
///
/// ```
/// # use crudauth_core::stores::MemoryStore as MyStore;
/// # use crudauth_core::store_suite; // crudauth::testing::store_suite
/// # async fn connect_to_test_server() -> Option<MyStore> { None }
/// store_suite!(optional connect_to_test_server);
/// ```
#[macro_export]
macro_rules! store_suite {
    (@user) => { $crate::stores::suite::Person };
    (@user $user:ty) => { $user };
    (@each $port:ident, $run:ident, $make:expr, $generics:tt, $($promise:ident)+) => {$(
        $crate::store_suite! { @test $port, $run, $make, $generics, $promise }
    )+};
    (@test $port:ident, $run:ident, $make:expr, [$($generic:tt)+], $promise:ident) => {
        #[test]
        fn $promise() {
            $crate::stores::suite::$run(
                $make,
                $crate::stores::suite::$port::$promise::<$($generic)+>,
            );
        }
    };
    (@sessions $run:ident, $make:expr, $user:ty) => {
        mod session_store {
            #[allow(unused_imports, reason = "the store may be made by a closure")]
            use super::*;
            $crate::store_suite! { @each sessions, $run, $make, [$user, _],
                a_session_is_found_as_it_was_stored
                optional_fields_may_be_absent
                an_unknown_digest_finds_nothing
                a_session_ends_at_its_expiry
                activity_moves_the_expiry
                earlier_activity_changes_nothing
                an_expired_session_is_not_revived_by_activity
                activity_of_an_unknown_session_stores_nothing
                parallel_activity_keeps_the_latest
                a_list_has_the_sessions_of_one_account
                a_list_starts_with_the_most_recent_activity
                a_csrf_digest_is_replaced_only_if_it_matches
                of_parallel_csrf_replacements_one_succeeds
                a_rebound_session_has_the_new_state
                an_unknown_session_is_not_rebound
                a_removed_session_is_gone
                of_parallel_removals_one_succeeds
                a_removed_session_is_not_revived
                the_least_recently_active_session_is_deleted_beyond_the_limit
                a_new_session_survives_its_own_insertion
                the_limit_concerns_one_account
                expired_sessions_do_not_count_against_the_limit
                parallel_insertions_keep_the_limit
                two_insertions_at_once_leave_one_session_under_a_limit_of_one
                a_purge_deletes_expired_sessions_only
            }
        }
    };
    (@counters $run:ident, $make:expr) => {
        mod counter_store {
            #[allow(unused_imports, reason = "the store may be made by a closure")]
            use super::*;
            $crate::store_suite! { @each rate_limits, $run, $make, [_],
                uses_within_the_limit_are_allowed
                a_use_beyond_the_limit_is_refused_until_the_oldest_leaves
                a_refused_use_is_not_counted
                the_limit_holds_for_any_stretch_of_time
                each_name_has_its_own_limit
                parallel_uses_are_allowed_exactly_up_to_the_limit
                the_highest_limit_is_exact
                a_purge_of_rate_limits_deletes_expired_ones_only
            }
            $crate::store_suite! { @each lockout, $run, $make, [_],
                an_unknown_counter_is_not_locked
                failures_up_to_the_limit_do_not_lock
                a_failure_beyond_the_limit_locks
                a_lock_ends
                the_last_of_several_locks_counts
                a_locked_counter_records_nothing
                a_window_starts_with_its_first_failure
                each_lock_is_twice_as_long_up_to_the_longest
                the_level_is_forgotten_after_the_escalation_window
                a_failure_is_recorded_on_each_counter
                a_name_that_is_given_twice_counts_once
                each_counter_has_its_own_rule
                parallel_failures_are_all_recorded
                parallel_failures_lock_once
                unknown_counters_admit
                a_locked_counter_refuses_and_changes_nothing
                a_full_counter_refuses_and_changes_nothing
                a_counter_admits_again_after_its_window
                an_admission_clears_what_it_names
                an_admission_keeps_what_it_only_checks
                an_admission_and_a_failure_at_once_lose_nothing
                parallel_guesses_do_not_outrun_the_limit
                parallel_admissions_all_succeed
                a_refund_takes_the_failures_of_one_account
                a_success_takes_back_its_own_failures_only
                each_of_several_refunds_happens
                a_refund_happens_once
                a_refund_that_is_given_twice_happens_once
                a_refund_leaves_the_lock_of_the_network
                failures_of_an_earlier_window_are_not_refunded
                a_refund_without_failures_changes_nothing
                a_counter_may_be_cleared_and_refunded_at_once
                clearing_forgets_failures_lock_and_level
                clearing_concerns_the_named_counters_only
                a_purge_of_failures_deletes_expired_ones_only
            }
        }
    };
    (@challenges $run:ident, $make:expr) => {
        mod challenge_store {
            #[allow(unused_imports, reason = "the store may be made by a closure")]
            use super::*;
            $crate::store_suite! { @each challenges, $run, $make, [_],
                a_challenge_is_found_as_it_was_stored
                an_unknown_challenge_is_not_found
                a_challenge_is_taken_once
                of_parallel_takers_one_gets_the_challenge
                a_challenge_ends_at_its_expiry
                each_challenge_stands_alone
                a_purge_deletes_expired_challenges_only
            }
        }
    };
    (sessions: optional $make:expr $(, user = $user:ty)? $(,)?) => {
        $crate::store_suite! { @sessions run_optional, $make, $crate::store_suite!(@user $($user)?) }
    };
    (sessions: $make:expr $(, user = $user:ty)? $(,)?) => {
        $crate::store_suite! { @sessions run, $make, $crate::store_suite!(@user $($user)?) }
    };
    (counters: optional $make:expr $(,)?) => {
        $crate::store_suite! { @counters run_optional, $make }
    };
    (counters: $make:expr $(,)?) => {
        $crate::store_suite! { @counters run, $make }
    };
    (challenges: optional $make:expr $(,)?) => {
        $crate::store_suite! { @challenges run_optional, $make }
    };
    (challenges: $make:expr $(,)?) => {
        $crate::store_suite! { @challenges run, $make }
    };
    (optional $make:expr $(, user = $user:ty)? $(,)?) => {
        $crate::store_suite! { sessions: optional $make $(, user = $user)? }
        $crate::store_suite! { counters: optional $make }
        $crate::store_suite! { challenges: optional $make }
    };
    ($make:expr $(, user = $user:ty)? $(,)?) => {
        $crate::store_suite! { sessions: $make $(, user = $user)? }
        $crate::store_suite! { counters: $make }
        $crate::store_suite! { challenges: $make }
    };
}

#[cfg(test)]
mod tests {
    /// Each promise that is written is also run.
    #[test]
    fn every_promise_is_in_the_macro() {
        let listed = include_str!("tests_macro.rs");
        let ports = [
            include_str!("sessions.rs"),
            include_str!("rate_limits.rs"),
            include_str!("lockout/mod.rs"),
            include_str!("lockout/admission.rs"),
            include_str!("lockout/refund.rs"),
            include_str!("challenges.rs"),
        ];
        let lines = ports.iter().flat_map(|source| source.lines());
        let promises = lines.filter_map(|line| line.strip_prefix("pub async fn "));
        let names: Vec<_> = promises.filter_map(|rest| rest.split('<').next()).collect();
        assert!(names.len() > 60, "{}", names.len());
        for name in names {
            let is_listed = listed.lines().any(|line| line.trim() == name);
            assert!(is_listed, "`{name}` is not in `store_suite!`");
        }
    }
}
