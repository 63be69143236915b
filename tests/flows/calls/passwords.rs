//! Changing a password and setting the first one.

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::flow::PasswordError;
use crudauth_tests::{PASSWORD, on_every_database};

use super::{NEW, account, password, principal, register, signed_in, signs_in};

on_every_database! {
    async fn a_password_change_keeps_this_session_and_revokes_the_others(app: App) {
        let id = register(&app, "ada").await;
        let here = signed_in(&app, "ada").await;
        let there = signed_in(&app, "ada").await;
        let seen = principal(&app, &here).await.unwrap();
        let accounts = app.auth.accounts();
        accounts.change_password(&seen, &password(PASSWORD), &password(NEW)).await.unwrap();
        assert!(principal(&app, &here).await.is_some() && principal(&app, &there).await.is_none());
        assert!(signs_in(&app, "ada", NEW).await && !signs_in(&app, "ada", PASSWORD).await);
        assert_eq!(app.mail_count(MessageKind::PasswordChanged, "ada@example.com").await, 1);
        assert_eq!(account(&app, id).await.user.id, id);
    }

    async fn a_rejected_password_change_changes_nothing(app: App) {
        register(&app, "ada").await;
        let here = signed_in(&app, "ada").await;
        let there = signed_in(&app, "ada").await;
        let seen = principal(&app, &here).await.unwrap();
        let accounts = app.auth.accounts();
        let change = async |old, new| {
            accounts.change_password(&seen, &password(old), &password(new)).await.unwrap_err()
        };
        assert!(matches!(change(NEW, NEW).await, PasswordError::WrongPassword));
        let PasswordError::Invalid(errors) = change(PASSWORD, "short").await else { panic!() };
        assert_eq!(errors[0].field, "new_password");
        assert!(principal(&app, &here).await.is_some() && principal(&app, &there).await.is_some());
        assert!(signs_in(&app, "ada", PASSWORD).await);
    }

    async fn the_second_of_two_stale_changes_is_rejected(app: App) {
        register(&app, "ada").await;
        let seen = principal(&app, &signed_in(&app, "ada").await).await.unwrap();
        let accounts = app.auth.accounts();
        accounts.change_password(&seen, &password(PASSWORD), &password(NEW)).await.unwrap();
        let second =
            accounts.change_password(&seen, &password(PASSWORD), &password("a-third-one")).await;
        assert!(matches!(second, Err(PasswordError::WrongPassword)), "{second:?}");
        assert!(signs_in(&app, "ada", NEW).await && !signs_in(&app, "ada", "a-third-one").await);
    }

    async fn a_first_password_is_set_once_shortly_after_sign_in(app: App) {
        register(&app, "ada").await;
        let here = signed_in(&app, "ada").await;
        let accounts = app.auth.accounts();
        let seen = principal(&app, &here).await.unwrap();
        let has = accounts.set_password(&seen, &password(NEW)).await;
        assert!(matches!(has, Err(PasswordError::HasPassword)), "{has:?}");

        // An account that was created without a password.
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        let seen = principal(&app, &here).await.unwrap();
        let none = accounts.change_password(&seen, &password(PASSWORD), &password(NEW)).await;
        assert!(matches!(none, Err(PasswordError::NoPassword)), "{none:?}");
        app.clock.advance(Duration::from_secs(601));
        let late = accounts.set_password(&principal(&app, &here).await.unwrap(), &password(NEW)).await;
        assert!(matches!(late, Err(PasswordError::NotFresh(_))), "{late:?}");
        assert!(!signs_in(&app, "ada", NEW).await);
    }

    async fn a_session_revoked_during_hashing_changes_no_password(app: App) {
        register(&app, "ada").await;
        let thief = signed_in(&app, "ada").await;
        let owner = signed_in(&app, "ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        let accounts = app.auth.accounts();
        // The principal was looked up before its session was revoked.
        let seen = principal(&app, &thief).await.unwrap();
        let hers = principal(&app, &owner).await.unwrap();
        assert!(accounts.sessions().revoke(&hers, &seen.session().unwrap().handle()).await.unwrap());
        let late = accounts.set_password(&seen, &password(NEW)).await;
        assert!(matches!(late, Err(PasswordError::Ended)), "{late:?}");
        assert!(!signs_in(&app, "ada", NEW).await && principal(&app, &owner).await.is_some());

        let hers = principal(&app, &owner).await.unwrap();
        accounts.set_password(&hers, &password(NEW)).await.unwrap();
        let hers = principal(&app, &owner).await.unwrap();
        accounts.sessions().sign_out(&hers).await.unwrap();
        let late = accounts.change_password(&hers, &password(NEW), &password(PASSWORD)).await;
        assert!(matches!(late, Err(PasswordError::Ended)), "{late:?}");
        assert!(signs_in(&app, "ada", NEW).await);
    }

    async fn a_first_password_signs_in_and_revokes_the_other_sessions(app: App) {
        register(&app, "ada").await;
        let here = signed_in(&app, "ada").await;
        let there = signed_in(&app, "ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        let seen = principal(&app, &here).await.unwrap();
        let accounts = app.auth.accounts();
        accounts.set_password(&seen, &password(NEW)).await.unwrap();
        assert!(principal(&app, &here).await.is_some() && principal(&app, &there).await.is_none());
        assert!(signs_in(&app, "ada", NEW).await && !signs_in(&app, "ada", PASSWORD).await);
        assert_eq!(app.mail_count(MessageKind::PasswordChanged, "ada@example.com").await, 1);
    }
}
