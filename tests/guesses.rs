//! Guesses made at one moment learn no more than the free tries would have told, and people who
//! sign in rightly at one moment do not stand in each other's way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use crudauth::{Backend, HashingConfig};
use crudauth_tests::guessing::{WRONG, lock_of, locked};
use crudauth_tests::{App, PASSWORD, Setting, Unbuilt, at_once, count_of, on_every_database};

/// Passwords are verified one after the other, in the order in which they came.
struct OneSeat;

impl Setting for OneSeat {
    fn set<DB: Backend>(self, builder: Unbuilt<DB>) -> Unbuilt<DB> {
        builder.hashing(HashingConfig::default().seats(1))
    }
}

on_every_database! {
    async fn guesses_made_at_one_moment_learn_no_more_than_the_free_tries_tell(app: App) {
        app.register("ada").await;
        let guesser = app.browser();
        let answers = at_once((0..64).map(|_| {
            let guesser = guesser.clone();
            async move { guesser.login("ada", WRONG).await }
        }))
        .await;
        assert!(count_of(&answers, 401) <= 5, "{answers:?}");
        assert_eq!(count_of(&answers, 401) + count_of(&answers, 429), 64, "{answers:?}");
        assert_eq!(locked(&app.browser().login("ada", PASSWORD).await), 60);
    }

    async fn the_right_guess_among_sixty_four_is_answered_within_the_free_tries_or_not(app: App) {
        app.register("ada").await;
        let answers = at_once((0..65).map(|at| {
            // From changing addresses, so that the account alone is counted.
            let (guesser, password) = (app.browser(), if at == 40 { PASSWORD } else { WRONG });
            async move { guesser.login("ada", password).await }
        }))
        .await;
        let (hits, misses) = (count_of(&answers, 200), count_of(&answers, 401));
        assert_eq!(hits + misses + count_of(&answers, 429), 65, "{answers:?}");
        // A success clears what was counted so far.
        assert!(misses <= 5 + 5 * hits, "{answers:?}");
        let sessions = app.database.number("SELECT COUNT(*) FROM users_sessions").await;
        assert_eq!(usize::try_from(sessions).unwrap(), hits);
    }

    async fn ten_people_who_sign_in_rightly_at_once_behind_one_address_all_get_in(app: App) {
        let office = app.browser().ip;
        for at in 0..10 {
            app.register(&format!("name{at}")).await;
        }
        let answers = at_once((0..10).map(|at| {
            let browser = app.browser().at(&office);
            async move { browser.login(&format!("name{at}"), PASSWORD).await }
        }))
        .await;
        assert_eq!(count_of(&answers, 200), 10, "{answers:?}");
    }

    async fn the_right_guess_behind_wrong_ones_does_not_get_in(app: App) {
        let app = App::over(app.database.clone(), OneSeat).await;
        app.register("ada").await;
        // All are let to the one seat before the first is verified; the right one comes last, when
        // the tries are used up.
        let answers = at_once((0..24).map(|at| {
            let (guesser, password) = (app.browser(), if at == 23 { PASSWORD } else { WRONG });
            async move { guesser.login("ada", password).await }
        }))
        .await;
        let counts = [200, 401, 429].map(|status| count_of(&answers, status));
        assert_eq!(counts, [0, 5, 19], "{answers:?}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 0);
        assert_eq!(lock_of(&app.browser(), "ada").await, 60);
    }

    async fn whoever_guesses_and_signs_in_beside_each_other_is_answered(app: App) {
        let office = app.browser().ip;
        for at in 0..4 {
            app.register(&format!("name{at}")).await;
        }
        let answers = at_once((0..48).map(|at| {
            let browser = if at % 3 == 0 { app.browser().at(&office) } else { app.browser() };
            let password = if at % 5 == 0 { WRONG } else { PASSWORD };
            async move { browser.login(&format!("name{}", at % 4), password).await }
        }))
        .await;
        let counts = [200, 401, 429].map(|status| count_of(&answers, status));
        assert_eq!(counts.iter().sum::<usize>(), 48, "{answers:?}");
        assert!(counts[0] >= 4, "{counts:?}");
    }

    async fn whoever_hangs_up_before_the_answer_has_guessed_all_the_same(app: App) {
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
            let misses = "SELECT COALESCE(MAX(failures), 0) FROM users_lockouts";
            while app.database.number(misses).await < 5 {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(20);
        assert!(tokio::time::timeout(patience, counted).await.is_ok(), "not counted");
        lock_of(&app.browser(), "ada").await;
    }
}
