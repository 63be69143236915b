//! Refusals that take as long as each other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::guard::LockoutConfig;
use crate::password::{HashingConfig, HashingPool, LegacyHash};
use crate::testing_world::{Hooked, PASSWORD, Person, Settings, World, password, worlds};

const ADA: &str = "ada@example.com";

/// A format of another system that matches nothing, and counts its checks.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl LegacyHash for Counting {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$count$"]
    }

    fn verify(&self, _: &[u8], _: &str) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        false
    }

    fn decoy(&self) -> String {
        "$count$".to_owned()
    }
}

impl Counting {
    /// A sign-in whose failures check this format.
    fn flow(&self, world: &World) -> SignInFlow<Person> {
        let slices = world.slices_with(settings());
        let formats: Vec<Arc<dyn LegacyHash>> = vec![Arc::new(self.clone())];
        let hashing = HashingPool::fast_with_formats(&HashingConfig::default(), formats);
        hashing.enable_prefix("$count$");
        let kit = Kit { hashing, ..slices.kit };
        SignInFlow::new(kit, slices.sessions, slices.tokens)
    }

    /// Signs in, and returns the number of checks beside the error.
    async fn refused(&self, flow: &SignInFlow<Person>, text: &str) -> (SignInError, usize) {
        let before = self.0.load(Ordering::SeqCst);
        let error = flow.sign_in(SignInRequest::new(ADA, password(text))).await.unwrap_err();
        (error, self.0.load(Ordering::SeqCst) - before)
    }
}

fn settings() -> Settings {
    Settings { lockout: LockoutConfig::default().max_failures(2), ..Settings::default() }
}

#[tokio::test]
async fn a_right_password_that_is_not_admitted_costs_as_much_as_a_wrong_one() {
    for world in worlds().await {
        world.account(ADA).await;
        let inner = world.clone();
        // Other guesses use the counters up between the verification and the admission.
        let counters = Hooked::before(&world.counters, "admit", move || {
            let guessing = inner.slices_with(settings()).sign_in;
            async move {
                guessing.sign_in(SignInRequest::new(ADA, password("wrong"))).await.unwrap_err();
            }
        });
        let counting = Counting::default();
        let flow = counting.flow(&World { counters, ..world.clone() });
        let (wrong, checks) = counting.refused(&flow, "wrong").await;
        assert!(matches!(wrong, SignInError::Refused), "{wrong:?}");
        assert_eq!(checks, 1);
        let (right, checks) = counting.refused(&flow, PASSWORD).await;
        assert!(matches!(right, SignInError::LockedOut { .. }), "{right:?}");
        assert_eq!(checks, 1);
    }
}

/// A look-up that finds a row may take longer. The answer comes at the same moment, which is counted
/// from before the look-up.
#[tokio::test]
async fn a_slow_look_up_does_not_delay_a_refusal() {
    let world = worlds().await.remove(0);
    let slow = verify::QUANTUM * 3 / 4;
    let accounts =
        Hooked::before(&world.accounts, "by_identifier", move || tokio::time::sleep(slow));
    let flow = World { accounts, ..world.clone() }.slices().sign_in;
    // A busy machine delays some of them.
    for attempt in 0..100 {
        let begun = Instant::now();
        let request = SignInRequest::new(format!("name{attempt}"), password("wrong"));
        flow.sign_in(request).await.unwrap_err();
        let elapsed = begun.elapsed();
        assert!(elapsed >= verify::QUANTUM);
        if elapsed < verify::QUANTUM + slow {
            return;
        }
    }
    panic!("each refusal came a look-up late");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_missed_a_moment_waits_for_the_next_one() {
    let begun = tokio::time::Instant::now();
    tokio::time::advance(verify::QUANTUM * 5 / 2).await;
    next_quantum(begun).await;
    assert!(begun.elapsed() >= verify::QUANTUM * 3, "{:?}", begun.elapsed());
}
