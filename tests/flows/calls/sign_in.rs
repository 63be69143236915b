//! Signing up, signing in and finding accounts.

use crudauth::email::MessageKind;
use crudauth::flow::OwnerError;
use crudauth::{
    FieldErrorKind, RegisterError, Registered, SessionToken, SignInError, SignInRequest, SignUp,
};
use crudauth_tests::{PASSWORD, User, on_every_database, sign_up};

use super::{account, password, principal, register, sign_in, signed_in, signs_in};

on_every_database! {
    async fn a_sign_up_adds_an_account_that_can_sign_in(app: App) {
        let id = register(&app, "ada").await;
        let ada = account(&app, id).await;
        assert!(ada.is_active() && !ada.is_superuser() && !ada.is_verified());
        assert_eq!((&*ada.user.email, &*ada.user.plan), ("ada@example.com", "free"));
        for identifier in ["ada", "ADA", "ada@example.com", "ada@EXAMPLE.com"] {
            assert_eq!(signed_in(&app, identifier).await.account.user.id, id, "{identifier}");
        }
        let _ = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
    }

    async fn a_taken_identifier_is_reported_by_name_and_adds_nothing(app: App) {
        register(&app, "ada").await;
        let mut form = sign_up("ADA");
        form["email"] = "other@example.com".into();
        let form = SignUp::<User>::from_json(&form).unwrap();
        let refused = app.auth.accounts().register(form).await;
        assert!(matches!(refused, Err(RegisterError::Taken("username"))), "{refused:?}");

        let mut form = sign_up("ada");
        form["username"] = "bob".into();
        let form = SignUp::<User>::from_json(&form).unwrap();
        let registered = app.auth.accounts().register(form).await.unwrap();
        assert_eq!(registered, Registered::AddressTaken);
        assert_eq!(app.mail_count(MessageKind::ExistingAccount, "ada@example.com").await, 1);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    }

    async fn a_weak_password_is_rejected_and_adds_nothing(app: App) {
        for weak in ["short", "password", "ada@example.com"] {
            let mut form = sign_up("ada");
            form["password"] = weak.into();
            let form = SignUp::<User>::from_json(&form).unwrap();
            let Err(RegisterError::Invalid(errors)) = app.auth.accounts().register(form).await else {
                panic!("{weak} is weak");
            };
            let is_policy =
                |rule| matches!(rule, FieldErrorKind::PasswordPolicy | FieldErrorKind::TooShort { min: 8 });
            assert!(errors.iter().all(|one| one.field == "password" && is_policy(one.kind)));
            assert!(!errors.iter().any(|one| one.message.contains("ada@")), "{errors:?}");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 0);
    }

    async fn only_its_token_authenticates_a_session(app: App) {
        let id = register(&app, "ada").await;
        let session = signed_in(&app, "ada").await;
        assert_eq!(principal(&app, &session).await.unwrap().user().id, id);
        let accounts = app.auth.accounts();
        let csrf = SessionToken::parse(session.session.csrf.expose()).unwrap();
        assert!(accounts.authenticate(&csrf).await.unwrap().is_none());
        for column in ["handle", "user_agent"] {
            let token = session.session.token.expose();
            let sql = format!("SELECT COUNT(*) FROM users_sessions WHERE {column} = '{token}'");
            assert_eq!(app.database.number(&sql).await, 0);
        }
    }

    async fn a_wrong_password_and_an_unknown_name_are_rejected_alike(app: App) {
        register(&app, "ada").await;
        let known = sign_in(&app, "ada", "a-wrong-one").await.unwrap_err();
        let unknown = sign_in(&app, "eve", PASSWORD).await.unwrap_err();
        assert!(matches!(known, SignInError::Refused) && matches!(unknown, SignInError::Refused));
        assert_eq!(known.to_string(), unknown.to_string());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 0);
    }

    async fn a_known_device_signs_in_while_the_name_is_locked(app: App) {
        register(&app, "ada").await;
        let device = signed_in(&app, "ada").await.device;
        for _ in 0..6 {
            let _ = sign_in(&app, "ada", "a-wrong-one").await;
        }
        let locked = sign_in(&app, "ada", PASSWORD).await.unwrap_err();
        assert!(matches!(locked, SignInError::LockedOut { .. }), "{locked}");
        let mut attempt = SignInRequest::new("ada", password(PASSWORD));
        attempt.devices = vec![device];
        assert!(app.auth.accounts().sign_in(attempt).await.is_ok());
    }

    async fn an_account_is_found_by_key_and_by_every_form_of_its_identifiers(app: App) {
        let ada = register(&app, "ada").await;
        let bob = register(&app, "bob").await;
        let accounts = app.auth.accounts();
        for (typed, id) in [("ada", ada), ("Bob", bob), ("bob@EXAMPLE.com", bob)] {
            let found = accounts.find_by_identifier(typed).await.unwrap().unwrap();
            assert_eq!(found.user.id, id, "{typed}");
        }
        for typed in ["", "eve", "eve@example.com", "ad", "a_a", "%", "ada' OR '1'='1"] {
            assert!(accounts.find_by_identifier(typed).await.unwrap().is_none(), "{typed}");
        }
        assert!(accounts.find(&(bob + 1)).await.unwrap().is_none());
    }

    async fn sessions_are_listed_and_revoked(app: App) {
        register(&app, "ada").await;
        let laptop = signed_in(&app, "ada").await;
        let phone = signed_in(&app, "ada").await;
        let seen = principal(&app, &laptop).await.unwrap();
        let sessions = app.auth.accounts().sessions();
        let listed = sessions.list(&seen).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed.iter().filter(|one| one.is_current).count(), 1);
        assert!(sessions.revoke(&seen, &phone.session.handle).await.unwrap());
        assert!(!sessions.revoke(&seen, &phone.session.handle).await.unwrap());
        assert!(principal(&app, &phone).await.is_none() && principal(&app, &laptop).await.is_some());
        assert_eq!(sessions.revoke_all(&seen).await.unwrap(), 1);
        assert!(principal(&app, &laptop).await.is_none());
        assert!(signs_in(&app, "ada", PASSWORD).await);
    }

    async fn logout_all_fails_if_a_password_change_came_first(app: App) {
        register(&app, "ada").await;
        let thief = signed_in(&app, "ada").await;
        let owner = signed_in(&app, "ada").await;
        let theirs = principal(&app, &thief).await.unwrap();
        let hers = principal(&app, &owner).await.unwrap();
        let accounts = app.auth.accounts();
        let new = password("another-strong-one");
        accounts.change_password(&theirs, &password(PASSWORD), &new).await.unwrap();
        // The principal was looked up before the change: its session is revoked, and the new
        // sessions are not its own to revoke.
        let late = accounts.sessions().revoke_all(&hers).await;
        assert!(matches!(late, Err(OwnerError::Ended)), "{late:?}");
        let late = accounts.sessions().revoke_others(&hers).await;
        assert!(matches!(late, Err(OwnerError::Ended)), "{late:?}");
        let late = accounts.sessions().revoke(&hers, &thief.session.handle).await;
        assert!(matches!(late, Err(OwnerError::Ended)), "{late:?}");
        assert!(principal(&app, &thief).await.is_some());
    }
}
