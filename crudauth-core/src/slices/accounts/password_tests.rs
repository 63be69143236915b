//! Changing and setting passwords, and which credentials may do so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::{Account, Checked, PasswordHash};
use crate::password::Verdict;
use crate::principal::{Principal, Role};
use crate::slices::api_keys::NewApiKey;
use crate::slices::bearer::AccessToken;
use crate::slices::sessions::OpenedSession;
use crate::testing_world::{Hooked, PASSWORD, Person, Slices, World, password, worlds};

const NEW: &str = "a much better passphrase";

async fn change(
    slices: &Slices,
    caller: &Principal<Person>,
) -> Result<Account<Person>, PasswordError> {
    slices.passwords.change(caller, &password(PASSWORD), &password(NEW)).await
}

/// Whether the stored password of the account is this one.
async fn has_password(world: &World, account: &Account<Person>, text: &str) -> bool {
    let hash = world.accounts.with_hash(&account.user.id).await.unwrap().unwrap().1;
    let pool = world.slices().kit.hashing;
    pool.verify(&password(text), Some(&hash)).await.unwrap() != Verdict::Wrong
}

async fn is_valid(slices: &Slices, opened: &OpenedSession) -> bool {
    slices.sessions.authenticate(&opened.token).await.unwrap().is_some()
}

async fn is_valid_token(slices: &Slices, access: &AccessToken) -> bool {
    let checked = slices.tokens.authenticate(access.expose()).await.unwrap();
    matches!(checked, Checked::Valid(_))
}

#[tokio::test]
async fn a_change_of_password_keeps_the_callers_session_and_revokes_the_rest() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (current, caller) = slices.open_session(&ada).await;
        let other = slices.open_session(&ada).await.0;
        let tokens = slices.issue_tokens(&ada).await.0;
        let new = NewApiKey::named("ci");
        let key = slices.api_keys.create(&caller, &new).await.unwrap();
        let changed = change(&slices, &caller).await.unwrap();
        assert_eq!(changed.state(), world.reloaded(&ada).await.state());
        assert!(has_password(&world, &ada, NEW).await);
        assert!(is_valid(&slices, &current).await);
        assert!(!is_valid(&slices, &other).await);
        assert!(!is_valid_token(&slices, &tokens.access).await);
        let checked = slices.api_keys.authenticate(key.secret.expose()).await.unwrap();
        assert!(matches!(checked, Checked::Expired), "{checked:?}");
        let listed = slices.sessions.list(&Principal::application(&changed)).await.unwrap();
        assert_eq!(listed.len(), 1);
    }
}

#[tokio::test]
async fn a_change_by_a_token_revokes_every_credential() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let session = slices.open_session(&ada).await.0;
        let (tokens, caller) = slices.issue_tokens(&ada).await;
        change(&slices, &caller).await.unwrap();
        assert!(has_password(&world, &ada, NEW).await);
        assert!(!is_valid_token(&slices, &tokens.access).await);
        assert!(!is_valid(&slices, &session).await);
    }
}

#[tokio::test]
async fn a_wrong_password_or_a_program_changes_nothing() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (current, caller) = slices.open_session(&ada).await;
        let wrong = slices.passwords.change(&caller, &password("wrong"), &password(NEW)).await;
        assert!(matches!(wrong, Err(PasswordError::WrongPassword)), "{wrong:?}");
        let weak = slices.passwords.change(&caller, &password(PASSWORD), &password("short")).await;
        assert!(matches!(weak, Err(PasswordError::Invalid(_))), "{weak:?}");
        let program = Principal::new(ada.clone()).in_role(Role::Program);
        let refused = change(&slices, &program).await;
        assert!(matches!(refused, Err(PasswordError::NotOwner)), "{refused:?}");
        assert!(has_password(&world, &ada, PASSWORD).await);
        assert!(is_valid(&slices, &current).await);
    }
}

#[tokio::test]
async fn a_credential_that_was_revoked_before_changes_no_password() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let session = slices.open_session(&ada).await.1;
        let bearer = slices.issue_tokens(&ada).await.1;
        slices.sessions.sign_out(&session).await.unwrap();
        slices.tokens.sign_out(&bearer).await.unwrap();
        for caller in [&session, &bearer] {
            let refused = change(&slices, caller).await;
            assert!(matches!(refused, Err(PasswordError::Ended)), "{refused:?}");
        }
        assert!(has_password(&world, &ada, PASSWORD).await);
    }
}

#[tokio::test]
async fn a_credential_that_is_revoked_during_the_verification_changes_no_password() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let outer = Arc::new(world.slices());
        let session = outer.open_session(&ada).await.1;
        let bearer = outer.issue_tokens(&ada).await.1;
        for caller in [session, bearer] {
            let revoking = Arc::clone(&outer);
            let revoked = caller.clone();
            let accounts = Hooked::before(&world.accounts, "with_hash", move || {
                let slices = Arc::clone(&revoking);
                let caller = revoked.clone();
                async move {
                    slices.sessions.sign_out(&caller).await.unwrap();
                    slices.tokens.sign_out(&caller).await.unwrap();
                }
            });
            let slices = World { accounts, ..world.clone() }.slices();
            let refused = change(&slices, &caller).await;
            assert!(matches!(refused, Err(PasswordError::Ended)), "{refused:?}");
        }
        assert!(has_password(&world, &ada, PASSWORD).await);
    }
}

#[tokio::test]
async fn a_session_of_an_earlier_password_changes_no_password() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let first = slices.open_session(&ada).await.1;
        let second = slices.open_session(&ada).await.1;
        change(&slices, &first).await.unwrap();
        let newer = password("one more new one");
        let late = slices.passwords.change(&second, &password(NEW), &newer).await;
        assert!(matches!(late, Err(PasswordError::WrongPassword)), "{late:?}");
        assert!(has_password(&world, &ada, NEW).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_changes_one_succeeds() {
    for world in worlds().await {
        let slices = Arc::new(world.slices());
        let ada = world.account("ada@example.com").await;
        let caller = slices.open_session(&ada).await.1;
        let mut tasks = Vec::new();
        for _ in 0..16 {
            let slices = Arc::clone(&slices);
            let caller = caller.clone();
            tasks.push(tokio::spawn(async move { change(&slices, &caller).await.is_ok() }));
        }
        let mut successes = 0;
        for task in tasks {
            successes += u32::from(task.await.unwrap());
        }
        assert_eq!(successes, 1);
        assert_eq!(world.reloaded(&ada).await.state().version, 1);
    }
}

#[tokio::test]
async fn a_change_succeeds_even_if_the_callers_session_cannot_be_kept() {
    for world in worlds().await {
        let sessions = Hooked::failing(&world.sessions, "rebind");
        let slices = World { sessions, ..world.clone() }.slices();
        let ada = world.account("ada@example.com").await;
        let (current, caller) = slices.open_session(&ada).await;
        change(&slices, &caller).await.unwrap();
        assert!(has_password(&world, &ada, NEW).await);
        assert!(!is_valid(&slices, &current).await);
    }
}

#[tokio::test]
async fn a_session_that_ends_during_the_change_is_not_restored() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let inner = world.slices();
        let (current, caller) = inner.open_session(&ada).await;
        let digest = current.token.digest();
        let store = Arc::clone(&world.sessions);
        let sessions = Hooked::before(&world.sessions, "rebind", move || {
            let store = Arc::clone(&store);
            async move {
                store.remove(&digest).await.unwrap();
            }
        });
        let slices = World { sessions, ..world.clone() }.slices();
        change(&slices, &caller).await.unwrap();
        assert!(!is_valid(&slices, &current).await);
    }
}

#[tokio::test]
async fn only_a_recent_session_sets_a_first_password() {
    for world in worlds().await {
        let slices = world.slices();
        let none = PasswordHash::new("!".to_owned());
        let ada = world.account_with_hash("ada@example.com", none).await;
        let (current, session) = slices.open_session(&ada).await;
        let other = slices.open_session(&ada).await.0;
        let bearer = slices.issue_tokens(&ada).await.1;
        let program = Principal::new(ada.clone()).in_role(Role::Program);
        for caller in [&bearer, &Principal::application(&ada)] {
            let refused = slices.passwords.set(caller, &password(NEW)).await;
            assert!(matches!(refused, Err(PasswordError::NotFresh(_))), "{refused:?}");
        }
        let refused = slices.passwords.set(&program, &password(NEW)).await;
        assert!(matches!(refused, Err(PasswordError::NotOwner)), "{refused:?}");
        world.clock.advance(Duration::from_mins(10) + Duration::from_millis(1));
        let refused = slices.passwords.set(&session, &password(NEW)).await;
        assert!(matches!(refused, Err(PasswordError::NotFresh(_))), "{refused:?}");
        let recent = slices.open_session(&ada).await.1;
        slices.passwords.set(&recent, &password(NEW)).await.unwrap();
        assert!(has_password(&world, &ada, NEW).await);
        for opened in [&current, &other] {
            assert!(!is_valid(&slices, opened).await);
        }
        let again = world.reloaded(&ada).await;
        let again = slices.open_session(&again).await.1;
        let refused = slices.passwords.set(&again, &password("one more new one")).await;
        assert!(matches!(refused, Err(PasswordError::HasPassword)), "{refused:?}");
    }
}
