//! The check of an app, which strangers cannot make call its service without end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;

use super::*;
use crate::clock::ManualClock;
use crate::guard::LockoutConfig;
use crate::model::{ClientAddress, ClientInfo, KeyRing, SecretKey, for_client};
use crate::slices::bot_protection::{BotCheck, BotProtection, Checker, PublicRoute};
use crate::stores::MemoryStore;

/// A service that accepts one text, is away for another, and takes its time.
#[derive(Clone, Default)]
struct Service(Arc<AtomicUsize>);

impl BotCheck for Service {
    fn field(&self) -> &'static str {
        "robot"
    }

    async fn check(&self, answer: BotAnswer<'_>) -> Result<(), BotCheckError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        match answer.text {
            "no" => Ok(()),
            "away" => Err(crate::StoreError::Unavailable("no route to host".into()).into()),
            _ => Err(BotCheckError::Refused),
        }
    }
}

impl Service {
    fn asked(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

struct Server {
    protection: BotProtection,
    service: Service,
    clock: Arc<ManualClock>,
}

fn server() -> Server {
    let service = Service::default();
    let clock = Arc::new(ManualClock::default());
    let secret = SecretKey::from("an app's secret of more than 32 bytes");
    let keys = KeyRing::new(&secret, &[]).unwrap();
    let counters = Arc::new(MemoryStore::default());
    let own = OwnCheck {
        check: Arc::new(service.clone()),
        clock: Arc::clone(&clock) as _,
        lockout: Lockout::new(counters, keys, LockoutConfig::default()),
        waiting: Shares::default(),
    };
    let protection = BotProtection { checker: Checker::Own(Arc::new(own)), routes: Vec::new() };
    Server { protection, service, clock }
}

impl Server {
    async fn send(
        &self,
        answer: &str,
        from: &str,
        is_cross_site: bool,
    ) -> Result<(), BotCheckError> {
        let address = ClientAddress::from(from.parse::<IpAddr>().unwrap());
        let client = ClientInfo::new(Some(address), None);
        let check = self.protection.check_sent(PublicRoute::Login, answer, is_cross_site);
        for_client(client, check).await
    }
}

const MALLORY: &str = "203.0.113.7";
const ADA: &str = "203.0.113.8";

#[tokio::test]
async fn junk_of_one_network_reaches_the_check_60_times_in_10_minutes() {
    let server = server();
    for _ in 0..500 {
        assert!(server.send("junk", MALLORY, false).await.is_err());
    }
    assert_eq!(server.service.asked(), 60);
    let Err(BotCheckError::TooMany { retry_after }) = server.send("no", MALLORY, false).await
    else {
        panic!("asked again");
    };
    assert_eq!(retry_after, Duration::from_mins(10));
    assert!(server.send("no", ADA, false).await.is_ok());
    server.clock.advance(Duration::from_mins(10));
    assert!(server.send("no", MALLORY, false).await.is_ok());
}

#[tokio::test]
async fn junk_at_the_same_time_reaches_the_check_at_most_120_times() {
    let server = server();
    for _ in 0..4 {
        let junk = (0..500).map(|_| server.send("junk", MALLORY, false));
        assert!(join_all(junk).await.iter().all(Result::is_err));
    }
    assert!(server.service.asked() <= 120);
}

#[tokio::test]
async fn pages_of_other_sites_do_not_lock_the_networks_of_their_visitors() {
    let server = server();
    for _ in 0..61 {
        assert!(server.send("junk", ADA, true).await.is_err());
    }
    assert!(matches!(server.send("no", ADA, true).await, Err(BotCheckError::TooMany { .. })));
    assert!(server.send("no", ADA, false).await.is_ok());
}

#[tokio::test]
async fn accepted_answers_and_outages_of_the_check_lock_no_network() {
    let server = server();
    for answer in ["no", "away"] {
        for _ in 0..100 {
            let _ = server.send(answer, ADA, false).await;
        }
        assert_eq!(server.service.asked(), 100, "{answer}");
    }
}

#[tokio::test]
async fn an_empty_answer_is_refused_without_the_check() {
    let server = server();
    let checked = server.protection.check(PublicRoute::App("contact"), "").await;
    assert!(matches!(checked, Err(BotCheckError::Refused)));
    assert_eq!(server.service.asked(), 0);
}
