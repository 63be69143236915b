//! Does the time of an answer tell who has an account?
//!
//! ```sh
//! cargo bench -p crudauth-tests --bench silence
//! ```
//!
//! Asks in turn for somebody who is there and for somebody who is not, and prints the medians, the
//! middle half of the samples, and the difference of the medians. A difference well inside the
//! middle half tells nobody anything.
#![allow(clippy::print_stdout, reason = "a program: it prints what it measured")]
#![allow(clippy::disallowed_methods, reason = "a program: it reads its environment")]

use std::time::{Duration, Instant};

use crudauth::{Backend, LockoutConfig, RateLimit, RateLimits};
use crudauth_tests::{Answer, App, Browser, Kind, Setting, Unbuilt};
use serde_json::json;

const SAMPLES: u32 = 150;

/// Nothing is limited, or all samples but the first few would be refused.
struct Unlimited;

impl Setting for Unlimited {
    fn set<DB: Backend>(self, builder: Unbuilt<DB>) -> Unbuilt<DB> {
        let off = RateLimit::new(0, Duration::from_secs(3600));
        let allowances = RateLimits::default()
            .register(off)
            .email_verify_request(off)
            .password_reset_request(off)
            .existing_account_notice(off);
        let lockout = LockoutConfig::default().max_failures(1_000_000);
        builder.rate_limits(allowances).lockout(lockout)
    }
}

struct Samples(Vec<Duration>);

impl Samples {
    fn at(&mut self, part: usize) -> f64 {
        self.0.sort_unstable();
        self.0[self.0.len() * part / 4].as_secs_f64() * 1000.0
    }
}

async fn timed(ask: impl Future<Output = Answer>, status: u16) -> Duration {
    let begun = Instant::now();
    let answer = ask.await;
    let took = begun.elapsed();
    assert_eq!(answer.status, status, "{answer:?}");
    took
}

fn report(what: &str, mut known: Samples, mut unknown: Samples) {
    let (there, nobody) = (known.at(2), unknown.at(2));
    println!(
        "{what:<24} known {there:7.3} ms [{:.3}-{:.3}]   unknown {nobody:7.3} ms [{:.3}-{:.3}]   difference {:+.3} ms",
        known.at(1),
        known.at(3),
        unknown.at(1),
        unknown.at(3),
        there - nobody,
    );
}

/// Asks in turn, so that a slow moment weighs on both.
async fn compare<K, N>(
    what: &str,
    mut known: impl FnMut(u32) -> K,
    mut unknown: impl FnMut(u32) -> N,
    status: u16,
) where
    K: Future<Output = Answer>,
    N: Future<Output = Answer>,
{
    let (mut there, mut nobody) = (Samples(Vec::new()), Samples(Vec::new()));
    for n in 0..SAMPLES {
        there.0.push(timed(known(n), status).await);
        nobody.0.push(timed(unknown(n), status).await);
    }
    report(what, there, nobody);
}

async fn on(kind: Kind) {
    println!("{kind:?}");
    let app = App::with(kind, Unlimited).await;
    app.register("ada").await;
    let fresh = || app.browser();
    let login =
        |browser: Browser, name: String| async move { browser.login(&name, "a-wrong-one").await };
    compare(
        "login",
        |_| login(fresh(), "ada".to_owned()),
        |n| login(fresh(), format!("nobody{n}")),
        401,
    )
    .await;
    let post = |path: &'static str, email: String| {
        let browser = fresh();
        async move { browser.post(path, json!({ "email": email })).await }
    };
    for path in ["/password/reset-request", "/email/verify-request"] {
        let known = |_| post(path, "ada@example.com".to_owned());
        compare(path, known, |n| post(path, format!("nobody{n}@example.com")), 200).await;
    }
    let register = |name: String, email: String| {
        let browser = fresh();
        let body = json!({ "email": email, "username": name, "password": "a-strong-one" });
        async move { browser.post("/register", body).await }
    };
    compare(
        "/register",
        |n| register(format!("taken{n}"), "ada@example.com".to_owned()),
        |n| register(format!("free{n}"), format!("free{n}@example.com")),
        202,
    )
    .await;
}

#[tokio::main]
async fn main() {
    on(Kind::Sqlite).await;
    for (kind, variable) in
        [(Kind::Postgres, "CRUDAUTH_TEST_POSTGRES"), (Kind::MySql, "CRUDAUTH_TEST_MYSQL")]
    {
        match std::env::var_os(variable) {
            Some(_) => on(kind).await,
            None => println!("{kind:?}: not measured, {variable} names no server"),
        }
    }
}
