//! Every flow, over HTTP and as a plain call, on each database.
//!
//! One binary, so that the library is linked once. Under `cargo test` its tests are threads of one
//! process: no test may rely on state of the process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod addresses;
mod allowances;
mod api_keys;
mod calls;
mod concurrency;
mod csrf;
mod delivery;
mod devices;
mod email_change;
mod gates;
mod guesses;
mod hanging_up;
mod input;
mod legacy;
mod links;
mod lockout;
mod login;
mod password_policy;
mod passwords;
mod recovery;
mod recovery_by_phone;
mod register;
mod requests;
mod secrets;
mod session;
mod sessions_list;
mod settings;
mod silence;
mod testing;
mod tokens;
mod transports;
