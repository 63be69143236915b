//! Concurrent guesses learn no more than the allowed failures, and concurrent sign-ins do not block
//! each other.

use crudauth::Backend;
use crudauth_tests::failed_logins::{WRONG, fail_login, lock_seconds, locked};
use crudauth_tests::{
    App, AppBuilder, PASSWORD, Setting, concurrently, count_status, on_every_database,
    patient_hashing,
};

/// Verifies passwords one at a time, in order of arrival.
struct OneSeat;

impl Setting for OneSeat {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.hashing(patient_hashing().max_concurrent(1))
    }
}

on_every_database! {
    async fn concurrent_guesses_learn_no_more_than_the_allowed_failures(app: App) {
        app.register("ada").await;
        let guesser = app.browser();
        let answers = concurrently((0..64).map(|_| {
            let guesser = guesser.clone();
            async move { guesser.login("ada", WRONG).await }
        }))
        .await;
        assert!(count_status(&answers, 401) <= 5, "{answers:?}");
        assert_eq!(count_status(&answers, 401) + count_status(&answers, 429), 64, "{answers:?}");
        assert_eq!(locked(&app.browser().login("ada", PASSWORD).await), 60);
    }

    async fn the_right_guess_among_sixty_four_counts_against_the_limit(app: App) {
        app.register("ada").await;
        let answers = concurrently((0..65).map(|at| {
            // From changing addresses, so that only the account is counted.
            let guesser = app.browser();
            let password = if at == 40 { PASSWORD } else { WRONG };
            async move { guesser.login("ada", password).await }
        }))
        .await;
        let hits = count_status(&answers, 200);
        let misses = count_status(&answers, 401);
        assert_eq!(hits + misses + count_status(&answers, 429), 65, "{answers:?}");
        // A success takes back none of them: they are from other addresses.
        assert!(misses <= 5, "{answers:?}");
        let sessions = app.database.number("SELECT COUNT(*) FROM users_sessions").await;
        assert_eq!(usize::try_from(sessions).unwrap(), hits);
    }

    async fn ten_concurrent_sign_ins_behind_one_address_all_succeed(app: App) {
        let office = app.browser().ip;
        for at in 0..10 {
            app.register(&format!("name{at}")).await;
        }
        let answers = concurrently((0..10).map(|at| {
            let browser = app.browser().at(&office);
            async move { browser.login(&format!("name{at}"), PASSWORD).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 10, "{answers:?}");
    }

    async fn a_right_guess_behind_wrong_ones_is_rejected(app: App) {
        let app = App::over(app.database.clone(), OneSeat).await;
        app.register("ada").await;
        // All are queued before the first is verified. The right one is last, when the limit is
        // reached.
        let answers = concurrently((0..24).map(|at| {
            let guesser = app.browser();
            let password = if at == 23 { PASSWORD } else { WRONG };
            async move { guesser.login("ada", password).await }
        }))
        .await;
        let counts = [200, 401, 429].map(|status| count_status(&answers, status));
        assert_eq!(counts, [0, 5, 19], "{answers:?}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 0);
        assert_eq!(lock_seconds(&app.browser(), "ada").await, 60);
    }

    async fn concurrent_successes_refund_failures_once(app: App) {
        for name in ["ada", "eve"] {
            app.register(name).await;
        }
        for round in 0..4 {
            let office = app.browser();
            fail_login(&office, "eve", 2).await;
            fail_login(&office, "ada", 2).await;
            let answers = concurrently((0..8).map(|_| {
                let browser = app.browser().at(&office.ip);
                async move { browser.login("ada", PASSWORD).await }
            }))
            .await;
            assert_eq!(count_status(&answers, 200), 8, "{answers:?}");
            // The two of eve are still counted at the address, so three remain.
            fail_login(&office, &format!("unknown{round}"), 3).await;
            assert_eq!(lock_seconds(&office, "unknown").await, 60, "round {round}");
            assert_eq!(app.browser().login("eve", PASSWORD).await.status, 200);
            app.clock.advance(std::time::Duration::from_secs(60));
        }
    }

    async fn concurrent_guesses_and_sign_ins_are_all_answered(app: App) {
        let office = app.browser().ip;
        for at in 0..4 {
            app.register(&format!("name{at}")).await;
        }
        let answers = concurrently((0..48).map(|at| {
            let browser = if at % 3 == 0 { app.browser().at(&office) } else { app.browser() };
            let password = if at % 5 == 0 { WRONG } else { PASSWORD };
            async move { browser.login(&format!("name{}", at % 4), password).await }
        }))
        .await;
        let counts = [200, 401, 429].map(|status| count_status(&answers, status));
        assert_eq!(counts.iter().sum::<usize>(), 48, "{answers:?}");
        assert!(counts[0] >= 4, "{counts:?}");
    }

    async fn an_aborted_guess_still_counts(app: App) {
        app.register("ada").await;
        for _ in 0..5 {
            let guesser = app.browser();
            tokio::select! {
                biased;
                answer = guesser.login("ada", WRONG) => panic!("too fast: {answer:?}"),
                () = std::future::ready(()) => {} // hangs up at once
            }
        }
        let counted = async {
            let failures = "SELECT COALESCE(MAX(failures), 0) FROM users_lockouts";
            while app.database.number(failures).await < 5 {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(20);
        assert!(tokio::time::timeout(patience, counted).await.is_ok(), "not counted");
        lock_seconds(&app.browser(), "ada").await;
    }
}
