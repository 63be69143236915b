//! Does the response time reveal whether an account exists?
//!
//! ```sh
//! cargo bench -p crudauth-tests --bench enumeration
//! ```
//!
//! Alternates between an existing and an unknown account. Prints both distributions (the 5th, 25th,
//! 50th, 75th and 95th percentile) and the difference of the medians. A difference well inside the
//! ranges reveals nothing.
#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads its environment")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crudauth::{Backend, HashingConfig, LockoutConfig, RateLimit, RateLimits, rate_limit};
use crudauth_tests::{Answer, App, AppBuilder, Browser, Kind, PASSWORD, Setting};
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
            .set(rate_limit::EXISTING_ACCOUNT_NOTICE, off)
            .set(rate_limit::MESSAGES, off)
            .set(rate_limit::SIGN_IN, off);
        let lockout = LockoutConfig::default()
            .max_failures(1_000_000)
            .max_network_failures(1_000_000)
            .max_consecutive(1_000_000);
        builder.rate_limits(allowances).lockout(lockout)
    }
}

/// Locks accounts and no networks.
struct Locking;

impl Setting for Locking {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.lockout(LockoutConfig::default().max_network_failures(1_000_000))
    }
}

/// Has one place for passwords, and locks nothing.
struct OnePlace;

impl Setting for OnePlace {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        let hashing = HashingConfig::default().max_concurrent(1).max_queued(0);
        Unlimited.set(builder).hashing(hashing)
    }
}

struct Samples(Vec<Duration>);

impl Samples {
    fn percentile(&mut self, part: usize) -> f64 {
        self.0.sort_unstable();
        self.0[self.0.len() * part / 100].as_secs_f64() * 1000.0
    }

    fn shown(&mut self) -> String {
        let percentiles = [5, 25, 50, 75, 95].map(|part| self.percentile(part));
        percentiles.map(|milliseconds| format!("{milliseconds:.3}")).join(" ")
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
    let difference = known.percentile(50) - unknown.percentile(50);
    println!(
        "{case:<24} known {} ms   unknown {} ms   difference {difference:+.3} ms",
        known.shown(),
        unknown.shown(),
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

/// Refusals by a lock.
async fn measure_refusals(kind: Kind) {
    let app = App::with(kind, Locking).await;
    for name in ["ada", "eve", "sam"] {
        app.register(name).await;
    }
    let mut cookies = Vec::new();
    for _ in 0..64 {
        cookies.extend(app.signed_in("eve", PASSWORD).await.cookie("known_device"));
    }
    for name in ["ada", "unknown"] {
        for _ in 0..6 {
            app.browser().login(name, "wrong-password").await;
        }
    }
    let with = |cookies: &[String], name: &'static str| {
        let browser = app.browser();
        if !cookies.is_empty() {
            browser.set_cookie("known_device", &cookies.join("; known_device="));
        }
        async move { browser.login(name, "wrong-password").await }
    };
    compare("locked", |_| with(&[], "ada"), |_| with(&[], "unknown"), 429).await;
    let locked = |name| with(&cookies, name);
    compare("locked, 64 cookies", |_| locked("ada"), |_| locked("unknown"), 429).await;
}

/// Refusals by a full queue, whose only place is nearly always taken.
async fn measure_full_queue(kind: Kind) {
    let app = Arc::new(App::with(kind, OnePlace).await);
    for name in ["ada", "sam"] {
        app.register(name).await;
    }
    let hogs: Vec<_> = (0..4)
        .map(|_| {
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                loop {
                    app.browser().login("sam", PASSWORD).await;
                }
            })
        })
        .collect();
    let refused = async |name: &str| {
        loop {
            let browser = app.browser();
            let begun = Instant::now();
            if browser.login(name, "wrong-password").await.status == 503 {
                return begun.elapsed();
            }
        }
    };
    let mut known = Samples(Vec::new());
    let mut unknown = Samples(Vec::new());
    for _ in 0..SAMPLES {
        known.0.push(refused("ada").await);
        unknown.0.push(refused("unknown").await);
    }
    for hog in hogs {
        hog.abort();
    }
    report("queue full", known, unknown);
}

async fn measure_all(kind: Kind) {
    measure(kind).await;
    measure_refusals(kind).await;
    measure_full_queue(kind).await;
}

#[tokio::main]
async fn main() {
    measure_all(Kind::Sqlite).await;
    for (kind, variable) in
        [(Kind::Postgres, "CRUDAUTH_TEST_POSTGRES"), (Kind::MySql, "CRUDAUTH_TEST_MYSQL")]
    {
        match std::env::var_os(variable) {
            Some(_) => measure_all(kind).await,
            None => println!("{kind:?}: not measured, {variable} is not set"),
        }
    }
}
