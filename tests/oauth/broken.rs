//! A provider that is broken signs nobody in, adds no account, keeps nobody waiting, and leaves its
//! reason in the log.

use std::time::{Duration, Instant};

use crudauth::oauth::Provider as Configured;
use crudauth_tests::{Kind, Log};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::provider::Answer as Scripted;
use super::*;

/// Each endpoint: its name in the log, its path, and its member of the document.
const ENDPOINTS: [(&str, &str, Option<&str>); 4] = [
    ("discovery", "/.well-known/openid-configuration", None),
    ("token", "/token", Some("token_endpoint")),
    ("keys", "/jwks", Some("jwks_uri")),
    ("profile", "/userinfo", Some("userinfo_endpoint")),
];

/// Longest time until a provider is given up.
const LIMIT: Duration = Duration::from_secs(20);

/// An app with a provider that gets broken in several ways, one after the other.
struct Broken<'l> {
    log: &'l Log,
    app: App,
    provider: Provider,
}

impl<'l> Broken<'l> {
    async fn new(log: &'l Log) -> Self {
        let (app, provider) = with_provider(&App::on(Kind::Sqlite).await).await;
        Self { log, app, provider }
    }

    /// Asserts that a sign-in with the changed provider is refused, for this reason at that endpoint.
    async fn refuses(&self, change: impl FnOnce(&Provider), endpoint: &str, reason: &str) {
        let Self { log, app, provider } = self;
        // Document and keys are too old to be used.
        app.clock.advance(Duration::from_hours(30));
        provider.script().answers.clear();
        change(provider);
        let (browser, begun, before) = (app.browser(), Instant::now(), log.text().len());
        let start = browser.get("/oauth/corp/authorize").await;
        let answer = match error(&start) {
            Some(_) => start,
            None => browser.get(&provider.consent(&location(&start))).await,
        };
        assert!(begun.elapsed() < LIMIT, "{endpoint}, {reason}: {:?}", begun.elapsed());
        assert_refused(&browser, &answer, "oauth_failed").await;
        assert_eq!((accounts(app).await, connections(app).await), (0, 0), "{endpoint}, {reason}");
        let told = log.text().split_off(before);
        let is_told = told.lines().any(|line| line.contains(endpoint) && line.contains(reason));
        assert!(is_told, "{endpoint}, {reason}: {told}");
        assert_eq!(provider.requests("/elsewhere"), 0, "{endpoint}: a redirect was followed");
    }
}

/// The provider answers at this path in another way.
fn answering(path: &'static str, answer: Scripted) -> impl FnOnce(&Provider) {
    move |provider| drop(provider.script().answers.insert(path, answer))
}

/// The document names another address.
fn moved(member: &'static str, url: &str) -> impl FnOnce(&Provider) {
    let document = json!({ member: url });
    move |provider| provider.script().document = document
}

#[tokio::test]
async fn an_endpoint_with_an_unusable_answer_is_refused() {
    let log = Log::listen();
    let broken = Broken::new(&log).await;
    for (endpoint, path, _) in ENDPOINTS {
        let oversized = format!("{{\"a\":\"{}\"}}", "a".repeat(300_000));
        for (answer, reason) in [
            (Scripted::new(200, oversized), "response too long"),
            (Scripted::new(200, "<!doctype html><p>Busy"), "not JSON"),
            (Scripted::new(404, "<p>Gone"), "status 404"),
            (Scripted::new(410, "{}"), "status 410"),
            (Scripted::new(503, "{}"), "status 503"),
        ] {
            broken.refuses(answering(path, answer), endpoint, reason).await;
        }
    }
}

#[tokio::test]
async fn no_redirect_of_an_endpoint_is_followed() {
    let log = Log::listen();
    let broken = Broken::new(&log).await;
    for (endpoint, path, _) in ENDPOINTS {
        for status in [301, 302, 303, 307, 308] {
            let mut answer = Scripted::new(status, "{}");
            answer.headers.push(("location", "/elsewhere".to_owned()));
            let reason = format!("status {status}");
            broken.refuses(answering(path, answer), endpoint, &reason).await;
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_refused() {
    let log = Log::listen();
    let (broken, closed) = (Broken::new(&log).await, closed_port().await);
    for (endpoint, _, member) in ENDPOINTS {
        let Some(member) = member else { continue };
        broken.refuses(moved(member, &closed), endpoint, "Connection refused").await;
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_begins_nothing() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let gone = Configured::oidc("corp", closed_port().await, CLIENT, CLIENT_SECRET);
    let app = serving(&app, OAuthConfig::new(FRONTEND).provider(gone)).await;
    let browser = app.browser();
    let answer = browser.get("/oauth/corp/authorize").await;
    assert_refused(&browser, &answer, "oauth_failed").await;
    assert!(log.text().contains("Connection refused"), "{}", log.text());
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_given_up() {
    let log = Log::listen();
    let slow = async |at: usize| {
        let (endpoint, path, _) = ENDPOINTS[at];
        let mut answer = Scripted::new(200, "{}");
        answer.delay = Duration::from_mins(1);
        Broken::new(&log).await.refuses(answering(path, answer), endpoint, "timed out").await;
    };
    tokio::join!(slow(0), slow(1), slow(2), slow(3));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let log = Log::listen();
    let endless = endless().await;
    let slow = async |at: usize| {
        let (endpoint, _, member) = ENDPOINTS[at];
        let change = moved(member.unwrap(), &endless);
        Broken::new(&log).await.refuses(change, endpoint, "timed out").await;
    };
    tokio::join!(slow(1), slow(2), slow(3));
}

/// The URL of a port on which no program listens.
async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The URL of a server that sends its body a blank at a time.
async fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n";
                let mut sent = stream.write_all(head).await;
                while sent.is_ok() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    sent = stream.write_all(b" ").await;
                }
            });
        }
    });
    url
}
