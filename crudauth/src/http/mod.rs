//! The HTTP side: one file per slice, each route a thin caller of a flow.

pub(crate) mod accounts;
mod body;
mod config;
mod cookie;
pub(crate) mod email;
mod endpoint;
mod headers;
mod limits;
mod origin;
mod pace;
mod paths;
pub(crate) mod recovery;
mod refusal;
pub(crate) mod session;
pub(crate) mod sessions;

pub(crate) use config::HttpConfig;
pub use config::{CookieConfig, SameSite};
pub(crate) use cookie::{cookies_of, keep_session};
pub(crate) use endpoint::NotFound;
pub(crate) use endpoint::Path;
pub use paths::Paths;
pub use refusal::Refusal;
