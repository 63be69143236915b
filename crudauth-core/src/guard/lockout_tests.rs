//! The lockout over the counters of every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

#[path = "lockout_process_tests.rs"]
mod process;
#[path = "lockout_success_tests.rs"]
mod success;

use std::net::IpAddr;

use super::*;
use crate::slices::sign_in::{SignInError, SignInRequest};
use crate::testing_world::{
    Hooked, PASSWORD, Person, SECRET, Settings, Slices, World, password, worlds,
};

const ADA: &str = "ada@example.com";
const MAX_FAILURES: u32 = 5;

fn lockout(world: &World) -> Lockout {
    let config = LockoutConfig::default().max_failures(MAX_FAILURES);
    Lockout::new(Arc::clone(&world.counters), world.keys.clone(), config)
}

fn client(address: &str) -> Option<ClientAddress> {
    let address: IpAddr = address.parse().unwrap();
    Some(ClientAddress::from(address))
}

fn network(address: &str) -> Network {
    Network::of(client(address), false)
}

/// An attempt on ada's account from this address.
fn hers(lockout: &Lockout, ada: &Account<Person>, address: &str) -> SignInAttempt {
    lockout.attempt(ADA, Some(ada), network(address))
}

/// An attempt by this text from this address, without an account.
fn unknown(lockout: &Lockout, typed: &str, address: &str) -> SignInAttempt {
    lockout.attempt::<Person>(typed, None, network(address))
}

async fn fail(lockout: &Lockout, attempt: &SignInAttempt, times: u32, world: &World) {
    for _ in 0..times {
        assert_eq!(lockout.record_failure(attempt, world.now()).await.unwrap(), None);
    }
}

/// Whether the counters admit an attempt, without a success that takes anything back.
async fn admits(lockout: &Lockout, attempt: &SignInAttempt, world: &World) -> bool {
    let checked = attempt.checked.clone();
    let counters = AttemptCounters { checked, ..AttemptCounters::default() };
    lockout.counters.admit(&counters, world.now()).await.unwrap()
}

async fn succeed(
    lockout: &Lockout,
    attempt: &SignInAttempt,
    ada: &Account<Person>,
    world: &World,
) -> bool {
    lockout.admit(attempt, ada, world.now()).await.unwrap()
}

async fn sign_in(slices: &Slices, text: &str) -> Result<(), SignInError> {
    let request = SignInRequest::new(ADA, password(text));
    slices.sign_in.sign_in(request).await.map(drop)
}

#[tokio::test]
async fn failures_count_by_text_and_by_network() {
    for world in worlds().await {
        let lockout = lockout(&world);
        fail(&lockout, &unknown(&lockout, "eve", "192.0.2.1"), MAX_FAILURES, &world).await;
        assert!(!admits(&lockout, &unknown(&lockout, "EVE", "192.0.2.2"), &world).await);
        assert!(!admits(&lockout, &unknown(&lockout, "sam", "192.0.2.1"), &world).await);
        assert!(admits(&lockout, &unknown(&lockout, "sam", "192.0.2.2"), &world).await);
    }
}

#[tokio::test]
async fn clients_without_an_address_do_not_lock_each_other_out() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let eve = lockout.attempt::<Person>("eve", None, Network::of(None, false));
        fail(&lockout, &eve, MAX_FAILURES, &world).await;
        assert!(!admits(&lockout, &eve, &world).await);
        let sam = lockout.attempt::<Person>("sam", None, Network::of(None, false));
        assert!(admits(&lockout, &sam, &world).await);
    }
}

#[tokio::test]
async fn requests_from_other_sites_do_not_lock_the_network_out() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let address = client("192.0.2.1");
        let cross_site = lockout.attempt::<Person>("eve", None, Network::of(address, true));
        fail(&lockout, &cross_site, MAX_FAILURES, &world).await;
        assert!(admits(&lockout, &unknown(&lockout, "sam", "192.0.2.1"), &world).await);
        let other = lockout.attempt::<Person>("sam", None, Network::of(address, true));
        assert!(!admits(&lockout, &other, &world).await);
    }
}

#[tokio::test]
async fn by_default_a_hundred_paced_guesses_lock_unknown_devices_out() {
    for world in worlds().await {
        let config = LockoutConfig::default();
        let lockout = Lockout::new(Arc::clone(&world.counters), world.keys.clone(), config);
        let at = |round| unknown(&lockout, "eve", &format!("192.0.2.{round}"));
        // Four a minute stay below the lock of five.
        for round in 0..25 {
            assert!(admits(&lockout, &at(round), &world).await, "{} were wrong", 4 * round);
            fail(&lockout, &at(round), 4, &world).await;
            world.clock.advance(Duration::from_mins(1));
        }
        assert!(!admits(&lockout, &at(99), &world).await);
        world.clock.advance(Duration::from_hours(29 * 24));
        assert!(!admits(&lockout, &at(99), &world).await);
    }
}

#[tokio::test]
async fn paced_guesses_lock_unknown_devices_out_and_no_known_one() {
    for world in worlds().await {
        let month = Duration::from_hours(30 * 24);
        let config = LockoutConfig::default().max_consecutive(12);
        let lockout = Lockout::new(Arc::clone(&world.counters), world.keys.clone(), config);
        let ada = world.account(ADA).await;
        let name = "0".repeat(32);
        let device = lockout.attempt_from_device(&ada, &KnownDevice { name }, None);
        let at = |number: u32| format!("192.0.2.{number}");
        for attempt in [&|number| hers(&lockout, &ada, &at(number)), &|number| {
            unknown(&lockout, "eve", &at(number))
        }] as [&dyn Fn(u32) -> SignInAttempt; 2]
        {
            for round in 0..4 {
                fail(&lockout, &attempt(round), 3, &world).await;
                world.clock.advance(Duration::from_mins(1));
            }
            assert!(!admits(&lockout, &attempt(9), &world).await, "twelve were wrong");
            let lock = lockout.record_failure(&attempt(9), world.now()).await.unwrap();
            assert_eq!(lock, Some(month));
            world.clock.advance(Duration::from_hours(1));
            assert!(!admits(&lockout, &attempt(10), &world).await);
        }
        // The owner's device is let in, and lifts the lock.
        assert!(succeed(&lockout, &device, &ada, &world).await);
        assert!(admits(&lockout, &hers(&lockout, &ada, &at(10)), &world).await);
        assert!(!admits(&lockout, &unknown(&lockout, "eve", &at(10)), &world).await);
        world.clock.advance(month);
        assert!(admits(&lockout, &unknown(&lockout, "eve", &at(10)), &world).await);
    }
}

#[tokio::test]
async fn an_office_has_a_limit_of_its_own() {
    for world in worlds().await {
        let config = LockoutConfig::default().max_network_failures(20);
        let lockout = Lockout::new(Arc::clone(&world.counters), world.keys.clone(), config);
        let office = "192.0.2.1";
        for person in 0..10 {
            fail(&lockout, &unknown(&lockout, &format!("name{person}"), office), 2, &world).await;
        }
        assert!(!admits(&lockout, &unknown(&lockout, "sam", office), &world).await);
        assert!(admits(&lockout, &unknown(&lockout, "sam", "192.0.2.2"), &world).await);
        let config = LockoutConfig::default().max_network_failures(21);
        let larger = Lockout::new(Arc::clone(&world.counters), world.keys.clone(), config);
        assert!(admits(&larger, &unknown(&larger, "sam", office), &world).await);
        // The limit of an account is the same behind every network.
        fail(&larger, &unknown(&larger, "kim", "192.0.2.3"), MAX_FAILURES, &world).await;
        assert!(!admits(&larger, &unknown(&larger, "kim", "192.0.2.4"), &world).await);
    }
}

#[tokio::test]
async fn an_account_with_a_reused_key_has_counters_of_its_own() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let ada = world.account(ADA).await;
        let mut successor = ada.clone();
        successor.state.security_stamp += 1;
        assert_eq!(ada.user.id(), successor.user.id());
        let of = |account, text| lockout.attempt(text, Some(account), network("192.0.2.1"));
        let name = "0".repeat(32);
        let on_device = |account| {
            lockout.attempt_from_device(account, &KnownDevice { name: name.clone() }, None)
        };
        let by_account = |attempt: SignInAttempt| {
            let names = attempt.checked.into_iter().chain(attempt.own).map(|(name, _)| name);
            names.chain(attempt.cleared).collect::<Vec<_>>()
        };
        // They share the counter of their network and nothing else.
        let before = by_account(of(&ada, "ada@example.com"));
        let after = by_account(of(&successor, "another@example.com"));
        assert_eq!(before.iter().filter(|name| after.contains(name)).count(), 1);
        let before = by_account(on_device(&ada));
        let after = by_account(on_device(&successor));
        assert!(before.iter().all(|name| !after.contains(name)));
    }
}

#[tokio::test]
async fn a_known_device_is_counted_apart() {
    for world in worlds().await {
        let lockout = lockout(&world);
        let ada = world.account(ADA).await;
        let stranger = hers(&lockout, &ada, "192.0.2.1");
        let name = "0".repeat(32);
        let device = lockout.attempt_from_device(&ada, &KnownDevice { name }, None);
        fail(&lockout, &stranger, MAX_FAILURES, &world).await;
        assert!(admits(&lockout, &device, &world).await);
        assert!(!admits(&lockout, &stranger, &world).await, "a device lifts no other lock");
        fail(&lockout, &device, MAX_FAILURES, &world).await;
        assert!(!admits(&lockout, &device, &world).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_guess_among_parallel_wrong_ones_counts_against_the_limit() {
    for world in worlds().await {
        let settings = Settings {
            lockout: LockoutConfig::default().max_failures(MAX_FAILURES),
            ..Settings::default()
        };
        let slices = Arc::new(world.slices_with(settings));
        let ada = world.account(ADA).await;
        let mut tasks = Vec::new();
        for at in 0..64 {
            let slices = Arc::clone(&slices);
            let text = if at == 40 { PASSWORD } else { "wrong" };
            tasks.push(tokio::spawn(async move { sign_in(&slices, text).await }));
        }
        let mut successes = 0;
        let mut refusals = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => successes += 1,
                Err(SignInError::Refused) => refusals += 1,
                Err(SignInError::LockedOut { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        // A success clears the failures so far, and the count starts again.
        assert!(refusals <= MAX_FAILURES + MAX_FAILURES * successes, "{refusals} refusals");
        let sessions = world.sessions.list(ada.user.id(), world.now()).await.unwrap();
        assert_eq!(u32::try_from(sessions.len()).unwrap(), successes);
    }
}

#[tokio::test]
async fn another_secret_of_the_app_has_other_counters() {
    let world = worlds().await.remove(0);
    let other = world.with_keys(crate::testing_world::OTHER_SECRET, &[SECRET]);
    let before = unknown(&lockout(&world), "eve", "192.0.2.1");
    let after = unknown(&lockout(&other), "eve", "192.0.2.1");
    assert!(
        before.checked.iter().all(|(name, _)| after.checked.iter().all(|(other, _)| name != other))
    );
}

/// Normalizing is what makes reading a text expensive, and the lockout reads it before it refuses.
#[test]
fn a_text_of_any_length_is_bounded_before_it_is_normalized() {
    use crate::model::{Identifier, lookups, normalized_bytes};
    use proptest::prelude::*;

    const KINDS: [IdentifierKind; 4] = [
        IdentifierKind::Email,
        IdentifierKind::Username,
        IdentifierKind::Phone,
        IdentifierKind::Code,
    ];
    // Each character is expensive in its own way: a decomposition of 18 characters, a mark that is
    // sorted, a letter, a blank that is trimmed.
    let text = (
        prop::sample::select(vec![
            "\u{fdfa}",
            "\u{1d16d}",
            "a",
            "\u{327}",
            " ",
            "\u{3000}",
            "@",
            "+1",
        ]),
        prop::sample::select(vec!["", "ada@", "a", " "]),
        0_usize..65_536,
    );
    let most = |work: &dyn Fn()| {
        let before = normalized_bytes();
        work();
        normalized_bytes() - before
    };
    proptest!(|((unit, head, bytes) in text)| {
        let text = format!("{head}{}", unit.repeat(bytes / unit.len()));
        // A few passes over a kilobyte, each of which a decomposition may have made eleven times
        // as long; for a password two passes over four kilobytes.
        let bound = 128 * 1024;
        prop_assert!(most(&|| drop(canonical::<Person>(&text))) <= bound);
        prop_assert!(most(&|| drop(lookups::<Person>(&text))) <= bound);
        for kind in KINDS {
            prop_assert!(most(&|| drop(Identifier::parse(kind, &text))) <= bound, "{kind:?}");
        }
        prop_assert!(most(&|| drop(password_of(&text))) <= 2 * 4096);
    });
}

fn password_of(text: &str) -> Option<crate::password::Password> {
    crate::password::Password::parse(text).ok()
}

/// Guesses at one moment have all found the counter open.
#[tokio::test]
async fn a_right_guess_is_not_admitted_after_the_one_that_locks() {
    for world in worlds().await {
        let (lockout, now) = (lockout(&world), world.now());
        let rule = LockRule { max_failures: 2, ..LockoutConfig::default().rule() };
        let guess = lockout.guess("sudo", &["ada"], rule);
        for _ in 0..2 {
            assert_eq!(lockout.record_guess(&guess, now).await.unwrap(), None);
        }
        assert!(lockout.is_admitted(&guess, now).await.unwrap(), "the last one may be right");
        assert!(lockout.record_guess(&guess, now).await.unwrap().is_some());
        assert!(!lockout.is_admitted(&guess, now).await.unwrap());
    }
}
