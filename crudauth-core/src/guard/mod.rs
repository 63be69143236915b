//! Limits on guessing and on floods: the lockout of sign-in, and rate limits.
//!
//! Both count in a [`CounterStore`](store::CounterStore), under names that are keyed hashes.

pub(crate) mod binding;
pub mod challenges;
mod challenges_sql;
mod guess;
mod lock_state;
mod lockout;
mod lockout_config;
mod locks_sql;
mod rate_limiter;
mod rate_limits;
mod rate_limits_sql;
mod sql;
pub mod store;

pub use binding::Binding;
pub use challenges_sql::CHALLENGES;
pub(crate) use guess::Guess;
pub use lock_state::LockState;
pub use lockout::Lockout;
pub(crate) use lockout::{KnownDevice, Network, SignInAttempt};
pub use lockout_config::LockoutConfig;
pub(crate) use locks_sql::{RowLimit, row_limit};
pub use rate_limiter::{Allowed, RateLimiter, Subject};
pub use rate_limits::{Action, RateLimits};
pub use rate_limits_sql::RATE_LIMITS;
pub use sql::LOCKOUTS;
