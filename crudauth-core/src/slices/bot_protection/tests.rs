//! Proof of work without HTTP: right solutions, and each way to be wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::puzzle::digest;
use super::*;
use crate::clock::{Clock as _, ManualClock};
use crate::guard::store::CounterStore as _;
use crate::guard::{RateLimiter, RateLimits};
use crate::model::{KeyRing, SecretKey};
use crate::stores::MemoryStore;

const SECRET: &str = "an app's secret of more than 32 bytes";
const OLDER: &str = "another secret of more than 32 bytes!";

struct Server {
    puzzles: Puzzles,
    clock: Arc<ManualClock>,
    store: MemoryStore,
}

fn server(secret: &str, previous: &[&str]) -> Server {
    server_on(MemoryStore::default(), secret, previous)
}

/// A server whose counters are in this store.
fn server_on(store: MemoryStore, secret: &str, previous: &[&str]) -> Server {
    let previous: Vec<_> = previous.iter().map(|secret| SecretKey::from(*secret)).collect();
    let keys = KeyRing::new(&SecretKey::from(secret), &previous).unwrap();
    let clock = Arc::new(ManualClock::default());
    let (counters, time) = (Arc::new(store.clone()), Arc::clone(&clock) as _);
    let limits = RateLimiter::new(counters, keys.clone(), time, RateLimits::off());
    let settings = ProofOfWork::default().max_number(50);
    let mount = ["", "users"];
    let puzzles = Puzzles { settings, mount, keys, clock: Arc::clone(&clock) as _, limits };
    Server { puzzles, clock, store }
}

impl Server {
    async fn accepts(&self, answer: &str) -> bool {
        match self.puzzles.check(answer).await {
            Ok(()) => true,
            Err(BotCheckError::Refused) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// A right solution with another value in one member.
    fn changed(&self, member: &str, change: impl FnOnce(&Value) -> Value) -> String {
        let mut solution = read(&self.puzzles.issue().solve().unwrap());
        solution[member] = change(&solution[member]);
        sent(&solution)
    }
}

fn read(answer: &str) -> Value {
    serde_json::from_slice(&BASE64_STANDARD.decode(answer).unwrap()).unwrap()
}

fn sent(solution: &Value) -> String {
    BASE64_STANDARD.encode(solution.to_string())
}

/// The text with another last character.
fn tampered(text: &Value) -> Value {
    let mut text = text.as_str().unwrap().to_owned();
    let last = text.pop().unwrap();
    text.push(if last == '0' { '1' } else { '0' });
    text.into()
}

#[test]
fn hashes_are_those_of_altcha() {
    // Made by `createChallenge` of the npm package `altcha-lib`.
    let challenge = "82391fa3c312c4571715605f795ea9e6cb39dbaa5fd173c2b7e1b87c80bd3d4d";
    assert_eq!(digest("0123456789abcdef?expires=1800000600&", 42), challenge);
}

#[tokio::test]
async fn a_solution_works_once() {
    let server = server(SECRET, &[]);
    let answer = server.puzzles.issue().solve().unwrap();
    assert!(server.accepts(&answer).await);
    assert!(!server.accepts(&answer).await);
    let mut again = read(&answer);
    again["took"] = json!(12.5);
    assert!(!server.accepts(&sent(&again)).await, "the same solution in another text");
    assert!(server.accepts(&server.puzzles.issue().solve().unwrap()).await);
}

#[tokio::test]
async fn a_solution_is_used_up_until_its_puzzle_expires() {
    let server = server(SECRET, &[]);
    let answer = server.puzzles.issue().solve().unwrap();
    assert!(server.accepts(&answer).await);
    server.clock.advance(Duration::from_mins(10) - Duration::from_secs(2));
    server.store.purge(server.clock.now(), 100).await.unwrap();
    assert!(!server.accepts(&answer).await);
}

#[tokio::test]
async fn a_puzzle_expires() {
    let server = server(SECRET, &[]);
    let (early, late) = (server.puzzles.issue(), server.puzzles.issue());
    server.clock.advance(Duration::from_mins(10) - Duration::from_secs(1));
    assert!(server.accepts(&early.solve().unwrap()).await);
    server.clock.advance(Duration::from_secs(1));
    assert!(!server.accepts(&late.solve().unwrap()).await);
}

#[tokio::test]
async fn wrong_solutions_are_refused() {
    let server = server(SECRET, &[]);
    let right = server.puzzles.issue().solve().unwrap();
    for (wrong, answer) in [
        ("number", server.changed("number", |n| json!(n.as_u64().unwrap() + 1))),
        ("negative number", server.changed("number", |_| json!(-1))),
        ("number as a text", server.changed("number", |n| json!(n.to_string()))),
        ("hash", server.changed("challenge", tampered)),
        ("signature", server.changed("signature", tampered)),
        (
            "short signature",
            server.changed("signature", |text| json!(&text.as_str().unwrap()[..62])),
        ),
        ("no signature", server.changed("signature", |_| json!(""))),
        ("algorithm", server.changed("algorithm", |_| json!("SHA-512"))),
        ("no algorithm", server.changed("algorithm", |_| Value::Null)),
        (
            "later expiry",
            server.changed("salt", |salt| {
                let (random, _) = salt.as_str().unwrap().split_once('?').unwrap();
                json!(format!("{random}?expires=9999999999&"))
            }),
        ),
        ("longer text", server.changed("took", |_| json!("0".repeat(2048)))),
        ("no JSON", BASE64_STANDARD.encode("{")),
        ("no base64", format!("{right}!")),
        ("no object", BASE64_STANDARD.encode("[]")),
    ] {
        assert!(!server.accepts(&answer).await, "{wrong}");
    }
    assert!(server.accepts(&right).await);
}

/// A salt without its last character moves into the number: the hash stays, and the expiry differs.
#[tokio::test]
async fn digits_do_not_move_from_the_number_to_the_expiry() {
    let server = server(SECRET, &[]);
    let mut solution = read(&server.puzzles.issue().solve().unwrap());
    let (salt, number) = (solution["salt"].as_str().unwrap(), solution["number"].to_string());
    solution["salt"] = json!(format!("{}{number}", salt.trim_end_matches('&')));
    assert!(!server.accepts(&sent(&solution)).await);
}

#[tokio::test]
async fn puzzles_of_another_secret_are_refused_and_those_of_a_previous_one_accepted() {
    let older = server(OLDER, &[]);
    let answer = older.puzzles.issue().solve().unwrap();
    assert!(!server(SECRET, &[]).accepts(&answer).await);
    assert!(server(SECRET, &[OLDER]).accepts(&answer).await);
}

#[tokio::test]
async fn a_change_of_the_secret_does_not_make_a_used_solution_new() {
    let older = server(OLDER, &[]);
    let answer = older.puzzles.issue().solve().unwrap();
    assert!(older.accepts(&answer).await);
    let newer = server_on(older.store.clone(), SECRET, &[OLDER]);
    assert!(!newer.accepts(&answer).await);
}

#[tokio::test]
async fn mounts_with_one_secret_refuse_solutions_of_each_other() {
    let server = || server(SECRET, &[]);
    let one = server();
    let mut table = server();
    table.puzzles.mount = ["", "staff"];
    let mut schema = server();
    schema.puzzles.mount = ["users", ""];
    let mut easier = server();
    easier.puzzles.settings.max_number = 1;
    let mut longer = server();
    longer.puzzles.settings.lifetime = Duration::from_mins(30);
    for other in [table, schema, easier, longer] {
        for (issues, checks) in [(&one, &other), (&other, &one)] {
            let answer = issues.puzzles.issue().solve().unwrap();
            assert!(!checks.accepts(&answer).await);
            assert!(issues.accepts(&answer).await);
        }
    }
}

/// A window of the rest of its life would miss the first use in the second half of it.
#[tokio::test]
async fn the_use_of_a_solution_is_kept_for_the_life_of_its_puzzle_and_a_minute() {
    let server = server(SECRET, &[]);
    let answer = server.puzzles.issue().solve().unwrap();
    assert!(server.accepts(&answer).await);
    for _ in 0..9 {
        server.clock.advance(Duration::from_mins(1));
        assert!(!server.accepts(&answer).await);
    }
    let purge = || server.store.purge(server.clock.now(), 100);
    server.clock.advance(Duration::from_secs(119));
    assert_eq!(purge().await.unwrap(), 0);
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(purge().await.unwrap(), 1);
}

#[test]
fn settings_out_of_their_bounds_are_rejected() {
    let of = |settings: ProofOfWork| BotProtectionConfig::from(settings).validate().len();
    let settings = ProofOfWork::default();
    assert_eq!(of(settings), 0);
    assert_eq!(of(settings.max_number(0)), 1);
    assert_eq!(of(settings.max_number(10_000_001)), 1);
    assert_eq!(of(settings.lifetime(Duration::from_secs(9))), 1);
    assert_eq!(of(settings.lifetime(Duration::from_secs(1801))), 1);
    assert_eq!(of(settings.max_number(1).lifetime(Duration::from_mins(30))), 0);
}
