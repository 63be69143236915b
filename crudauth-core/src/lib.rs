//! The rules of crudauth, without a web framework.
//!
//! | module | contents |
//! | --- | --- |
//! | [`slices`] | the features: accounts, sign-in, sessions, tokens, API keys, recovery |
//! | [`principal`] | the caller of a request: account, role, scopes, credential |
//! | [`event`] | what happens to accounts, and its subscribers |
//! | [`guard`] | lockout, rate limits and challenges |
//! | [`hooks`] | decisions of the app before sign-up and sign-in |
//! | [`notify`] | messages to owners, their channels and background jobs |
//! | [`password`] | argon2id on a bounded pool, the policy, hashes of other systems |
//! | [`form`] | fields of a request and their errors |
//! | [`stores`] | stores in memory and in Redis, and the tests that each store passes |
//! | [`migrate`] | comparison of the live tables with the user struct |
//! | [`sql`] | statements for three databases from one template |
//! | [`model`] | identifiers, accounts, secrets and digests |
//!
//! Imports point down only. Each slice has its port (`store.rs`) and the SQL behind it (`sql.rs`).
//! The crate `crudauth` wires the slices together and speaks HTTP. Use that one; this crate's
//! interface may change between its releases.

// The implementations in the documentation of the ports name the crate as its users do.
#[cfg(test)]
extern crate self as crudauth_core;

pub mod account_store;
mod clock;
#[doc(hidden)]
pub mod compiled;
mod config_error;
pub mod hooks;
mod kit;
mod opaque;
mod random;
mod settings;
mod sign_up_policy;
mod store_error;
#[doc(hidden)]
pub mod task;
mod unmounted;

pub mod event;
pub mod form;
pub mod guard;
pub mod migrate;
pub mod model;
pub mod notify;
pub mod password;
pub mod principal;
pub mod slices;
pub mod sql;
pub mod stores;

pub use clock::{Clock, ManualClock, SystemClock};
pub use config_error::ConfigError;
pub use kit::Kit;
pub use sign_up_policy::SignUpPolicy;
pub use store_error::StoreError;

#[cfg(all(test, feature = "sqlite"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]
mod testing_world;
