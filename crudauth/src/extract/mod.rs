//! Handler arguments: who is asking, by what transport, and whether they may.

mod current_user;
mod flash;
mod guard;
mod middleware;
mod request_auth;
mod ticket_user;

pub use current_user::{CurrentUser, MaybeUser};
pub use flash::Flash;
pub use guard::guard;
pub use middleware::Guarded;
pub(crate) use request_auth::{
    any_principal, guarded_visitor_of, not_impersonated, owner_of, session_of, visitor_of,
};
pub use ticket_user::TicketUser;
