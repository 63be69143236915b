//! Listing and revoking sessions, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use super::*;
use crate::model::SessionHandle;
use crate::principal::{OwnerError, Principal};
use crate::testing_world::{Hooked, PASSWORD, Slices, World, password, worlds};

async fn is_valid(slices: &Slices, opened: &OpenedSession) -> bool {
    slices.sessions.authenticate(&opened.token).await.unwrap().is_some()
}

#[tokio::test]
async fn an_owner_lists_and_revokes_only_sessions_of_the_own_account() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let eve = world.account("eve@example.com").await;
        let (one, caller) = slices.open_session(&ada).await;
        let two = slices.open_session(&ada).await.0;
        let (of_eve, eve) = slices.open_session(&eve).await;
        let listed = slices.sessions.list(&caller).await.unwrap();
        assert_eq!(listed.len(), 2);
        let current: Vec<_> = listed.iter().filter(|one| one.is_current).collect();
        assert_eq!(current.len(), 1);
        assert_eq!(current[0].handle, one.handle);
        assert!(!slices.sessions.revoke(&eve, &two.handle).await.unwrap());
        let unknown = SessionHandle::parse(&"0".repeat(64)).unwrap();
        assert!(!slices.sessions.revoke(&caller, &unknown).await.unwrap());
        assert!(is_valid(&slices, &two).await);
        assert!(slices.sessions.revoke(&caller, &two.handle).await.unwrap());
        assert!(!is_valid(&slices, &two).await);
        assert!(is_valid(&slices, &one).await);
        assert!(is_valid(&slices, &of_eve).await);
    }
}

#[tokio::test]
async fn revoking_all_sessions_keeps_the_current_one_if_asked() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (current, caller) = slices.open_session(&ada).await;
        let other = slices.open_session(&ada).await.0;
        let kept = slices.sessions.revoke_others(&caller).await;
        assert_eq!(kept.unwrap(), 1);
        assert!(is_valid(&slices, &current).await);
        assert!(!is_valid(&slices, &other).await);
        let none = slices.sessions.revoke_all(&caller).await;
        assert_eq!(none.unwrap(), 1);
        assert!(!is_valid(&slices, &current).await);
    }
}

#[tokio::test]
async fn the_application_revokes_all_sessions_of_an_account() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let opened = slices.open_session(&ada).await.0;
        let application = Principal::application(&ada);
        assert!(slices.sessions.list(&application).await.unwrap().iter().all(|it| !it.is_current));
        let revoked = slices.sessions.revoke_others(&application).await;
        assert_eq!(revoked.unwrap(), 1);
        assert!(!is_valid(&slices, &opened).await);
    }
}

#[tokio::test]
async fn a_program_neither_lists_nor_revokes_sessions() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let opened = slices.open_session(&ada).await.0;
        let program = Principal::new(ada);
        let sessions = &slices.sessions;
        assert!(matches!(sessions.list(&program).await, Err(OwnerError::NotOwner)));
        let one = sessions.revoke(&program, &opened.handle).await;
        assert!(matches!(one, Err(OwnerError::NotOwner)), "{one:?}");
        let all = sessions.revoke_all(&program).await;
        assert!(matches!(all, Err(OwnerError::NotOwner)), "{all:?}");
        assert!(is_valid(&slices, &opened).await);
    }
}

#[tokio::test]
async fn signing_out_ends_the_callers_session_only() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (one, caller) = slices.open_session(&ada).await;
        let two = slices.open_session(&ada).await.0;
        slices.sessions.sign_out(&caller).await.unwrap();
        slices.sessions.sign_out(&caller).await.unwrap();
        assert!(!is_valid(&slices, &one).await);
        assert!(is_valid(&slices, &two).await);
    }
}

#[tokio::test]
async fn a_session_that_was_revoked_meanwhile_revokes_nothing() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (ended, caller) = slices.open_session(&ada).await;
        let other = slices.open_session(&ada).await.0;
        slices.sessions.sign_out(&caller).await.unwrap();
        let one = slices.sessions.revoke(&caller, &ended.handle).await;
        assert!(matches!(one, Err(OwnerError::Ended)), "{one:?}");
        let all = slices.sessions.revoke_all(&caller).await;
        assert!(matches!(all, Err(OwnerError::Ended)), "{all:?}");
        assert!(is_valid(&slices, &other).await);
    }
}

#[tokio::test]
async fn a_session_of_an_earlier_password_revokes_no_other_session() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (valid, owner) = slices.open_session(&ada).await;
        let stale = slices.open_session(&ada).await.1;
        slices.open_session(&ada).await;
        let new = password("a much better passphrase");
        slices.passwords.change(&owner, &password(PASSWORD), &new).await.unwrap();
        let all = slices.sessions.revoke_all(&stale).await;
        assert!(matches!(all, Err(OwnerError::Ended)), "{all:?}");
        let others = slices.sessions.revoke_others(&stale).await;
        assert!(matches!(others, Err(OwnerError::Ended)), "{others:?}");
        let one = slices.sessions.revoke(&stale, &valid.handle).await;
        assert!(matches!(one, Err(OwnerError::Ended)), "{one:?}");
        assert!(is_valid(&slices, &valid).await);
    }
}

#[tokio::test]
async fn a_revocation_that_fails_half_way_is_an_error() {
    for world in worlds().await {
        let sessions = Hooked::failing_once(&world.sessions, "remove");
        let slices = World { sessions, ..world.clone() }.slices();
        let ada = world.account("ada@example.com").await;
        slices.open_session(&ada).await;
        let caller = slices.open_session(&ada).await.1;
        let failed = slices.sessions.revoke_others(&caller).await;
        assert!(matches!(failed, Err(OwnerError::Store(_))), "{failed:?}");
        let again = slices.sessions.revoke_others(&caller).await;
        assert_eq!(again.unwrap(), 1);
    }
}
