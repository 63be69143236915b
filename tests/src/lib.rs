//! Shared by the tests: an app on each database, browsers with cookies, a manual clock and the sent
//! mails.
//!
//! `cargo xtask test` starts the servers and sets their URLs in the environment.
#![allow(clippy::disallowed_methods, reason = "tests read the environment and the clock")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]
#![allow(missing_docs, missing_debug_implementations, reason = "for this crate's own tests")]

mod app;
mod authenticator;
mod browser;
mod concurrent;
mod database;
pub mod failed_logins;
mod flows;
mod log;
mod pools;
mod postgres;
mod program;
mod redis;
mod routes;
mod servers;
pub mod tokens;
mod totp;

pub use app::{
    App, AppBuilder, Auth, FRONTEND, PASSWORD, SECRET, Setting, Unlimited, User, patient_hashing,
    sign_up,
};
pub use authenticator::Authenticator;
pub use browser::{Answer, Browser};
pub use concurrent::{concurrently, count_status};
pub use database::{Database, Kind};
pub use flows::every_flow_works;
pub use log::{Log, Statements};
pub use postgres::PostgresServer;
pub use program::{Program, example, parse_answer, session};
pub use redis::RedisServer;
pub use routes::{OwnerRoute, owner_routes};
pub use servers::Server;
pub use totp::{key_of, totp};

/// Turns each `async fn name(app: App)` into three tests: `name::sqlite`, `name::postgres` and
/// `name::mysql`.
#[macro_export]
macro_rules! on_every_database {
    ($($(#[$attribute:meta])* async fn $name:ident($app:ident: App) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every promise needs all that its file does")]
            use super::*;

            $(#[$attribute])*
            async fn promise($app: $crate::App) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                promise($crate::App::on($crate::Kind::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                promise($crate::App::on($crate::Kind::Postgres).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mysql() {
                promise($crate::App::on($crate::Kind::MySql).await).await;
            }
        }
    )*};
}
