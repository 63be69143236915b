//! Handler arguments: who is asking, and whether they may.

mod cell;
mod current_user;
mod gate;
mod middleware;
mod principal;

pub(crate) use cell::{principal_of, visitor_of};
pub use current_user::{CurrentUser, MaybeUser};
pub use gate::{Gate, Superuser, Verified};
pub use middleware::Guarded;
pub use principal::{Principal, Proof};
