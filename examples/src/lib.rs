//! What the recipes share: settings from the environment, a pool for the database they name, and
//! a way to see the mails.
//!
//! Every variable is optional; without any, a recipe runs on an SQLite file beside you.
#![allow(clippy::disallowed_methods, reason = "programs: they read their environment")]
#![allow(clippy::print_stdout, reason = "programs: they talk to whoever started them")]

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crudauth::channel::{Delivery, DeliveryChannel};
use crudauth::email::BoxError;
use crudauth::{CookieConfig, EmailMessage, EmailSender, PrintingSender, Refusal};
use poem::error::{MethodNotAllowedError, NotFoundError, ResponseError};
use poem::http::StatusCode;
use poem::listener::{Listener, TcpListener};
use poem::{Endpoint, EndpointExt, Response, Server};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

/// How a recipe is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `BIND`: address and port to listen on (default `127.0.0.1:8000`).
    pub bind: String,
    /// `DATABASE_URL`: `sqlite://path?mode=rwc`, `postgres://…` or `mysql://…`.
    pub database_url: String,
    /// `SECRET_KEY`: signs what must be signed; made up when it is not given.
    pub secret_key: String,
    /// `FRONTEND_URL`: where mailed links point (default: the recipe's own page).
    pub frontend_url: String,
    /// `OUTBOX`: the file that each mail is appended to as a line of JSON; without it mails are
    /// printed.
    pub outbox: Option<String>,
    /// `TRUSTED_PROXY_HOPS`: reverse proxies in front (default 0).
    pub trusted_proxy_hops: usize,
    /// `COOKIE_SECURE`: `false` lets cookies go over plain HTTP (default `true`).
    pub cookie_secure: bool,
}

impl Settings {
    /// Reads the environment of the recipe of that name.
    ///
    /// # Errors
    /// If a number or a boolean is none.
    pub fn read(recipe: &str) -> Result<Self, BoxError> {
        let bind = text("BIND").unwrap_or_else(|| "127.0.0.1:8000".to_owned());
        let database_url =
            text("DATABASE_URL").unwrap_or_else(|| format!("sqlite://{recipe}.db?mode=rwc"));
        let secret_key = text("SECRET_KEY").map_or_else(development_secret, Ok)?;
        Ok(Self {
            frontend_url: text("FRONTEND_URL").unwrap_or_else(|| format!("http://{bind}")),
            bind,
            database_url,
            secret_key,
            outbox: text("OUTBOX"),
            trusted_proxy_hops: parsed("TRUSTED_PROXY_HOPS", 0)?,
            cookie_secure: parsed("COOKIE_SECURE", true)?,
        })
    }

    /// The cookies, over HTTPS only if that is wanted.
    #[must_use]
    pub fn cookies(&self) -> CookieConfig {
        CookieConfig::default().secure(self.cookie_secure)
    }

    /// Serves the app until the process is asked to end; then waits a little for what was promised
    /// to be sent.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn serve(
        &self,
        app: impl Endpoint + 'static,
        drained: impl Future<Output = ()>,
    ) -> Result<(), BoxError> {
        let app = app
            .catch_error(|_: NotFoundError| told(StatusCode::NOT_FOUND, "not-found", "Not Found"))
            .catch_error(|_: MethodNotAllowedError| {
                let code = "method-not-allowed";
                told(StatusCode::METHOD_NOT_ALLOWED, code, "Method Not Allowed")
            });
        let acceptor = TcpListener::bind(&self.bind).into_acceptor().await?;
        println!("Listening on http://{}", self.bind);
        Server::new_with_acceptor(acceptor)
            .run_with_graceful_shutdown(app, asked_to_end(), Some(Duration::from_secs(5)))
            .await?;
        drop(tokio::time::timeout(Duration::from_secs(5), drained).await);
        Ok(())
    }

    /// Who sends the mails, and any other message.
    #[must_use]
    pub fn sender(&self) -> Mailer {
        match &self.outbox {
            Some(path) => Mailer::File(FileSender::new(path)),
            None => Mailer::Terminal,
        }
    }
}

/// An answer like those of the library's routes, for a front end that reads JSON of every answer.
async fn told(status: StatusCode, code: &'static str, detail: &'static str) -> Response {
    Refusal::new(status, code, detail).as_response()
}

fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn parsed<T: FromStr>(name: &str, default: T) -> Result<T, BoxError> {
    match text(name) {
        None => Ok(default),
        Some(value) => value.parse().map_err(|_| format!("{name} is not understood").into()),
    }
}

/// Good until the process ends; whoever is signed in must sign in again after that.
fn development_secret() -> Result<String, BoxError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    println!("No SECRET_KEY: made one up for this run. Restarting signs everybody out.");
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A pool for each database that a recipe can run on.
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
    /// Connects to the database that the address names.
    ///
    /// # Errors
    /// If it cannot be reached, or is of another kind.
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
            _ => Err("DATABASE_URL must begin with sqlite:, postgres: or mysql:".into()),
        }
    }
}

/// sqlx would ask a connection whether it is alive before each use: a second round trip for every
/// statement. A broken one shows as an error, and is replaced.
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

/// Where mails go.
#[derive(Clone, Debug)]
pub enum Mailer {
    /// Onto the terminal.
    Terminal,
    /// Into a file.
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
    /// One at a time, so that lines do not mix.
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

/// In place of a provider of text messages.
impl DeliveryChannel for Mailer {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        let token = delivery.token.as_ref().map(crudauth::Token::expose);
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

/// Calls a function that is generic over the database with a pool for the one that the settings
/// name.
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

/// Writes what happens to standard error; `RUST_LOG` says how much.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Resolves when the process is asked to end.
async fn asked_to_end() {
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
