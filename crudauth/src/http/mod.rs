//! HTTP: bodies, headers, cookies and refusals, each read and written in one place.
//!
//! Called by the routes, transports and extractors. Nothing here knows the authenticated party.

pub(crate) mod body;
pub(crate) mod config;
pub(crate) mod cookie;
mod errors;
pub(crate) mod headers;
pub(crate) mod origin;
pub(crate) mod pages;
mod problem;
pub(crate) mod refusal;

pub(crate) use config::HttpConfig;
pub use config::RefreshIn;
#[cfg(feature = "openapi")]
pub(crate) use config::SESSION_COOKIE;
pub use config::{CookieConfig, Pages, SameSite};
pub(crate) use errors::capital;
pub use pages::FlashMessage;
pub use refusal::Refusal;
pub(crate) use refusal::refusals;
