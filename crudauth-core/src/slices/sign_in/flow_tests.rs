//! Signing in by password, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use super::*;
use crate::guard::store::RateLimit;
use crate::guard::{LockoutConfig, Network, RateLimits};
use crate::model::Checked;
use crate::principal::Principal;
use crate::slices::bearer::BearerConfig;
use crate::testing_world::{
    Hooked, PASSWORD, Person, QUEUED, Settings, Slices, World, password, worlds,
};

const ADA: &str = "ada@example.com";

fn slices(world: &World) -> Slices {
    world.slices_with(Settings {
        bearer: BearerConfig::default().grantable_scopes(Scopes::parse("read write")),
        lockout: LockoutConfig::default().max_failures(2),
        ..Settings::default()
    })
}

fn request(text: &str) -> SignInRequest {
    SignInRequest::new(ADA, password(text))
}

async fn sign_in(slices: &Slices, text: &str) -> Result<SignedIn<Person>, SignInError> {
    let done = slices.sign_in.sign_in(request(text)).await?;
    Ok(done.done().unwrap())
}

async fn issue_tokens(slices: &Slices, text: &str) -> Result<TokensIssued<Person>, SignInError> {
    let requested = slices.tokens.requested_scopes(Some("write"));
    let done = slices.sign_in.issue_tokens(request(text), requested).await?;
    Ok(done.done().unwrap())
}

async fn count_sessions(world: &World, account: &Account<Person>) -> usize {
    world.sessions.list(account.user.id(), world.now()).await.unwrap().len()
}

#[tokio::test]
async fn a_right_password_opens_a_session_of_its_account() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account(ADA).await;
        let signed_in = sign_in(&slices, PASSWORD).await.unwrap();
        assert_eq!(signed_in.account.user.id(), ada.user.id());
        let token = &signed_in.session.token;
        let principal = slices.sessions.authenticate(token).await.unwrap().unwrap();
        assert_eq!(principal.user().id(), ada.user.id());
        assert!(!format!("{signed_in:?}").contains(token.expose()));
    }
}

#[tokio::test]
async fn a_right_password_gets_tokens_with_the_requested_scopes() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account(ADA).await;
        let done = issue_tokens(&slices, PASSWORD).await.unwrap();
        let access = done.issued.access.expose();
        let checked = slices.tokens.authenticate(access).await.unwrap();
        let Checked::Valid(principal) = checked else { panic!("{checked:?}") };
        assert_eq!(principal.user().id(), ada.user.id());
        assert_eq!(principal.scopes().to_string(), "write");
        assert!(!format!("{done:?}").contains(access));
    }
}

#[tokio::test]
async fn tokens_and_sessions_share_one_lockout() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account(ADA).await;
        let refused = issue_tokens(&slices, "wrong").await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        let refused = sign_in(&slices, "wrong").await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        let locked = issue_tokens(&slices, PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
        let locked = sign_in(&slices, PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
        assert!(slices.tokens.list(&Principal::application(&ada)).await.unwrap().is_empty());
        assert_eq!(count_sessions(&world, &ada).await, 0);
    }
}

#[tokio::test]
async fn an_unknown_and_a_disabled_account_are_refused_like_a_wrong_password() {
    for world in worlds().await {
        let slices = slices(&world);
        let unknown = sign_in(&slices, PASSWORD).await;
        assert!(matches!(unknown, Err(SignInError::Refused)), "{unknown:?}");
        let ada = world.account(ADA).await;
        world.accounts.set_active(ada.user.id(), false, world.now()).await.unwrap();
        let disabled = issue_tokens(&slices, PASSWORD).await;
        assert!(matches!(disabled, Err(SignInError::Refused)), "{disabled:?}");
        let locked = sign_in(&slices, PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
    }
}

#[tokio::test]
async fn a_right_password_is_refused_if_parallel_guesses_used_up_the_failures() {
    for world in worlds().await {
        let ada = world.account(ADA).await;
        let inner = world.clone();
        // The guesses fail between the verification of the right password and its admission.
        let counters = Hooked::before(&world.counters, "admit", move || {
            let guessing = slices(&inner);
            async move {
                for _ in 0..2 {
                    sign_in(&guessing, "wrong").await.unwrap_err();
                }
            }
        });
        let slices = slices(&World { counters, ..world.clone() });
        let locked = sign_in(&slices, PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
        let locked = issue_tokens(&slices, PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
        assert_eq!(count_sessions(&world, &ada).await, 0);
        assert!(world.families.list(&ada, world.now()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_counter_store_that_fails_signs_no_client_in() {
    for world in worlds().await {
        let ada = world.account(ADA).await;
        for verb in ["admit", "record_failure"] {
            let counters = Hooked::failing(&world.counters, verb);
            let slices = slices(&World { counters, ..world.clone() });
            let text = if verb == "admit" { PASSWORD } else { "wrong" };
            let failed = sign_in(&slices, text).await;
            assert!(matches!(failed, Err(SignInError::Store(_))), "{failed:?}");
        }
        assert_eq!(count_sessions(&world, &ada).await, 0);
    }
}

#[tokio::test]
async fn a_password_that_changes_during_a_sign_in_leaves_its_credentials_invalid() {
    for world in worlds().await {
        let ada = world.account(ADA).await;
        let inner = world.clone();
        let change = move || {
            let inner = inner.clone();
            let ada = ada.clone();
            async move {
                let ada = inner.reloaded(&ada).await;
                inner.change_password(&ada).await;
            }
        };
        let sessions = Hooked::before(&world.sessions, "insert", change);
        let slices = slices(&World { sessions, ..world.clone() });
        let signed_in = sign_in(&slices, PASSWORD).await.unwrap();
        let token = &signed_in.session.token;
        assert!(slices.sessions.authenticate(token).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_sign_in_revokes_the_sessions_that_the_client_had() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account(ADA).await;
        let eve = world.account("eve@example.com").await;
        let of_ada = slices.open_session(&ada).await.0;
        let of_eve = slices.open_session(&eve).await.0;
        let other = slices.open_session(&eve).await.0;
        let mut request = request(PASSWORD);
        request.replaces = vec![of_ada.token.clone(), of_eve.token.clone()];
        slices.sign_in.sign_in(request).await.unwrap();
        for replaced in [&of_ada, &of_eve] {
            assert!(slices.sessions.authenticate(&replaced.token).await.unwrap().is_none());
        }
        assert!(slices.sessions.authenticate(&other.token).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_sign_in_that_cannot_revoke_the_former_session_opens_none() {
    for world in worlds().await {
        let ada = world.account(ADA).await;
        let sessions = Hooked::failing_once(&world.sessions, "remove");
        let slices = slices(&World { sessions, ..world.clone() });
        let former = slices.open_session(&ada).await.0;
        let mut request = request(PASSWORD);
        request.replaces = vec![former.token.clone()];
        let failed = slices.sign_in.sign_in(request).await;
        assert!(matches!(failed, Err(SignInError::Store(_))), "{failed:?}");
        assert_eq!(count_sessions(&world, &ada).await, 1);
        assert!(slices.sessions.authenticate(&former.token).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_account_proved_by_another_slice_enters_unless_it_is_disabled() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account(ADA).await;
        // A lock of passwords does not lock out other proofs.
        for _ in 0..3 {
            sign_in(&slices, "wrong").await.unwrap_err();
        }
        let client = ClientInfo::new(None, Some("agent".to_owned()));
        let entered =
            slices.sign_in.enter(ada.clone(), client.clone(), &Binding::Program).await.unwrap();
        let entered = entered.done().unwrap();
        assert!(!entered.session.is_remembered);
        let token = &entered.session.token;
        let principal = slices.sessions.authenticate(token).await.unwrap().unwrap();
        assert_eq!(principal.user().id(), ada.user.id());

        world.accounts.set_active(ada.user.id(), false, world.now()).await.unwrap();
        let disabled = world.reloaded(&ada).await;
        let refused = slices.sign_in.enter(disabled, client, &Binding::Program).await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        assert!(slices.sessions.authenticate(token).await.unwrap().is_none());
    }
}

/// The work before the answer differs by a row that was found or not, so the answer waits for a
/// moment that began before.
#[tokio::test]
async fn a_refusal_waits_for_a_fixed_moment() {
    for world in worlds().await {
        let slices = slices(&world);
        world.account(ADA).await;
        for _ in 0..3 {
            for name in [ADA, "eve@example.com"] {
                let begun = std::time::Instant::now();
                let request = SignInRequest::new(name, password("wrong"));
                slices.sign_in.sign_in(request).await.unwrap_err();
                assert!(begun.elapsed() >= verify::QUANTUM);
            }
        }
        for name in [ADA, "eve@example.com"] {
            let begun = std::time::Instant::now();
            let locked = slices.sign_in.sign_in(SignInRequest::new(name, password(PASSWORD))).await;
            assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
            assert!(begun.elapsed() >= verify::QUANTUM, "locked: {name}");
        }
        let places = slices.kit.hashing.fill();
        for name in ["sam@example.com", "kim@example.com"] {
            let begun = std::time::Instant::now();
            let busy = slices.sign_in.sign_in(SignInRequest::new(name, password(PASSWORD))).await;
            assert!(matches!(busy, Err(SignInError::Busy(_))), "{busy:?}");
            assert!(begun.elapsed() >= verify::QUANTUM, "queue full: {name}");
        }
        drop(places);
    }
}

#[tokio::test]
async fn an_account_that_signs_in_too_often_is_told_to_wait() {
    for world in worlds().await {
        let limit = RateLimit::new(2, Duration::from_mins(1));
        let slices = world.slices_with(Settings {
            limits: Some(RateLimits::off().set(SIGN_IN, limit)),
            ..Settings::default()
        });
        let ada = world.account(ADA).await;
        let from = |address: &str| {
            let mut request = request(PASSWORD);
            let address: std::net::IpAddr = address.parse().unwrap();
            request.client = ClientInfo::new(Some(address.into()), None);
            request
        };
        for _ in 0..2 {
            slices.sign_in.sign_in(from("192.0.2.1")).await.unwrap();
        }
        let refused = slices.sign_in.sign_in(from("192.0.2.1")).await;
        assert!(matches!(refused, Err(SignInError::TooMany { .. })), "{refused:?}");
        assert_eq!(count_sessions(&world, &ada).await, 2);
        // A stranger learns nothing of it, and the owner is let in elsewhere.
        let mut wrong = from("192.0.2.1");
        wrong.password = password("wrong");
        let refused = slices.sign_in.sign_in(wrong).await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        slices.sign_in.sign_in(from("192.0.2.2")).await.unwrap();
        world.clock.advance(Duration::from_mins(1));
        slices.sign_in.sign_in(from("192.0.2.1")).await.unwrap();
    }
}

/// It protects the hashing pool of its process.
#[tokio::test]
async fn each_process_limits_the_sign_ins_of_an_account_by_itself() {
    for world in worlds().await {
        let limit = RateLimit::new(2, Duration::from_mins(1));
        world.account(ADA).await;
        for _ in 0..2 {
            let process = world.slices_with(Settings {
                limits: Some(RateLimits::off().set(SIGN_IN, limit)),
                ..Settings::default()
            });
            for _ in 0..2 {
                sign_in(&process, PASSWORD).await.unwrap();
            }
            let refused = sign_in(&process, PASSWORD).await;
            assert!(matches!(refused, Err(SignInError::TooMany { .. })), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn neither_an_account_nor_a_network_fills_the_hashing_queue() {
    let world = worlds().await.remove(0);
    let slices = world.slices();
    let ada = world.account(ADA).await;
    let lockout = &slices.kit.lockout;
    let client = |address: &str| {
        let address: std::net::IpAddr = address.parse().unwrap();
        Some(crate::model::ClientAddress::from(address))
    };
    let from = |address: &str| Network::of(client(address), false);
    let hold_all = |attempt: &dyn Fn(usize) -> crate::guard::SignInAttempt| {
        let taken = (0..1000).map(|at| slices.kit.hashing.reserve(attempt(at).holders()));
        taken.take_while(Result::is_ok).collect::<Vec<_>>()
    };
    let of_eve = |address: &str| lockout.attempt::<Person>("eve", None, from(address));
    // One network with many names, and one account from many networks.
    let network =
        hold_all(&|at| lockout.attempt::<Person>(&format!("name{at}"), None, from("192.0.2.1")));
    let account =
        hold_all(&|at| lockout.attempt(ADA, Some(&ada), from(&format!("198.51.100.{at}"))));
    for held in [&network, &account] {
        assert!((QUEUED / 4..QUEUED / 3).contains(&held.len()), "{}", held.len());
    }
    assert!(slices.kit.hashing.reserve(of_eve("192.0.2.1").holders()).is_err());
    assert!(slices.kit.hashing.reserve(of_eve("192.0.2.2").holders()).is_ok());
    // A known device of the owner is not kept waiting by strangers.
    let device = crate::guard::KnownDevice { name: "0".repeat(32) };
    let known = lockout.attempt_from_device(&ada, &device, client("192.0.2.1"));
    assert!(slices.kit.hashing.reserve(known.holders()).is_ok());
    drop((network, account));
    assert!(slices.kit.hashing.reserve(of_eve("192.0.2.1").holders()).is_ok());
}

#[tokio::test]
async fn a_sign_in_beyond_its_share_of_the_queue_is_refused_as_busy() {
    let world = worlds().await.remove(0);
    let slices = world.slices();
    let ada = world.account(ADA).await;
    let attempt = slices.kit.lockout.attempt(ADA, Some(&ada), Network::of(None, false));
    let mut held = Vec::new();
    while let Ok(places) = slices.kit.hashing.reserve(attempt.holders()) {
        held.push(places);
    }
    let busy = sign_in(&slices, PASSWORD).await;
    assert!(matches!(busy, Err(SignInError::Busy(_))), "{busy:?}");
    held.pop();
    sign_in(&slices, PASSWORD).await.unwrap();
    sign_in(&slices, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_device_that_signed_in_before_is_not_locked_out_by_strangers() {
    for world in worlds().await {
        let slices = slices(&world);
        world.account(ADA).await;
        let device = sign_in(&slices, PASSWORD).await.unwrap().device;
        for _ in 0..3 {
            sign_in(&slices, "wrong").await.unwrap_err();
        }
        let locked = sign_in(&slices, PASSWORD).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
        let mut known = request(PASSWORD);
        known.devices = vec![device];
        slices.sign_in.sign_in(known).await.unwrap();
    }
}
