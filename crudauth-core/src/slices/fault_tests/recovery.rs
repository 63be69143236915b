//! Requesting and using links.

use super::*;
use crate::notify::MessageKind;
use crate::principal::Principal;
use crate::slices::recovery::{ConfirmError, PasswordReset};
use crate::testing_world::{PASSWORD, address, proof};

const COUNTESS: &str = "countess@example.com";

async fn verify(scene: &Scene) -> Option<()> {
    let recovery = &scene.messages.recovery;
    recovery.start_verification(address(ADA).into(), None);
    let link = scene.messages.token(MessageKind::VerifyEmail).await?;
    confirmed(recovery.confirm_verification(&link).await).map(drop)
}

/// Asserts that a confirmation that fails names the store, and no other cause.
fn confirmed<T: std::fmt::Debug>(result: Result<T, ConfirmError>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(ConfirmError::Store(_)) => None,
        Err(other) => panic!("{other:?}"),
    }
}

async fn reset(scene: &Scene) -> Option<PasswordReset<Person>> {
    let recovery = &scene.messages.recovery;
    recovery.start_reset(address(ADA).into(), None);
    let link = scene.messages.token(MessageKind::ResetPassword).await?;
    confirmed(recovery.confirm_reset(&link, &password(NEW)).await)
}

async fn change(scene: &Scene, caller: &Principal<Person>) -> Option<()> {
    let recovery = &scene.messages.recovery;
    let new = address(COUNTESS);
    recovery.start_change(caller, &proof(PASSWORD), new, None).await.ok()?;
    let link = scene.messages.token(MessageKind::ChangeEmail).await?;
    confirmed(recovery.confirm_change(&link).await).map(drop)
}

#[tokio::test]
async fn a_verification_that_fails_can_be_requested_again() {
    at_each_call(
        async |_| (),
        async |scene, ()| verify(scene).await,
        async |scene, (), done| {
            let is_verified = scene.world.reloaded(&scene.ada).await.is_verified();
            assert!(is_verified || done.is_none());
            assert!(is_verified || verify(scene).await.is_some());
            assert!(scene.world.reloaded(&scene.ada).await.is_verified());
            assert!(scene.signs_in(ADA, PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_reset_that_fails_changes_the_password_and_revokes_sessions_or_does_neither() {
    at_each_call(
        async |scene| {
            let session = scene.slices.open_session(&scene.ada).await.0;
            // Strangers have locked the account.
            for _ in 0..6 {
                scene.sign_in(ADA, "wrong").await.unwrap_err();
            }
            session
        },
        async |scene, _| reset(scene).await,
        async |scene, session, done| {
            let is_changed = !scene.has_session(&session).await;
            assert!(is_changed || done.is_none());
            if !is_changed {
                reset(scene).await.unwrap();
                assert!(!scene.has_session(&session).await);
            }
            // The lock stays if the counters failed, until it ends or the next reset.
            scene.world.clock.advance(std::time::Duration::from_mins(1));
            assert!(scene.signs_in(ADA, NEW).await);
            assert!(!scene.signs_in(ADA, PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_link_whose_confirmation_fails_is_used_once() {
    at_each_call(
        async |scene| {
            scene.messages.recovery.start_reset(address(ADA).into(), None);
            scene.messages.token(MessageKind::ResetPassword).await.unwrap()
        },
        async |scene, link| scene.messages.recovery.confirm_reset(link, &password(NEW)).await.ok(),
        async |scene, link, done| {
            let recovery = &scene.messages.recovery;
            let is_changed = scene.signs_in(ADA, NEW).await;
            assert!(is_changed || done.is_none());
            let again = recovery.confirm_reset(&link, &password("a third passphrase")).await;
            assert_eq!(again.is_ok(), !is_changed);
            let last = recovery.confirm_reset(&link, &password("a fourth passphrase")).await;
            assert!(matches!(last, Err(ConfirmError::AlreadyDone)), "{last:?}");
        },
    )
    .await;
}

#[tokio::test]
async fn a_change_of_address_that_fails_leaves_one_address_that_signs_in() {
    at_each_call(
        async |scene| scene.slices.open_session(&scene.ada).await.1,
        async |scene, caller| change(scene, caller).await,
        async |scene, caller, done| {
            let has_moved = scene.signs_in(COUNTESS, PASSWORD).await;
            assert_ne!(has_moved, scene.signs_in(ADA, PASSWORD).await);
            assert!(has_moved || done.is_none());
            assert!(has_moved || change(scene, &caller).await.is_some());
            assert!(scene.signs_in(COUNTESS, PASSWORD).await);
            assert!(!scene.signs_in(ADA, PASSWORD).await);
        },
    )
    .await;
}
