//! Shared by the recipes: settings from the environment, a pool of the database, and senders that
//! show the mails.
//!
//! Every variable is optional. By default a recipe runs on an SQLite file in the current directory.
#![allow(clippy::disallowed_methods, reason = "programs read their environment")]
#![allow(clippy::print_stdout, reason = "programs print to their terminal")]

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crudauth::channel::{Delivery, DeliveryChannel};
use crudauth::email::BoxError;
use crudauth::{CookieConfig, EmailMessage, EmailSender, PrintingSender, RedisConfig, Refusal};
use poem::error::{MethodNotAllowedError, NotFoundError, ResponseError};
use poem::http::StatusCode;
use poem::listener::{Listener, TcpListener};
use poem::{Endpoint, EndpointExt, Response, Server};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

/// Settings of a recipe.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `BIND`: address and port to listen on (default `127.0.0.1:8000`).
    pub bind: String,
    /// `DATABASE_URL`: `sqlite://path?mode=rwc`, `postgres://…` or `mysql://…`.
    pub database_url: String,
    /// `SECRET_KEY`: key for signatures and digests; random if unset.
    pub secret_key: String,
    /// `FRONTEND_URL`: base of mailed links (default: the page of the recipe).
    pub frontend_url: String,
    /// `PUBLIC_URL`: URL of the app in browsers, to which providers send them back (default: `BIND`).
    pub public_url: String,
    /// `REDIS_URL`: a Redis in place of the database for sessions and counters, and `REDIS_PREFIX`:
    /// put before its keys (default `crudauth`).
    pub redis: Option<RedisConfig>,
    /// `OUTBOX`: file that receives each mail as a line of JSON; mails are printed if unset.
    pub outbox: Option<String>,
    /// `TRUSTED_PROXY_HOPS`: number of reverse proxies in front (default 0).
    pub trusted_proxy_hops: usize,
    /// `COOKIE_SECURE`: `false` allows cookies over plain HTTP (default `true`).
    pub cookie_secure: bool,
}

impl Settings {
    /// Reads the settings of the recipe `name` from the environment.
    ///
    /// # Errors
    /// If a number or a boolean does not parse.
    pub fn read(recipe: &str) -> Result<Self, BoxError> {
        let bind = variable("BIND").unwrap_or_else(|| "127.0.0.1:8000".to_owned());
        let database_url =
            variable("DATABASE_URL").unwrap_or_else(|| format!("sqlite://{recipe}.db?mode=rwc"));
        let secret_key = variable("SECRET_KEY").map_or_else(random_secret, Ok)?;
        Ok(Self {
            frontend_url: variable("FRONTEND_URL").unwrap_or_else(|| format!("http://{bind}")),
            public_url: variable("PUBLIC_URL").unwrap_or_else(|| format!("http://{bind}")),
            bind,
            database_url,
            secret_key,
            redis: variable("REDIS_URL").map(|url| {
                let prefix = variable("REDIS_PREFIX").unwrap_or_else(|| "crudauth".to_owned());
                RedisConfig::new(url).prefix(prefix)
            }),
            outbox: variable("OUTBOX"),
            trusted_proxy_hops: parsed("TRUSTED_PROXY_HOPS", 0)?,
            cookie_secure: parsed("COOKIE_SECURE", true)?,
        })
    }

    /// Cookies that require HTTPS, unless `COOKIE_SECURE` is `false`.
    #[must_use]
    pub fn cookies(&self) -> CookieConfig {
        CookieConfig::default().secure(self.cookie_secure)
    }

    /// Serves the app until a signal ends the process, then waits briefly for queued messages.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve(
        &self,
        app: impl Endpoint + 'static,
        drained: impl Future<Output = ()>,
    ) -> Result<(), BoxError> {
        let app = app
            .catch_error(|_: NotFoundError| {
                refusal(StatusCode::NOT_FOUND, "not-found", "Not Found")
            })
            .catch_error(|_: MethodNotAllowedError| {
                let code = "method-not-allowed";
                refusal(StatusCode::METHOD_NOT_ALLOWED, code, "Method Not Allowed")
            });
        let acceptor = TcpListener::bind(&self.bind).into_acceptor().await?;
        println!("Listening on http://{}", self.bind);
        Server::new_with_acceptor(acceptor)
            .run_with_graceful_shutdown(app, shutdown_signal(), Some(Duration::from_secs(5)))
            .await?;
        drop(tokio::time::timeout(Duration::from_secs(5), drained).await);
        Ok(())
    }

    /// The sender of mails and other messages.
    #[must_use]
    pub fn sender(&self) -> Mailer {
        match &self.outbox {
            Some(path) => Mailer::File(FileSender::new(path)),
            None => Mailer::Terminal,
        }
    }
}

/// A JSON response with a `detail`, like those of the library's routes.
async fn refusal(status: StatusCode, code: &'static str, detail: &'static str) -> Response {
    Refusal::new(status, code, detail).as_response()
}

/// The value of an environment variable; `None` if it is unset or empty.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn parsed<T: FromStr>(name: &str, default: T) -> Result<T, BoxError> {
    match variable(name) {
        None => Ok(default),
        Some(value) => value.parse().map_err(|_| format!("{name} is not valid").into()),
    }
}

/// A random key. Sessions end with the process.
fn random_secret() -> Result<String, BoxError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    println!("SECRET_KEY is not set: using a random key. A restart ends all sessions.");
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A pool of the database that a recipe runs on.
#[derive(Debug)]
pub enum Database {
    /// `sqlite:`
    Sqlite(SqlitePool),
    /// `postgres:`
    Postgres(PgPool),
    /// `mysql:`
    MySql(MySqlPool),
}

impl Database {
    /// Connects to the database of `url`.
    ///
    /// # Errors
    /// If the connection fails or the scheme is unknown.
    pub async fn connect(url: &str) -> Result<Self, BoxError> {
        match url.split(':').next() {
            Some("sqlite") => {
                let options = SqliteConnectOptions::from_str(url)?
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Normal)
                    .busy_timeout(Duration::from_secs(5));
                Ok(Self::Sqlite(pool().connect_with(options).await?))
            }
            Some("postgres" | "postgresql") => Ok(Self::Postgres(pool_pg().connect(url).await?)),
            Some("mysql" | "mariadb") => Ok(Self::MySql(pool_my().connect(url).await?)),
            _ => Err("DATABASE_URL must start with sqlite:, postgres: or mysql:".into()),
        }
    }
}

/// By default, sqlx pings a connection before each use, which costs a second round trip. Without
/// the ping a broken connection fails its statement and is replaced.
fn pool<DB: sqlx::Database>() -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(5)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
}

fn pool_pg() -> PgPoolOptions {
    pool()
}

fn pool_my() -> MySqlPoolOptions {
    pool()
}

/// RedirectPath of mails.
#[derive(Clone, Debug)]
pub enum Mailer {
    /// Prints to the terminal.
    Terminal,
    /// Appends to a file.
    File(FileSender),
}

impl EmailSender for Mailer {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        match self {
            Self::Terminal => PrintingSender.send(message).await,
            Self::File(file) => file.send(message).await,
        }
    }
}

/// Appends each mail to a file as one line of JSON.
#[derive(Clone, Debug)]
pub struct FileSender(Arc<Mutex<String>>);

impl FileSender {
    fn new(path: &str) -> Self {
        Self(Arc::new(Mutex::new(path.to_owned())))
    }
}

impl FileSender {
    /// Held while a line is written, so that lines do not mix.
    fn append(&self, line: &serde_json::Value) -> Result<(), BoxError> {
        let path = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = OpenOptions::new().create(true).append(true).open(&*path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }
}

impl EmailSender for FileSender {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        self.append(&serde_json::json!({
            "to": message.to,
            "subject": message.subject,
            "body": message.text,
            "kind": message.kind.as_str(),
            "link": message.link,
            "expires_in": message.expires_in.as_secs(),
        }))
    }
}

/// Stands in for a text message provider.
impl DeliveryChannel for Mailer {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        let token = delivery.token.as_ref().map(crudauth::OneTimeToken::expose);
        let kind = delivery.kind.as_str();
        match self {
            Self::Terminal => {
                println!("--- message to {}: {kind}\n{}\n---", delivery.to, token.unwrap_or("-"));
                Ok(())
            }
            Self::File(file) => file.append(&serde_json::json!({
                "to": delivery.to.as_str(),
                "subject": null,
                "body": token,
                "kind": kind,
                "link": null,
                "expires_in": delivery.expires_in.as_secs(),
            })),
        }
    }
}

/// Calls a function that is generic over the database with the pool of the settings.
#[macro_export]
macro_rules! on_the_database {
    ($settings:expr, $wire:ident) => {
        match $crate::Database::connect(&$settings.database_url).await? {
            $crate::Database::Sqlite(pool) => $wire(pool, $settings).await?,
            $crate::Database::Postgres(pool) => $wire(pool, $settings).await?,
            $crate::Database::MySql(pool) => $wire(pool, $settings).await?,
        }
    };
}

/// Logs to standard error at the level of `RUST_LOG`.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Resolves when a signal asks the process to end.
async fn shutdown_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminated) = signal(SignalKind::terminate()) else {
            return drop(interrupted.await);
        };
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}
