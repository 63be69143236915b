//! The example `email_password` as a process of its own, and a client that talks HTTP to it by
//! hand.

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

/// How long a process may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process; killed on drop.
pub struct Program {
    child: Mutex<Child>,
    port: u16,
    files: PathBuf,
}

impl Program {
    /// Starts one on that database, with the library's own secret for tests; several may share it.
    pub async fn start(database: &str) -> Self {
        let program = Self::begin(database);
        program.wait().await;
        program
    }

    /// Starts one without waiting until it answers.
    pub fn begin(database: &str) -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let files =
            std::env::temp_dir().join(format!("crudauth-{}", crate::database::fresh_name()));
        let log = File::create(files.with_extension("log")).unwrap();
        let child = Command::new(executable())
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

    /// Returns once it answers.
    pub async fn wait(&self) {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_err() {
            let has_ended = self.child.lock().unwrap().try_wait().unwrap().is_some();
            assert!(!has_ended && start.elapsed() < PATIENCE, "did not come up: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.get("/healthz", &[]).await.text, "ok");
    }

    /// Ends it as `kill -9` does.
    pub fn kill(self) {
        self.kill_now();
    }

    /// The same while others wait for its answers.
    pub fn kill_now(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.files.with_extension("log")).unwrap_or_default()
    }

    /// The token in the newest mail of that kind to that address, once it is there.
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

    /// The same by somebody who may get no answer, since the process is about to be killed.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        let headers = [("content-type", "application/json")];
        self.exchange("POST", path, &headers, &body.to_string()).await.ok()
    }

    /// Signs in from that address.
    pub async fn login(&self, ip: &str, name: &str, password: &str) -> Answer {
        let form = [("username", name), ("password", password)];
        let form = serde_urlencoded::to_string(form).unwrap();
        let content_type = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", "/login", &[content_type, ("x-forwarded-for", ip)], &form).await
    }

    /// Signs `name` up and in; answers with the session's cookie.
    pub async fn member(&self, name: &str) -> String {
        let answer = self.post("/register", &[], crate::sign_up(name)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        session(&self.login("203.0.113.1", name, PASSWORD).await)
    }

    /// Whether that cookie is somebody's.
    pub async fn knows(&self, cookie: &str) -> bool {
        self.get("/me", &[("cookie", cookie)]).await.status == 200
    }

    /// One request on a connection of its own.
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
        parse(&answer).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
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

/// The session cookie that an answer sets, as a request sends it.
pub fn session(answer: &Answer) -> String {
    let cookies = answer.set_cookies();
    let cookie = cookies.iter().find(|line| line.starts_with("session_id="));
    let cookie = cookie.unwrap_or_else(|| panic!("no session: {answer:?}"));
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// Reads an answer whose connection has ended; `None` if it broke off before its body.
fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        headers.append(name.parse::<HeaderName>().ok()?, value.trim().parse().ok()?);
    }
    Some(Answer { status, headers, text: body.to_owned() })
}

/// Cargo puts it beside the directory of the test that runs.
fn executable() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path =
        test.parent().and_then(|deps| deps.parent()).unwrap().join("examples/email_password");
    assert!(path.is_file(), "{} is missing: run the tests by `cargo xtask test`", path.display());
    path
}
