//! The client of Have I Been Pwned, against a minimal server.

#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::password::{PasswordPolicy, PolicyViolation};

/// The digits after `5BAA6` in the digest of `password`.
const REST: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

/// The response of the server to every request.
#[derive(Clone)]
enum Answer {
    Bytes(Vec<u8>),
    Never,
}

impl Answer {
    fn with(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        Self::Bytes(text.into_bytes())
    }

    fn list(body: &str) -> Self {
        Self::with("200 OK", "content-type: text/plain\r\n", body)
    }
}

/// Starts a mirror with a fixed response, and returns the requests that it receives.
async fn mirror(answer: Answer) -> (HaveIBeenPwned, UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}/mirror/", listener.local_addr().unwrap());
    let (sender, requests) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                request.push(byte);
            }
            let _ = sender.send(String::from_utf8(request).unwrap());
            match &answer {
                // A client that has read enough may disconnect.
                Answer::Bytes(bytes) => drop(stream.write_all(bytes).await),
                Answer::Never => std::future::pending().await,
            }
        }
    });
    (HaveIBeenPwned::mirror(&base).unwrap(), requests)
}

async fn judge(service: HaveIBeenPwned, limit: Duration) -> Result<(), Vec<PolicyViolation>> {
    let policy = PasswordPolicy::default().allow_common();
    let policy = policy.breach_service(service).breach_time_limit(limit);
    policy.judge(&Password::parse("password").unwrap(), &[]).await
}

async fn is_rejected(answer: Answer) -> bool {
    let (service, _requests) = mirror(answer).await;
    match judge(service, Duration::from_secs(10)).await {
        Ok(()) => false,
        Err(violations) => violations == [PolicyViolation::Breached],
    }
}

#[tokio::test]
async fn a_listed_password_is_rejected() {
    assert!(is_rejected(Answer::list(&format!("{}:3\r\n{REST}:9", "0".repeat(35)))).await);
    assert!(!is_rejected(Answer::list(&format!("{}:3", "0".repeat(35)))).await);
    assert!(!is_rejected(Answer::list(&format!("{REST}:0"))).await);
}

#[tokio::test]
async fn only_five_hex_digits_are_sent_and_padding_is_requested() {
    let (service, mut requests) = mirror(Answer::list("")).await;
    assert_eq!(judge(service, Duration::from_secs(10)).await, Ok(()));
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("GET /mirror/range/5BAA6 HTTP/1.1\r\n"), "{request}");
    let lower = request.to_lowercase();
    assert!(lower.contains("\r\nadd-padding: true\r\n"), "{request}");
    assert!(lower.contains("\r\nuser-agent: crudauth/"), "{request}");
    assert!(!lower.contains("password") && !lower.contains("1e4c"), "{request}");
    assert!(requests.try_recv().is_err());
}

#[tokio::test]
async fn an_invalid_response_accepts_the_password() {
    let listed = format!("{REST}:9");
    let elsewhere = "location: http://example.com/\r\n";
    let too_long = format!("{listed}\n{}", "0".repeat(2 * 1024 * 1024));
    for answer in [
        Answer::with("500 Internal Server Error", "", &listed),
        Answer::with("429 Too Many Requests", "retry-after: 2\r\n", &listed),
        Answer::with("302 Found", elsewhere, &listed),
        Answer::with("203 Non-Authoritative Information", "", &listed),
        Answer::list("<!doctype html><title>Sign in to the network</title>"),
        Answer::list(&too_long),
        Answer::Bytes([b"HTTP/1.1 200 OK\r\n\r\n", listed.as_bytes(), b"\n\xff"].concat()),
        Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n0".to_vec()),
        Answer::Bytes(b"\0\xff\0\xff\r\n\r\n".to_vec()),
        Answer::Bytes(Vec::new()),
    ] {
        assert!(!is_rejected(answer).await);
    }
}

#[tokio::test]
async fn an_unavailable_service_accepts_the_password() {
    let (service, mut requests) = mirror(Answer::Never).await;
    assert_eq!(judge(service, Duration::from_millis(50)).await, Ok(()));
    assert!(requests.recv().await.is_some());
    // This port was free just now.
    let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let service = HaveIBeenPwned::mirror(&format!("http://{free}")).unwrap();
    let error = service.range("5BAA6").await.unwrap_err();
    let mut cause = Some(&*error as &(dyn Error + 'static));
    while let Some(error) = cause {
        assert!(!error.to_string().contains("5BAA6"), "{error}");
        cause = error.source();
    }
    assert_eq!(judge(service, Duration::from_secs(10)).await, Ok(()));
}

#[test]
fn a_mirror_needs_a_plain_address() {
    for address in ["https://pwned.example.com", "http://127.0.0.1:8080/hibp/"] {
        assert!(HaveIBeenPwned::mirror(address).is_ok(), "{address}");
    }
    for address in [
        "",
        "pwned.example.com",
        "ftp://a",
        "file:///tmp",
        "https://a?b",
        "https://a#b",
        "https://u:p@a",
    ] {
        let mirror = HaveIBeenPwned::mirror(address);
        assert!(matches!(mirror, Err(HaveIBeenPwnedError::Address)), "{address}");
    }
    assert!(HaveIBeenPwned::new().is_ok());
}
