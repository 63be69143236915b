//! Requesting and using links, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::time::Duration;

use super::*;
use crate::notify::MessageKind;
use crate::password::Password;
use crate::principal::{Principal, Role};
use crate::slices::accounts::Registered;
use crate::slices::sign_in::SignInRequest;
use crate::testing_world::{
    Hooked, Messages, PASSWORD, Person, World, address, password, proof, worlds,
};

const ADA: &str = "ada@example.com";
const COUNTESS: &str = "countess@example.com";
const NEW: &str = "a much better passphrase";
const HOUR: Duration = Duration::from_hours(1);
const MS: Duration = Duration::from_millis(1);

async fn signs_in(world: &World, name: &str, text: &str) -> bool {
    let request = SignInRequest::new(name, password(text));
    world.slices().sign_in.sign_in(request).await.is_ok()
}

async fn reset_link(messages: &Messages) -> String {
    messages.recovery.start_reset(address(ADA).into(), RedirectPath::parse("/home"));
    messages.token(MessageKind::ResetPassword).await.unwrap()
}

async fn verify_link(messages: &Messages) -> String {
    messages.recovery.start_verification(address(ADA).into(), RedirectPath::parse("/home"));
    messages.token(MessageKind::VerifyEmail).await.unwrap()
}

async fn change_link(messages: &Messages, ada: &Account<Person>) -> String {
    start_change(messages, &Principal::application(ada), PASSWORD, COUNTESS).await.unwrap();
    messages.token(MessageKind::ChangeEmail).await.unwrap()
}

async fn start_change(
    messages: &Messages,
    caller: &Principal<Person>,
    typed: &str,
    to: &str,
) -> Result<(), ChangeError> {
    let to_home = RedirectPath::parse("/home");
    messages.recovery.start_change(caller, &proof(typed), address(to), to_home).await
}

fn new_password() -> Password {
    password(NEW)
}

#[tokio::test]
async fn a_reset_changes_the_password_verifies_the_address_and_notifies_the_owner() {
    for world in worlds().await {
        let messages = world.messages();
        let ada = world.account(ADA).await;
        let session = world.slices().open_session(&ada).await.0;
        let link = reset_link(&messages).await;
        let reset = messages.recovery.confirm_reset(&link, &new_password()).await.unwrap();
        assert_eq!(reset.redirect_to.as_deref(), Some("/home"));
        let stored = world.reloaded(&ada).await;
        assert_eq!(reset.account.state(), stored.state());
        assert_ne!(stored.state(), ada.state());
        assert!(reset.account.is_verified() && stored.is_verified());
        assert!(signs_in(&world, ADA, NEW).await && !signs_in(&world, ADA, PASSWORD).await);
        assert!(world.slices().sessions.authenticate(&session.token).await.unwrap().is_none());
        assert_eq!(messages.count(MessageKind::PasswordChanged, ADA).await, 1);
    }
}

#[tokio::test]
async fn a_reset_lifts_the_lock_of_its_account() {
    for world in worlds().await {
        let messages = world.messages();
        world.account(ADA).await;
        for _ in 0..6 {
            assert!(!signs_in(&world, ADA, "wrong").await);
        }
        let link = reset_link(&messages).await;
        assert!(!signs_in(&world, ADA, PASSWORD).await, "locked");
        messages.recovery.confirm_reset(&link, &new_password()).await.unwrap();
        assert!(signs_in(&world, ADA, NEW).await);
    }
}

#[tokio::test]
async fn a_weak_password_does_not_use_the_link_up() {
    for world in worlds().await {
        let messages = world.messages();
        world.account(ADA).await;
        let link = reset_link(&messages).await;
        for weak in ["short", ADA] {
            let refused = messages.recovery.confirm_reset(&link, &password(weak)).await;
            assert!(matches!(refused, Err(ConfirmError::Password(_))), "{refused:?}");
        }
        messages.recovery.confirm_reset(&link, &new_password()).await.unwrap();
    }
}

#[tokio::test]
async fn a_link_works_once_and_for_its_purpose() {
    for world in worlds().await {
        let messages = world.messages();
        let ada = world.account(ADA).await;
        let recovery = &messages.recovery;
        let (verify, reset) = (verify_link(&messages).await, reset_link(&messages).await);
        let change = change_link(&messages, &ada).await;
        for wrong in [&reset, &change, "x", &"0".repeat(64)] {
            let refused = recovery.confirm_verification(wrong).await;
            assert!(matches!(refused, Err(ConfirmError::Invalid)), "{refused:?}");
        }
        let verified = recovery.confirm_verification(&verify).await.unwrap();
        assert_eq!(verified.redirect_to.as_deref(), Some("/home"));
        assert!(world.reloaded(&ada).await.is_verified());
        let again = recovery.confirm_verification(&verify).await;
        assert!(matches!(again, Err(ConfirmError::Used)), "{again:?}");
        let moved = recovery.confirm_change(&change).await.unwrap();
        assert_eq!(moved.redirect_to.as_deref(), Some("/home"));
        let again = recovery.confirm_change(&change).await;
        assert!(matches!(again, Err(ConfirmError::AlreadyDone)), "{again:?}");
        // It was mailed to an address that the account has left.
        let stale = recovery.confirm_reset(&reset, &new_password()).await;
        assert!(matches!(stale, Err(ConfirmError::Invalid)), "{stale:?}");
    }
}

#[tokio::test]
async fn a_used_reset_is_reported_as_done() {
    for world in worlds().await {
        let messages = world.messages();
        world.account(ADA).await;
        let link = reset_link(&messages).await;
        messages.recovery.confirm_reset(&link, &new_password()).await.unwrap();
        let again = messages.recovery.confirm_reset(&link, &password(PASSWORD)).await;
        assert!(matches!(again, Err(ConfirmError::AlreadyDone)), "{again:?}");
        assert!(signs_in(&world, ADA, NEW).await);
    }
}

#[tokio::test]
async fn links_expire_by_their_purpose() {
    for world in worlds().await {
        let messages = world.messages();
        let ada = world.account(ADA).await;
        let recovery = &messages.recovery;
        let (verify, change) = (verify_link(&messages).await, change_link(&messages, &ada).await);
        let (early, late) = (reset_link(&messages).await, reset_link(&messages).await);
        let lifetimes: Vec<_> = messages.sent().await.iter().map(|one| one.expires_in).collect();
        assert_eq!(lifetimes.iter().max(), Some(&(24 * HOUR)));
        world.clock.advance(HOUR - MS);
        recovery.tokens.find(&digest(&early), Purpose::Reset, world.now()).await.unwrap().unwrap();
        world.clock.advance(MS);
        let expired = recovery.confirm_reset(&late, &new_password()).await;
        assert!(matches!(expired, Err(ConfirmError::Invalid)), "{expired:?}");
        world.clock.advance(23 * HOUR - MS);
        recovery.confirm_verification(&verify).await.unwrap();
        world.clock.advance(MS);
        let expired = recovery.confirm_change(&change).await;
        assert!(matches!(expired, Err(ConfirmError::Invalid)), "{expired:?}");
    }
}

fn digest(link: &str) -> crate::model::OneTimeDigest {
    OneTimeToken::parse(link).unwrap().digest()
}

#[tokio::test]
async fn configured_lifetimes_replace_the_defaults() {
    let world = worlds().await.remove(0);
    let set = |config: RecoveryConfig| config.verify_lifetime(2 * HOUR).reset_lifetime(3 * HOUR);
    let messages = world.messages_with(set);
    world.account(ADA).await;
    verify_link(&messages).await;
    reset_link(&messages).await;
    let sent = messages.sent().await;
    assert_eq!(sent.iter().map(|one| one.expires_in).collect::<Vec<_>>(), [2 * HOUR, 3 * HOUR]);
}

#[tokio::test]
async fn links_go_to_active_accounts_that_need_them() {
    for world in worlds().await {
        let messages = world.messages();
        let recovery = &messages.recovery;
        let unknown = address("eve@example.com");
        recovery.start_reset(unknown.clone().into(), None);
        recovery.start_verification(unknown.into(), None);
        assert!(messages.sent().await.is_empty());
        let ada = world.account(ADA).await;
        let link = verify_link(&messages).await;
        recovery.confirm_verification(&link).await.unwrap();
        recovery.start_verification(address(ADA).into(), None);
        assert_eq!(messages.count(MessageKind::VerifyEmail, ADA).await, 1, "it is verified");
        reset_link(&messages).await;
        world.accounts.set_active(&ada.user.id, false, world.now()).await.unwrap();
        recovery.start_reset(address(ADA).into(), None);
        assert_eq!(messages.count(MessageKind::ResetPassword, ADA).await, 1, "it is disabled");
    }
}

#[tokio::test]
async fn an_address_changes_by_its_owner_with_the_password_only() {
    for world in worlds().await {
        let messages = world.messages();
        let ada = world.account(ADA).await;
        world.account("eve@example.com").await;
        let owner = Principal::application(&ada);
        let program = Principal::new(ada.clone()).in_role(Role::Program);
        let refused = start_change(&messages, &program, PASSWORD, COUNTESS).await;
        assert!(matches!(refused, Err(ChangeError::NotOwner)), "{refused:?}");
        let refused = start_change(&messages, &owner, PASSWORD, ADA).await;
        assert!(matches!(refused, Err(ChangeError::SameAddress)), "{refused:?}");
        let refused = start_change(&messages, &owner, "wrong", COUNTESS).await;
        assert!(matches!(refused, Err(ChangeError::WrongPassword)), "{refused:?}");
        assert!(messages.sent().await.is_empty());
        // A taken address gets no link, and the owner the same notice.
        start_change(&messages, &owner, PASSWORD, "eve@example.com").await.unwrap();
        assert_eq!(messages.count(MessageKind::EmailChangeRequested, ADA).await, 1);
        assert_eq!(messages.sent().await.len(), 1);

        let link = change_link(&messages, &ada).await;
        assert_eq!(messages.count(MessageKind::EmailChangeRequested, ADA).await, 2);
        messages.recovery.confirm_change(&link).await.unwrap();
        assert_eq!(messages.count(MessageKind::EmailChanged, ADA).await, 1);
        assert!(
            signs_in(&world, COUNTESS, PASSWORD).await && !signs_in(&world, ADA, PASSWORD).await
        );
    }
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_can_still_be_moved_to_once_it_is_free() {
    for world in worlds().await {
        let messages = world.messages();
        let ada = world.account(ADA).await;
        let link = change_link(&messages, &ada).await;
        let other = world.account(COUNTESS).await;
        let taken = messages.recovery.confirm_change(&link).await;
        assert!(matches!(taken, Err(ConfirmError::AddressTaken)), "{taken:?}");
        world.accounts.delete(&other.user.id).await.unwrap();
        messages.recovery.confirm_change(&link).await.unwrap();
    }
}

#[tokio::test]
async fn a_new_account_is_asked_to_verify_its_address() {
    for world in worlds().await {
        let messages = world.messages();
        let added = messages.sign_up(ADA).await.unwrap();
        let Registered::Added(id) = added else { panic!("{added:?}") };
        let link = messages.token(MessageKind::VerifyEmail).await.unwrap();
        messages.recovery.confirm_verification(&link).await.unwrap();
        assert!(world.accounts.by_id(&id).await.unwrap().unwrap().is_verified());
        let taken = messages.sign_up(ADA).await.unwrap();
        assert_eq!(taken, Registered::AddressTaken);
        assert_eq!(messages.count(MessageKind::ExistingAccount, ADA).await, 1);
        assert_eq!(messages.count(MessageKind::VerifyEmail, ADA).await, 1);
    }
}

#[tokio::test]
async fn a_change_of_password_voids_every_link_but_a_verification() {
    for world in worlds().await {
        let messages = world.messages();
        let ada = world.account(ADA).await;
        let recovery = &messages.recovery;
        let (verify, reset) = (verify_link(&messages).await, reset_link(&messages).await);
        let change = change_link(&messages, &ada).await;
        world.change_password(&ada).await;
        let stale = recovery.confirm_reset(&reset, &new_password()).await;
        assert!(matches!(stale, Err(ConfirmError::Invalid)), "{stale:?}");
        let stale = recovery.confirm_change(&change).await;
        assert!(matches!(stale, Err(ConfirmError::Invalid)), "{stale:?}");
        recovery.confirm_verification(&verify).await.unwrap();
    }
}

#[tokio::test]
async fn an_account_that_ends_or_moves_before_its_link_is_stored_gets_none() {
    for world in worlds().await {
        for (at, change) in ["deleted", "replaced", "disabled", "moved"].into_iter().enumerate() {
            let ada = format!("ada{at}@example.com");
            let (id, name) = (world.account(&ada).await.user.id, ada.clone());
            let stores = world.clone();
            let late = Hooked::before(&world.one_time_tokens, "issue", move || {
                let (stores, name) = (stores.clone(), name.clone());
                async move { end(&stores, id, &name, change).await }
            });
            let messages = World { one_time_tokens: late, ..world.clone() }.messages();
            messages.recovery.start_reset(address(&ada).into(), None);
            assert_eq!(messages.sent().await.len(), 0, "{change}");
        }
        world.clock.advance(2 * HOUR);
        assert_eq!(world.purge().await, 0, "no row has the address");
    }
}

/// Deletes, replaces, disables or moves an account.
async fn end(stores: &World, id: i64, email: &str, change: &str) {
    let now = stores.now();
    if change == "disabled" {
        stores.accounts.set_active(&id, false, now).await.unwrap();
    } else if change == "moved" {
        let new = address(COUNTESS).into();
        stores.one_time_tokens.set_contact(&id, &new, now).await.unwrap();
    } else {
        stores.accounts.delete(&id).await.unwrap();
    }
    if change == "replaced" {
        // SQLite may give it the same key.
        stores.account(email).await;
    }
}
