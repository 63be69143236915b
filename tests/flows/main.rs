//! Every flow, over HTTP and as a plain call, on each database.
//!
//! One binary, so that the library is linked once. `cargo test` runs its tests as threads of one
//! process: no test may rely on process-wide state.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod addresses;
mod api_keys;
mod bearer;
mod bot_protection;
mod calls;
mod cancellation;
mod concurrency;
mod concurrent_guesses;
mod cookies;
mod csrf;
mod devices;
mod email;
mod email_change;
mod email_login;
mod enumeration;
mod gates;
mod input;
mod legacy;
mod links;
mod lockout;
mod login;
mod messages;
mod mfa;
mod openapi;
mod origins;
mod other_sites;
mod own_stores;
mod pages;
mod password_policy;
mod passwords;
mod rate_limits;
mod recovery;
mod register;
mod requests;
mod secrets;
mod session;
mod sessions;
mod settings;
mod sub_trees;
mod testing;
mod trailing_slash;
mod transports;
