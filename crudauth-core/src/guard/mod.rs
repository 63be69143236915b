//! What limits guessing and floods: the lockout of sign-in, and rate limits.

mod action;
pub mod challenges;
mod challenges_sql;
pub(crate) mod lockout;
pub(crate) mod old_store;
mod rate_limiter;
mod rate_limits;
mod sql;
pub mod store;

pub use action::Action;
pub use challenges_sql::CHALLENGES;
pub use lockout::{Lockout, LockoutConfig};
pub use rate_limiter::{Standing, Subject, Throttle};
pub use rate_limits::Allowances;
pub use sql::{LOCKOUTS, RATE_LIMITS};
