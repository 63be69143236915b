//! The rules of crudauth, without a web framework.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`model`] | the words everyone uses: identifiers, accounts, tokens, keys |
//! | [`ports`] | what the outside fills in: clock, randomness, stores |
//! | [`password`] | argon2id on a bounded pool, the policy, the block list |
//! | [`register`] | signing up |
//! | [`login`] | signing in by password, and the lockout that guards it |
//! | [`session`] | sessions: finding, listing, ending them |
//! | `bearer` | access and refresh tokens (feature `bearer`) |
//! | [`api_keys`] | keys for programs |
//! | [`account`] | what a signed-in person does to their password; what an administrator does |
//! | [`recovery`] | proving, resetting, moving: what mailed links do |
//! | [`ratelimit`] | allowances |
//! | [`delivery`] | messages, their senders, and the queue between |
//! | [`storage`] | the stores over SQL, and migrations |
//!
//! Arrows point down only: slices use `ports` and `model`, `storage` fills `ports`; the crate
//! `crudauth` wires them together and speaks HTTP. Use that one; this crate's interface may change
//! between releases of it.

// The implementations in the documentation of the ports name the crate as its users do.
#[cfg(test)]
extern crate self as crudauth_core;

mod clock;
mod config_error;
mod event;
mod kit;
mod random;
mod settings;
mod store_error;

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
pub use config_error::{ConfigError, InvalidLegacyHash, InvalidRedisUrl};
pub use event::Event;
pub use kit::Kit;
pub use store_error::StoreError;

#[cfg(all(test, feature = "sqlite"))]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]
mod testing_world;
