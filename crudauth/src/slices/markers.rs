//! The slices that a mount can name: markers, one for each word of `#[crudauth::routes(..)]`.

pub use crate::mount::Slice;

/// What every mount has, without a word for it.
///
/// `POST /register`, `GET /me`, `POST /change-password`, `POST /set-password`.
#[derive(Clone, Copy, Debug)]
pub enum Accounts {}

/// `session`: cookie sessions with CSRF tokens.
///
/// `POST /login`, `POST /logout`.
#[derive(Clone, Copy, Debug)]
pub struct Session;

/// `bearer`: short-lived access tokens (JWT) and refresh tokens that work once.
///
/// `POST /token`, `POST /refresh`, `POST /logout`; with the feature `bearer-asymmetric` also
/// `GET /.well-known/jwks.json`.
#[derive(Clone, Copy, Debug)]
pub struct Bearer;

/// `api_keys`: people who are signed in make keys for their programs, see and revoke them.
///
/// `GET /api-keys`, `POST /api-keys`, `DELETE /api-keys`, `DELETE /api-keys/{id}`.
#[derive(Clone, Copy, Debug)]
pub struct ApiKeys;

/// `tokens`: people see and end their own sign-ins by bearer token.
///
/// `GET /tokens`, `DELETE /tokens`, `DELETE /tokens/{id}`.
#[derive(Clone, Copy, Debug)]
pub enum Tokens {}

/// `sessions`: people see and end their own sessions.
///
/// `GET /sessions`, `DELETE /sessions/{id}`, `POST /logout-all`, `POST /csrf/refresh`.
#[derive(Clone, Copy, Debug)]
pub enum Sessions {}

/// `email`: addresses are confirmed, passwords reset and addresses changed by mailed links.
///
/// `POST /email/verify-request` and `-confirm`, `POST /password/reset-request` and `-confirm`,
/// `POST /email/change-request` and `-confirm`.
#[derive(Clone, Copy, Debug)]
pub enum Email {}

/// `recovery`: what recovers an account - an address, a phone number - is confirmed, and passwords
/// are reset, over channels of the app's own.
///
/// `POST /email/verify-request` and `-confirm`, `POST /password/reset-request` and `-confirm`; the
/// paths, and some sentences that speak of email, are those of crudauth-py for every channel. No
/// route moves an account to another number:
/// [`Accounts::set_contact`](crate::Accounts::set_contact) does.
#[derive(Clone, Copy, Debug)]
pub enum Recovery {}
