//! Handler arguments: who is asking, by what transport, and whether they may.

mod cell;
mod current_user;
mod gate;
mod middleware;
mod principal;
mod session;
mod transport;

pub(crate) use cell::{guarded_visitor_of, principal_of, session_of, visitor_of};
pub use current_user::{CurrentUser, MaybeUser};
pub use gate::{Gate, Scope, ScopeName, Superuser, Verified, Via};
pub use middleware::Guarded;
pub use principal::{Principal, Proof};
pub use transport::{Transport, Transports};
