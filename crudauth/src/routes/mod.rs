//! The routes: one file per slice, each route a thin caller of a flow.

mod accounts;
mod api_keys;
mod credentials;
mod email;
mod limits;
mod logout;
mod pace;
mod recovery;
mod session;
mod sessions;
mod slices;
#[cfg(feature = "bearer")]
mod token;
#[cfg(feature = "bearer")]
mod tokens;
