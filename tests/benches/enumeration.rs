//! Does the response time reveal whether an account exists?
//!
//! ```sh
//! cargo bench -p crudauth-tests --bench enumeration
//! ```
//!
//! Alternates between an existing and an unknown account. Prints the medians, the interquartile
//! ranges and the difference of the medians. A difference well inside the ranges reveals nothing.
#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads its environment")]

use std::time::{Duration, Instant};

use crudauth::{Backend, LockoutConfig, RateLimit, RateLimits, rate_limit};
use crudauth_tests::{Answer, App, AppBuilder, Browser, Kind, Setting};
use serde_json::json;

const SAMPLES: u32 = 150;

/// Turns all rate limits off, which would otherwise reject most samples.
struct Unlimited;

impl Setting for Unlimited {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        let off = RateLimit::new(0, Duration::from_secs(3600));
        let allowances = RateLimits::default()
            .set(rate_limit::REGISTER, off)
            .set(rate_limit::VERIFY_REQUEST, off)
            .set(rate_limit::RESET_REQUEST, off)
            .set(rate_limit::EXISTING_ACCOUNT_NOTICE, off);
        let lockout = LockoutConfig::default().max_failures(1_000_000);
        builder.rate_limits(allowances).lockout(lockout)
    }
}

struct Samples(Vec<Duration>);

impl Samples {
    fn quartile(&mut self, part: usize) -> f64 {
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

fn report(case: &str, mut known: Samples, mut unknown: Samples) {
    let known_median = known.quartile(2);
    let unknown_median = unknown.quartile(2);
    println!(
        "{case:<24} known {known_median:7.3} ms [{:.3}-{:.3}]   unknown {unknown_median:7.3} ms [{:.3}-{:.3}]   difference {:+.3} ms",
        known.quartile(1),
        known.quartile(3),
        unknown.quartile(1),
        unknown.quartile(3),
        known_median - unknown_median,
    );
}

/// Alternates between both, so that a slow phase affects them alike.
async fn compare<K, N>(
    case: &str,
    mut ask_known: impl FnMut(u32) -> K,
    mut ask_unknown: impl FnMut(u32) -> N,
    status: u16,
) where
    K: Future<Output = Answer>,
    N: Future<Output = Answer>,
{
    let mut known = Samples(Vec::new());
    let mut unknown = Samples(Vec::new());
    for n in 0..SAMPLES {
        known.0.push(timed(ask_known(n), status).await);
        unknown.0.push(timed(ask_unknown(n), status).await);
    }
    report(case, known, unknown);
}

async fn measure(kind: Kind) {
    println!("{kind:?}");
    let app = App::with(kind, Unlimited).await;
    app.register("ada").await;
    let fresh = || app.browser();
    let login = |browser: Browser, name: String| async move {
        browser.login(&name, "wrong-password").await
    };
    compare(
        "login",
        |_| login(fresh(), "ada".to_owned()),
        |n| login(fresh(), format!("unknown{n}")),
        401,
    )
    .await;
    let post = |path: &'static str, email: String| {
        let browser = fresh();
        async move { browser.post(path, json!({ "email": email })).await }
    };
    for path in ["/password/reset-request", "/email/verify-request"] {
        let known = |_| post(path, "ada@example.com".to_owned());
        compare(path, known, |n| post(path, format!("unknown{n}@example.com")), 200).await;
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
    measure(Kind::Sqlite).await;
    for (kind, variable) in
        [(Kind::Postgres, "CRUDAUTH_TEST_POSTGRES"), (Kind::MySql, "CRUDAUTH_TEST_MYSQL")]
    {
        match std::env::var_os(variable) {
            Some(_) => measure(kind).await,
            None => println!("{kind:?}: not measured, {variable} is not set"),
        }
    }
}
