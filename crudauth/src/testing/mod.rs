//! Tools for the tests of an app, such as a signed-in browser in one line (feature `testing`).
//!
//! [`App`] wraps the app's endpoint and creates a [`Client`], a browser without pages, per person.
//! No socket is opened. Failures panic, as in any test.
//!
//! ```toml
//! [dev-dependencies]
//! crudauth = { path = "../crudauth/crudauth", features = ["testing"] }
//! ```
//!
//! A complete test, without its `#[tokio::test]`:
//!
//! ```
//! # use crudauth::{AuthUser, CurrentUser};
//! # use poem::{Endpoint, EndpointExt, Route, handler, post};
//! # #[derive(Clone, Debug, AuthUser)]
//! # struct User { id: i64, email: String, username: String }
//! # #[crudauth::routes(user = User, session, email)]
//! # struct Auth;
//! # #[handler]
//! # async fn note(_: CurrentUser<Auth, crudauth::Verified>, text: String) -> String { text }
//! # fn routes(auth: &Auth) -> impl Endpoint + use<> {
//! #     auth.mount(Route::new()).at("/notes", post(note)).with(auth.clone())
//! # }
//! use crudauth::testing::{self, ManualClock, RecordingSender};
//! use crudauth::{EmailConfig, SessionConfig};
//! use serde_json::json;
//! use sqlx::sqlite::SqlitePoolOptions;
//! use std::{sync::Arc, time::Duration};
//!
//! async fn only_verified_users_can_write_notes() {
//!     // In memory: one connection is one database.
//!     let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
//!     crudauth::migrations!(User).run(&pool).await.unwrap();
//!     let mails = RecordingSender::default();
//!     let clock = Arc::new(ManualClock::default());
//!     let auth = Auth::builder(pool, "a-secret-for-tests-of-at-least-32-bytes")
//!         .email(EmailConfig::new(mails.clone(), "https://app.example.com"))
//!         .hashing(testing::cheap_hashing())
//!         .clock(clock.clone())
//!         .build()
//!         .await
//!         .unwrap();
//!     let app = testing::App::new(&auth, routes(&auth)).mails(&mails); // your routes
//!
//!     let form = |name| json!({ "email": format!("{name}@example.com"), "username": name, "password": "a-strong-one" });
//!     let bob = app.signed_up(form("bob")).await;
//!     assert_eq!(bob.post("/notes", "hello").await.code(), "not-verified");
//!     let ada = app.verified(form("ada")).await;
//!     ada.post("/notes", "hello").await.expect_status(200);
//!
//!     clock.advance(SessionConfig::default().idle_timeout * 2);
//!     ada.post("/notes", "hello").await.expect_status(401);
//! }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
//! #     .block_on(only_verified_users_can_write_notes());
//! ```
//!
//! [`App::granted`] creates a client with an access token (slice `bearer`), and [`App::keyed`] one
//! with an API key (slice `api_keys`). [`App::bot_answer`] solves a puzzle (slice `bot_protection`).
//! [`Client::bearer`] sends any token or key. To set the clock
//! and the hashing in tests only, pass them to the function that builds the mount, or pass a
//! function from [`Builder`](crate::Builder) to `Builder`.
#![allow(clippy::panic, reason = "a failed setup fails the test")]

mod answer;
mod app;
mod client;
mod jar;

pub use crate::ManualClock;
pub use crate::channel::RecordingChannel;
pub use crate::email::{MessageKind, RecordingSender};
pub use answer::Answer;
pub use app::App;
pub use client::Client;
pub use crudauth_core::store_suite;

use crudauth_core::password::HashingConfig;

/// Returns a negligible hashing cost for tests. An unoptimized build takes a second for the
/// default.
///
/// Such hashes are weak. Without `debug_assertions`, which `cargo test` enables, this is the
/// default cost, so that no program uses weak hashes by mistake.
#[must_use]
pub fn cheap_hashing() -> HashingConfig {
    HashingConfig::cheap()
}
