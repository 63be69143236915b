//! Passwords: input, policy, hashing and verification.
//!
//! - [`Password`]: a password as a person typed it, normalized and wiped when dropped.
//! - [`PasswordPolicy`]: the rules for a new password. It does not apply at sign-in.
//! - [`BreachService`](breach::BreachService): looks up whether a password is in a known data
//!   breach. It learns neither the password nor its digest.
//! - [`HashingPool`]: makes and verifies a [`PasswordHash`], on a bounded number of threads and in
//!   a bounded amount of memory.
//! - [`LegacyHash`]: a hash format of another system, which the pool verifies as well.
//!
//! Promises:
//! - A hash is argon2id as a PHC string, with its own salt (RFC 9106; OWASP Password Storage Cheat
//!   Sheet).
//! - An account without a password, or with a damaged hash, costs as much time as a real one, so
//!   that response times do not reveal accounts.
//! - A hash of another system verifies everywhere, until the account's next sign-in replaces it. A
//!   table without such hashes pays nothing for them.
//! - If too many hashes are requested, callers get [`Busy`] at once or after a timeout. Queue and
//!   memory are bounded.
//! - A password is never truncated: every byte counts, up to [`MAX_BYTES`].
//!
//! Called by the flows that take a password: sign-up, sign-in, recovery and password change.

mod argon;
pub mod breach;
mod candidate;
mod common;
mod config;
mod form;
mod legacy;
mod memory;
mod policy;
mod pool;
mod shares;
mod typed;

pub use crate::model::PasswordHash;
pub(crate) use argon::head as argon2_head;
pub use candidate::Candidate;
pub use config::HashingConfig;
pub(crate) use form::policy_errors;
#[cfg(feature = "legacy-hashes")]
pub use legacy::{Argon2, Bcrypt, CrudauthPy, Pbkdf2, Phpass, Scrypt, WordPress};
pub use legacy::{LegacyHash, default_formats};
pub use policy::{PasswordPolicy, PolicyViolation};
pub use pool::{Busy, HashingPool, Verdict};
pub(crate) use shares::Shares;
pub use typed::{MAX_BYTES, Password, PasswordTooLong};
