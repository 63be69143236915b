//! The HTTP side: one file per slice, each route a thin caller of a flow.

pub(crate) mod accounts;
pub(crate) mod api_keys;
mod body;
mod config;
mod cookie;
mod credentials;
pub(crate) mod email;
mod endpoint;
mod headers;
mod limits;
mod logout;
mod origin;
mod pace;
mod paths;
pub(crate) mod recovery;
mod refusal;
pub(crate) mod session;
pub(crate) mod sessions;
#[cfg(feature = "bearer")]
pub(crate) mod token;
#[cfg(feature = "bearer")]
pub(crate) mod tokens;

pub(crate) use config::HttpConfig;
#[cfg(feature = "bearer")]
pub use config::RefreshIn;
pub use config::{CookieConfig, SameSite};
pub(crate) use cookie::{cookies_of, keep_session};
pub(crate) use endpoint::NotFound;
pub(crate) use endpoint::Path;
pub use paths::Paths;
pub use refusal::Refusal;
