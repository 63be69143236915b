//! Disabling, enabling and deleting accounts.

use crudauth::ContactChange;
use crudauth::email::MessageKind;
use crudauth::flow::ConfirmError;
use crudauth_tests::{App, Kind, Log, PASSWORD, on_every_database};

use super::{NEW, account, password, principal, proof, register, signed_in, signs_in};

on_every_database! {
    async fn disabling_revokes_sessions_for_good_and_rejects_sign_ins(app: App) {
        let ada = register(&app, "ada").await;
        let bob = register(&app, "bob").await;
        let session = signed_in(&app, "ada").await;
        let other = signed_in(&app, "bob").await;
        let accounts = app.auth.accounts();
        assert!(accounts.disable(&ada).await.unwrap());
        assert!(!account(&app, ada).await.is_active());
        assert!(principal(&app, &session).await.is_none());
        assert!(!signs_in(&app, "ada", PASSWORD).await);

        assert!(accounts.enable(&ada).await.unwrap());
        assert!(account(&app, ada).await.is_active());
        assert!(principal(&app, &session).await.is_none(), "enabling does not bring it back");
        assert!(signs_in(&app, "ada", PASSWORD).await);
        assert!(principal(&app, &other).await.is_some() && account(&app, bob).await.is_active());
    }

    async fn disabling_voids_every_link(app: App) {
        let ada = register(&app, "ada").await;
        let verify = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        let reset = app.reset_token("ada@example.com").await;
        let accounts = app.auth.accounts();
        let new = "countess@example.com".parse().unwrap();
        let before = account(&app, ada).await;
        accounts.recovery().unwrap().start_change(&crudauth::Principal::application(&before), &proof(PASSWORD), new, None).await.unwrap();
        let change = app.token(MessageKind::ChangeEmail, "countess@example.com").await;
        assert!(accounts.disable(&ada).await.unwrap());
        accounts.recovery().unwrap().start_reset("ada@example.com".parse().unwrap(), None);
        assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 1);
        assert!(accounts.enable(&ada).await.unwrap());

        for refused in [
            accounts.recovery().unwrap().confirm_verification(&verify).await.map(drop),
            accounts.recovery().unwrap().confirm_reset(&reset, &password(NEW)).await.map(drop),
            accounts.recovery().unwrap().confirm_change(&change).await.map(drop),
        ] {
            assert!(matches!(refused, Err(ConfirmError::Invalid)), "{refused:?}");
        }
        let after = account(&app, ada).await;
        assert!(!after.is_verified() && after.user.email == "ada@example.com");
        assert!(signs_in(&app, "ada", PASSWORD).await);
    }

    async fn deleting_removes_all_rows_of_one_account_only(app: App) {
        let ada = register(&app, "ada").await;
        let bob = register(&app, "bob").await;
        let session = signed_in(&app, "ada").await;
        let other = signed_in(&app, "bob").await;
        let verify = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        let reset = app.reset_token("ada@example.com").await;
        let accounts = app.auth.accounts();
        assert!(accounts.delete(&ada).await.unwrap());
        assert!(accounts.find(&ada).await.unwrap().is_none());
        assert!(accounts.find_by_identifier("ada").await.unwrap().is_none());
        assert!(principal(&app, &session).await.is_none() && !signs_in(&app, "ada", PASSWORD).await);
        for table in ["users_sessions", "users_one_time_tokens"] {
            for (id, left) in [(ada, 0), (bob, 1)] {
                let sql = format!("SELECT COUNT(*) FROM {table} WHERE user_id = {id}");
                assert_eq!(app.database.number(&sql).await, left, "{table} of {id}");
            }
        }
        assert!(accounts.recovery().unwrap().confirm_verification(&verify).await.is_err());
        assert!(accounts.recovery().unwrap().confirm_reset(&reset, &password(NEW)).await.is_err());
        assert!(principal(&app, &other).await.is_some());

        let again = register(&app, "ada").await;
        assert_ne!(again, ada);
        assert!(principal(&app, &session).await.is_none());
    }

    async fn calls_report_whether_the_account_exists(app: App) {
        let ada = register(&app, "ada").await;
        let accounts = app.auth.accounts();
        for _ in 0..2 {
            // The clock is stopped, so the second call finds nothing to change.
            assert!(accounts.disable(&ada).await.unwrap());
        }
        for _ in 0..2 {
            assert!(accounts.enable(&ada).await.unwrap());
        }
        assert!(!accounts.disable(&(ada + 1)).await.unwrap());
        assert!(!accounts.enable(&(ada + 1)).await.unwrap());
        assert!(!accounts.delete(&(ada + 1)).await.unwrap());
        assert!(accounts.delete(&ada).await.unwrap() && !accounts.delete(&ada).await.unwrap());
    }
}

#[tokio::test]
async fn a_contact_that_an_administrator_replaces_is_in_the_log() {
    let app = App::on(Kind::Sqlite).await;
    let ada = register(&app, "ada").await;
    register(&app, "bob").await;
    let accounts = app.auth.accounts();
    let log = Log::listen();
    let taken = accounts.set_contact(&ada, &"bob@example.com".parse().unwrap()).await.unwrap();
    assert_eq!((taken, log.count("contact replaced")), (ContactChange::Taken, 0));
    let done = accounts.set_contact(&ada, &"countess@example.com".parse().unwrap()).await.unwrap();
    assert_eq!((done, log.count("contact replaced")), (ContactChange::Done, 1));
    assert!(!log.text().contains("countess"), "{}", log.text());
}
