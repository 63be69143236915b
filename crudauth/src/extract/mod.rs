//! Handler arguments: who is asking, by what transport, and whether they may.

mod api_key;
mod authorization;
#[cfg(feature = "bearer")]
mod bearer;
mod cell;
mod current_user;
mod gate;
mod middleware;
mod session;

pub(crate) use authorization::Authorization;
pub(crate) use cell::{guarded_visitor_of, owner_of, session_of, visitor_of, whoever};
pub use current_user::{CurrentUser, MaybeUser};
pub use gate::{Admission, Gate, Scope, ScopeName, Superuser, Verified, Via, scope};
pub use middleware::Guarded;
