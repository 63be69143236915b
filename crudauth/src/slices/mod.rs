//! The routes: one file per slice, each route a thin caller of a flow.

mod accounts;
mod api_keys;
mod credentials;
mod device;
mod email;
mod limits;
mod logout;
pub mod markers;
mod mounted;
mod pace;
mod recovery;
mod session;
mod sessions;
mod token;
mod tokens;
