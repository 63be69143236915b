//! The slices that a mount can name, with a page for each: markers, one for each word of
//! [`#[crudauth::routes(..)]`](macro@crate::routes).

pub use crate::mount::Slice;

/// Always mounted: sign-up, the current user, and passwords.
///
#[doc = include_str!("../../docs/accounts.md")]
#[derive(Clone, Copy, Debug)]
pub enum Accounts {}

/// `session`: cookie sessions with CSRF tokens.
///
#[doc = include_str!("../../docs/sessions.md")]
#[derive(Clone, Copy, Debug)]
pub struct Session;

/// `bearer`: short-lived access tokens (JWT) and refresh tokens that work once.
///
#[doc = include_str!("../../docs/bearer.md")]
#[derive(Clone, Copy, Debug)]
pub struct Bearer;

/// `api_keys`: users create, list and revoke keys for programs.
///
#[doc = include_str!("../../docs/api_keys.md")]
#[derive(Clone, Copy, Debug)]
pub struct ApiKeys;

/// `tokens`: users list and end their own sign-ins by token. See [`Bearer`].
#[derive(Clone, Copy, Debug)]
pub enum Tokens {}

/// `sessions`: users list and end their own sessions. See [`Session`].
#[derive(Clone, Copy, Debug)]
pub enum Sessions {}

/// `email`: verification, password reset and change of address by mailed links. See [`Recovery`].
#[derive(Clone, Copy, Debug)]
pub enum Email {}

/// `recovery`: verification and password reset over channels of the app's own.
///
#[doc = include_str!("../../docs/recovery.md")]
#[derive(Clone, Copy, Debug)]
pub enum Recovery {}
