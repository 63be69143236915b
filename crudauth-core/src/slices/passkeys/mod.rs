//! Passkeys: key pairs that an authenticator keeps for one domain, and unlocks by a PIN or a finger.
//!
//! A passkey is a way in: a sign-in with nothing typed. It also stands for a code where a second
//! factor is asked for, and proves its owner again for `sudo`. The database holds public keys only.
//!
//! The answer of an authenticator counts once: its challenge is taken in one atomic step, and the
//! counter grows by a conditional UPDATE. Removing a passkey changes the state of the account, so that
//! sessions that relied on it are invalid from then on.

#[cfg(feature = "passkeys")]
mod ceremony;
mod config;
mod error;
#[cfg(feature = "passkeys")]
mod flows;
#[cfg(feature = "passkeys")]
mod manage;
#[cfg(feature = "passkeys")]
mod models;
mod proof;
#[cfg(feature = "passkeys")]
mod prove;
#[cfg(feature = "passkeys")]
mod register;
#[cfg(feature = "passkeys")]
mod relying_party;
mod sql;
pub mod store;

use std::time::Duration;

#[cfg(feature = "passkeys")]
pub use ceremony::CeremonyOptions;
pub use config::PasskeyConfig;
pub use error::{PasskeyError, ProofError};
#[cfg(feature = "passkeys")]
pub use flows::Passkeys;
#[cfg(feature = "passkeys")]
pub use manage::{AcceptedPasskeys, RemovedPasskey};
pub use proof::{PasskeyFactor, PasskeyProof};
#[cfg(feature = "passkeys")]
pub use register::AddedPasskey;
#[cfg(feature = "passkeys")]
pub use relying_party::RelyingParty;
pub use sql::TABLE;
pub use store::{PasskeyId, StoredPasskey};

use crate::guard::Action;
use crate::guard::store::RateLimit;

/// Registrations and removals of passkeys, by account: 30 an hour by default.
pub const MANAGE: Action = Action::per_hour("passkey_manage", 30);

/// Challenges for authenticators, by client network: 120 in 5 minutes by default.
pub const OPTIONS: Action =
    Action::new("passkey_options", RateLimit::new(120, Duration::from_mins(5)));

/// Answers to challenges that do not exist, by client network: 60 in 5 minutes by default.
pub const VERIFY: Action =
    Action::new("passkey_verify", RateLimit::new(60, Duration::from_mins(5)));
