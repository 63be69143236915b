//! What limits guessing and floods: the lockout of sign-in, and rate limits.

mod action;
pub mod challenges;
pub(crate) mod lockout;
pub(crate) mod old_store;
mod rate_limiter;
mod rate_limits;
mod sql;
pub mod store;

pub use action::Action;
pub use lockout::{Lockout, LockoutConfig};
pub use rate_limiter::{Standing, Subject, Throttle};
pub use rate_limits::RateLimits;
pub use store::RateLimit;
