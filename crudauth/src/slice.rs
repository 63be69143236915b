//! The slices that a mount can name: markers, one for each word of `#[crudauth::routes(..)]`.

use crudauth_core::model::{AuthUser, Recoverable, RecoverableByEmail};

use crate::http::{self, Path};

/// A slice: a word in `#[crudauth::routes(..)]`, and the routes that it mounts.
#[diagnostic::on_unimplemented(
    message = "the `{Self}` slice cannot be mounted",
    label = "`{Self}` is not there",
    note = "`bearer` needs the feature `bearer` of `crudauth`"
)]
pub trait Slice<U: AuthUser> {
    /// Its routes.
    fn paths() -> Vec<Path<U>>;
}

/// `session`: cookie sessions with CSRF tokens.
///
/// `POST /login`, `POST /logout`.
#[derive(Clone, Copy, Debug)]
pub struct Session;

/// `bearer`: short-lived access tokens (JWT) and refresh tokens that work once.
///
/// `POST /token`, `POST /refresh`, `POST /logout`; with the feature `bearer-asymmetric` also
/// `GET /.well-known/jwks.json`. Needs the feature `bearer`.
#[derive(Clone, Copy, Debug)]
pub struct Bearer;

/// `api_keys`: people who are signed in make keys for their programs, see and revoke them.
///
/// `GET /api-keys`, `POST /api-keys`, `DELETE /api-keys/{id}`.
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
/// paths are those of crudauth-py for every channel.
#[derive(Clone, Copy, Debug)]
pub enum Recovery {}

impl<U: AuthUser> Slice<U> for Session {
    fn paths() -> Vec<Path<U>> {
        http::session::paths()
    }
}

#[cfg(feature = "bearer")]
impl<U: AuthUser> Slice<U> for Bearer {
    fn paths() -> Vec<Path<U>> {
        http::token::paths()
    }
}

#[cfg(feature = "bearer")]
impl<U: AuthUser> Slice<U> for Tokens {
    fn paths() -> Vec<Path<U>> {
        http::tokens::paths()
    }
}

impl<U: AuthUser> Slice<U> for ApiKeys {
    fn paths() -> Vec<Path<U>> {
        http::api_keys::paths()
    }
}

impl<U: AuthUser> Slice<U> for Sessions {
    fn paths() -> Vec<Path<U>> {
        http::sessions::paths()
    }
}

impl<U: AuthUser + RecoverableByEmail> Slice<U> for Email {
    fn paths() -> Vec<Path<U>> {
        let mut paths = http::recovery::paths();
        paths.extend(http::email::paths());
        paths
    }
}

impl<U: AuthUser + Recoverable> Slice<U> for Recovery {
    fn paths() -> Vec<Path<U>> {
        http::recovery::paths()
    }
}
