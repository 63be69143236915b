//! Mailed links: requested and used.

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::flow::{ChangeError, ConfirmError};
use crudauth::{EmailAddress, RedirectPath};
use crudauth_tests::{App, Kind, PASSWORD, on_every_database};

use super::{NEW, account, password, principal, proof, register, signed_in, signs_in};

const ADA: &str = "ada@example.com";
const COUNTESS: &str = "countess@example.com";

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

on_every_database! {
    async fn a_reset_changes_the_password_once_and_revokes_every_session(app: App) {
        let id = register(&app, "ada").await;
        let session = signed_in(&app, "ada").await;
        let accounts = app.auth.accounts();
        accounts.recovery().unwrap().start_reset(address(ADA).into(), RedirectPath::parse("/home"));
        let token = app.token(MessageKind::ResetPassword, ADA).await;
        let weak = accounts.recovery().unwrap().confirm_reset(&token, &password("short")).await;
        assert!(matches!(weak, Err(ConfirmError::Password(_))), "{weak:?}");
        assert!(principal(&app, &session).await.is_some(), "nothing has happened");

        let done = accounts.recovery().unwrap().confirm_reset(&token, &password(NEW)).await.unwrap();
        assert_eq!(done.redirect_to.as_deref(), Some("/home"));
        assert!(principal(&app, &session).await.is_none());
        assert!(signs_in(&app, "ada", NEW).await && !signs_in(&app, "ada", PASSWORD).await);
        assert!(account(&app, id).await.is_verified(), "the link came by that address");
        assert_eq!(app.mail_count(MessageKind::PasswordChanged, ADA).await, 1);

        let again = accounts.recovery().unwrap().confirm_reset(&token, &password(PASSWORD)).await;
        assert!(matches!(again, Err(ConfirmError::AlreadyDone)), "{again:?}");
        assert!(signs_in(&app, "ada", NEW).await);
    }

    async fn a_reset_for_an_unknown_address_mails_nothing(app: App) {
        register(&app, "ada").await;
        app.auth.accounts().recovery().unwrap().start_reset(address("eve@example.com").into(), None);
        assert_eq!(app.mail_count(MessageKind::ResetPassword, "eve@example.com").await, 0);
        assert_eq!(app.mail_count(MessageKind::ResetPassword, ADA).await, 0);
    }

    async fn a_link_works_for_one_hour_and_one_purpose(app: App) {
        register(&app, "ada").await;
        let accounts = app.auth.accounts();
        let verify = app.token(MessageKind::VerifyEmail, ADA).await;
        let reset = app.reset_token(ADA).await;
        for token in ["", "0", &reset[1..], &reset.to_uppercase(), verify.as_str()] {
            let refused = accounts.recovery().unwrap().confirm_reset(token, &password(NEW)).await;
            assert!(matches!(refused, Err(ConfirmError::Invalid)), "{refused:?}");
        }
        app.clock.advance(Duration::from_secs(3600));
        let late = accounts.recovery().unwrap().confirm_reset(&reset, &password(NEW)).await;
        assert!(matches!(late, Err(ConfirmError::Invalid)), "{late:?}");
        assert!(signs_in(&app, "ada", PASSWORD).await);
    }

    async fn a_link_verifies_the_address_once(app: App) {
        let id = register(&app, "ada").await;
        let accounts = app.auth.accounts();
        let first = app.token(MessageKind::VerifyEmail, ADA).await;
        accounts.recovery().unwrap().start_verification(address(ADA).into(), None);
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, ADA).await, 2);
        assert_eq!(accounts.recovery().unwrap().confirm_verification(&first).await.unwrap().redirect_to, None);
        assert!(account(&app, id).await.is_verified());
        let again = accounts.recovery().unwrap().confirm_verification(&first).await;
        assert!(matches!(again, Err(ConfirmError::Used)), "{again:?}");
        accounts.recovery().unwrap().start_verification(address(ADA).into(), None);
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, ADA).await, 2, "it is proved");
    }

    async fn an_address_change_moves_the_account_and_notifies_the_old_address(app: App) {
        let id = register(&app, "ada").await;
        let accounts = app.auth.accounts();
        let ada = account(&app, id).await;
        let start = async |typed, to| {
            accounts.recovery().unwrap().start_change(&crudauth::Principal::application(&ada), &proof(typed), address(to), None).await
        };
        assert!(matches!(start(NEW, COUNTESS).await, Err(ChangeError::WrongPassword)));
        assert!(matches!(start(PASSWORD, ADA).await, Err(ChangeError::SameAddress)));
        assert_eq!(app.mail_count(MessageKind::ChangeEmail, COUNTESS).await, 0);

        start(PASSWORD, COUNTESS).await.unwrap();
        let token = app.token(MessageKind::ChangeEmail, COUNTESS).await;
        let reset = app.reset_token(ADA).await;
        accounts.recovery().unwrap().confirm_change(&token).await.unwrap();
        let moved = account(&app, id).await;
        assert!(moved.is_verified() && moved.user.email == COUNTESS);
        assert_eq!(app.mail_count(MessageKind::EmailChanged, ADA).await, 1);
        assert!(signs_in(&app, COUNTESS, PASSWORD).await && !signs_in(&app, ADA, PASSWORD).await);
        let stale = accounts.recovery().unwrap().confirm_reset(&reset, &password(NEW)).await;
        assert!(matches!(stale, Err(ConfirmError::Invalid)), "{stale:?}");
    }
}

#[tokio::test]
async fn the_current_address_is_notified_of_a_change_request() {
    let app = App::on(Kind::Sqlite).await;
    let id = register(&app, "ada").await;
    let accounts = app.auth.accounts();
    let ada = account(&app, id).await;
    let new = address(COUNTESS);
    accounts
        .recovery()
        .unwrap()
        .start_change(&crudauth::Principal::application(&ada), &proof(PASSWORD), new, None)
        .await
        .unwrap();
    assert_eq!(app.mail_count(MessageKind::ChangeEmail, COUNTESS).await, 1);
    assert_eq!(app.mail_count(MessageKind::EmailChangeRequested, ADA).await, 1);
}
