//! Who acts in a request, and how they proved it.

use crudauth_core::model::{Account, AuthUser};
use crudauth_core::session::Visit;
use poem::Request;
use poem::http::{HeaderName, Method};

use crate::http::Refusal;
use crate::mount::Mounted;

/// Who acts in a request, and how they proved it.
#[derive(Clone, Debug)]
pub struct Principal<U: AuthUser> {
    visit: Visit<U>,
}

/// How a request was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// By a session cookie.
    Session,
}

impl Proof {
    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
        }
    }
}

impl<U: AuthUser> Principal<U> {
    pub(super) fn new(visit: Visit<U>) -> Self {
        Self { visit }
    }

    /// What the app declared of the account.
    #[must_use]
    pub fn user(&self) -> &U {
        &self.visit.account.user
    }

    /// The account, as it was when the request came in.
    #[must_use]
    pub fn account(&self) -> &Account<U> {
        &self.visit.account
    }

    /// How the request was proved.
    #[must_use]
    pub fn proof(&self) -> Proof {
        Proof::Session
    }

    /// The session, for calls of [`Accounts`](crate::Accounts).
    #[must_use]
    pub fn visit(&self) -> &Visit<U> {
        &self.visit
    }

    /// An unsafe request must bring the session's CSRF token along in `X-CSRF-Token`: a page of
    /// another site can make a browser send the cookie, but cannot read the token.
    pub(crate) fn check_csrf(
        &self,
        mounted: &Mounted<U>,
        request: &Request,
    ) -> Result<(), Refusal> {
        const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
        let is_safe = matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
        );
        if is_safe {
            return Ok(());
        }
        let sent = request.headers().get(CSRF).map_or(&b""[..], |value| value.as_bytes());
        if sent.is_empty() {
            return Err(Refusal::csrf_missing());
        }
        let sessions = mounted.accounts().sessions();
        let is_right =
            std::str::from_utf8(sent).is_ok_and(|sent| sessions.is_csrf_token(&self.visit, sent));
        if is_right { Ok(()) } else { Err(Refusal::csrf_invalid()) }
    }
}
