//! The example `email_password` as a process, and its HTTP client.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use poem::http::{HeaderMap, HeaderName};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Answer, PASSWORD, SECRET};

/// Time limit for a response or a start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process, killed on drop.
pub struct Program {
    child: Mutex<Child>,
    port: u16,
    files: PathBuf,
}

impl Program {
    /// Starts a process on a database. Several may share it.
    pub async fn start(database: &str) -> Self {
        let program = Self::begin(database);
        program.wait().await;
        program
    }

    /// Starts a process without waiting for it.
    pub fn begin(database: &str) -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let files =
            std::env::temp_dir().join(format!("crudauth-{}", crate::database::fresh_name()));
        let log = File::create(files.with_extension("log")).unwrap();
        let child = Command::new(example("email_password"))
            .env("BIND", format!("127.0.0.1:{port}"))
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", SECRET)
            .env("OUTBOX", files.with_extension("mails"))
            .env("COOKIE_SECURE", "false")
            .env("TRUSTED_PROXY_HOPS", "1")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child: Mutex::new(child), port, files }
    }

    /// Returns once the process answers.
    pub async fn wait(&self) {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_err() {
            let has_ended = self.child.lock().unwrap().try_wait().unwrap().is_some();
            assert!(!has_ended && start.elapsed() < PATIENCE, "did not come up: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.get("/healthz", &[]).await.text, "ok");
    }

    /// Kills the process, as `kill -9` does.
    pub fn kill(self) {
        self.kill_now();
    }

    /// Kills the process while requests wait for their answers.
    pub fn kill_now(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.files.with_extension("log")).unwrap_or_default()
    }

    /// The token in the latest mail of this kind to this address, once it is sent.
    pub async fn token(&self, kind: &str, to: &str) -> String {
        let start = Instant::now();
        loop {
            let mails = fs::read_to_string(self.files.with_extension("mails")).unwrap_or_default();
            let mails = mails.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let found = mails.rev().find(|mail| mail["kind"] == kind && mail["to"] == to);
            if let Some(mail) = found {
                let link = mail["link"].as_str().expect("such a message has a link");
                return link.rsplit_once("?token=").expect("the link has a token").1.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "no {kind} to {to}: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "").await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send("POST", path, &headers, &body.to_string()).await
    }

    /// Posts a request that may get no answer because the process is killed.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        let headers = [("content-type", "application/json")];
        self.exchange("POST", path, &headers, &body.to_string()).await.ok()
    }

    /// Signs in from this address.
    pub async fn login(&self, ip: &str, name: &str, password: &str) -> Answer {
        let form = [("username", name), ("password", password)];
        let form = serde_urlencoded::to_string(form).unwrap();
        let content_type = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", "/login", &[content_type, ("x-forwarded-for", ip)], &form).await
    }

    /// Signs `name` up and in, and returns the session cookie.
    pub async fn member(&self, name: &str) -> String {
        let answer = self.post("/register", &[], crate::sign_up(name)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        session(&self.login("203.0.113.1", name, PASSWORD).await)
    }

    /// Whether this session cookie authenticates.
    pub async fn accepts(&self, cookie: &str) -> bool {
        self.get("/me", &[("cookie", cookie)]).await.status == 200
    }

    /// Sends a request on a new connection.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let answer = tokio::time::timeout(PATIENCE, self.exchange(method, path, headers, body));
        let answer = answer.await.unwrap_or_else(|_| panic!("no answer in time: {}", self.log()));
        answer.unwrap_or_else(|error| panic!("no answer, {error}: {}", self.log()))
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = body.len();
        request.push_str(&format!("content-length: {length}\r\nconnection: close\r\n\r\n{body}"));
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        parse_answer(&answer).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        drop(child.kill());
        drop(child.wait());
        for extension in ["log", "mails"] {
            drop(fs::remove_file(self.files.with_extension(extension)));
        }
    }
}

/// The session cookie of an answer, as a request sends it.
pub fn session(answer: &Answer) -> String {
    let cookies = answer.set_cookies();
    let cookie = cookies.iter().find(|line| line.starts_with("session_id="));
    let cookie = cookie.unwrap_or_else(|| panic!("no session: {answer:?}"));
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// Parses an answer; `None` if the connection broke before the body.
pub fn parse_answer(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        headers.append(name.parse::<HeaderName>().ok()?, value.trim().parse().ok()?);
    }
    Some(Answer { status, headers, text: body.to_owned() })
}

/// Cargo puts the examples beside the directory of the test binary.
/// The program of an example.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let examples = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples");
    let path = examples.join(name);
    assert!(path.is_file(), "{} is missing: run the tests by `cargo xtask test`", path.display());
    path
}
