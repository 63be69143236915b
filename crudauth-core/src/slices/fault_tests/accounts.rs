//! Signing up, and changing passwords.

use super::*;
use crate::model::PasswordHash;
use crate::notify::MessageKind;
use crate::password::HashingPool;
use crate::principal::Principal;
use crate::slices::accounts::{PasswordError, Registered};
use crate::testing_world::PASSWORD;

const EVE: &str = "eve@example.com";

/// Whether the new password is stored. Exactly one of both works.
async fn is_changed(scene: &Scene) -> bool {
    let is_new = scene.signs_in(ADA, NEW).await;
    assert_ne!(is_new, scene.signs_in(ADA, PASSWORD).await, "one password is valid");
    is_new
}

#[tokio::test]
async fn a_change_of_password_that_fails_is_made_as_a_whole_or_not_at_all() {
    at_each_call(
        async |scene| {
            let own = scene.slices.open_session(&scene.ada).await;
            (own, scene.slices.open_session(&scene.ada).await.0)
        },
        async |scene, ((_, caller), _)| {
            let (old, new) = (password(PASSWORD), password(NEW));
            scene.slices.passwords.change(caller, &old, &new).await.ok()
        },
        async |scene, ((own, caller), other), done| {
            let is_changed = is_changed(scene).await;
            assert!(is_changed || done.is_none());
            assert_eq!(scene.has_session(&other).await, !is_changed);
            if !is_changed {
                assert!(scene.has_session(&own).await);
                let (old, new) = (password(PASSWORD), password(NEW));
                scene.slices.passwords.change(&caller, &old, &new).await.unwrap();
                assert!(!scene.has_session(&other).await);
                assert!(scene.signs_in(ADA, NEW).await);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_first_password_that_is_not_set_can_be_set_again() {
    at_each_call(
        async |scene| {
            let none = PasswordHash::new("!".to_owned());
            let account = scene.world.account_with_hash(EVE, none).await;
            scene.slices.open_session(&account).await.1
        },
        async |scene, caller| scene.slices.passwords.set(caller, &password(NEW)).await.ok(),
        async |scene, caller, done| {
            let is_set = scene.signs_in(EVE, NEW).await;
            assert!(is_set || done.is_none());
            if !is_set {
                scene.slices.passwords.set(&caller, &password(NEW)).await.unwrap();
                assert!(scene.signs_in(EVE, NEW).await);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_sign_up_that_fails_adds_one_account_or_none() {
    at_each_call(
        async |_| (),
        async |scene, ()| scene.messages.sign_up(EVE).await.ok(),
        async |scene, (), registered| {
            let was_added = scene.signs_in(EVE, PASSWORD).await;
            assert!(was_added || registered.is_none());
            let again = scene.messages.sign_up(EVE).await.unwrap();
            assert_eq!(again == Registered::AddressTaken, was_added);
            assert!(scene.signs_in(EVE, PASSWORD).await);
            // A link that got lost can be requested again.
            let eve = crate::testing_world::address(EVE);
            scene.messages.recovery.start_verification(eve.into(), None);
            let link = scene.messages.token(MessageKind::VerifyEmail).await.unwrap();
            scene.messages.recovery.confirm_verification(&link).await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn a_password_hash_that_cannot_be_renewed_signs_in_all_the_same() {
    at_each_call(
        async |scene| {
            let hash = HashingPool::outdated().hash(&password(PASSWORD)).await.unwrap();
            scene.world.account_with_hash(EVE, hash.clone()).await;
            hash
        },
        async |scene, _| scene.sign_in(EVE, PASSWORD).await.ok(),
        async |scene, outdated, _| {
            assert!(scene.signs_in(EVE, PASSWORD).await);
            let found = scene.world.accounts.by_identifier(0, EVE, EVE).await.unwrap();
            assert_ne!(found.unwrap().1.expose(), outdated.expose(), "it is renewed by now");
        },
    )
    .await;
}

#[tokio::test]
async fn a_revoked_caller_changes_no_password_whichever_call_fails() {
    // The check of the caller is a call of its own, before the change.
    at_each_call(
        async |scene| {
            let caller = scene.slices.open_session(&scene.ada).await.1;
            scene.slices.sessions.sign_out(&caller).await.unwrap();
            caller
        },
        async |scene, caller: &Principal<Person>| {
            let (old, new) = (password(PASSWORD), password(NEW));
            let refused = scene.slices.passwords.change(caller, &old, &new).await;
            match refused.unwrap_err() {
                PasswordError::Ended => Some(()),
                PasswordError::Store(_) => None,
                other => panic!("{other:?}"),
            }
        },
        async |scene, _, _| assert!(!is_changed(scene).await),
    )
    .await;
}
