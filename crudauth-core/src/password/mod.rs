//! Passwords: what was typed, what is stored of it, and the cost between the two.
//!
//! - [`Password`] is what a person typed, in one Unicode form, wiped when dropped.
//! - [`PasswordPolicy`] says whether it may become somebody's password. It is asked when one is
//!   chosen, never at a login.
//! - [`BreachService`](breach::BreachService) is asked by the policy, if there is one, whether the
//!   password is known from a data breach; it learns neither the password nor its digest.
//! - [`HashingPool`] turns it into a [`PasswordHash`] and compares the two, on a bounded number of
//!   threads and in a bounded amount of memory.
//! - [`LegacyHash`] is a format of hashes that another system made, which the pool reads as well.
//!
//! What this slice promises:
//! - a hash is argon2id in the PHC string form, with a salt of its own (RFC 9106; OWASP's Password
//!   Storage Cheat Sheet);
//! - an account without a password, and one with a damaged hash, cost what a real one costs: the
//!   time of an answer does not tell who exists;
//! - a hash that another system made opens its account everywhere, and only until its owner's next
//!   sign-in, which replaces it; a table without such hashes pays nothing for them;
//! - too many hashes at once are [`Busy`], at once or after a set patience, and never a queue or a
//!   memory that grows without end;
//! - a password is not cut: every byte of up to [`MAX_BYTES`] counts.
//!
//! Called by the flows that take a password: register, login, recovery and account.

mod argon;
pub mod breach;
mod candidate;
mod common;
mod config;
mod field;
mod legacy;
mod memory;
mod policy;
mod pool;
mod typed;

pub use crate::model::PasswordHash;
pub use candidate::Candidate;
pub use config::HashingConfig;
pub use field::read_password;
pub(crate) use field::{check, judge};
#[cfg(feature = "legacy-hashes")]
pub use legacy::{Bcrypt, CrudauthPy, Pbkdf2, Scrypt};
pub use legacy::{LegacyHash, default_formats};
pub use policy::{PasswordPolicy, PolicyViolation};
pub use pool::{Busy, HashingPool, Verdict};
pub use typed::{MAX_BYTES, Password, PasswordTooLong};
