//! The middleware: gives every request its cell, and writes what only an answer can carry.

use std::sync::Arc;

use crudauth_core::model::AuthUser;
use poem::http::{HeaderValue, header};
use poem::{Endpoint, IntoResponse, Request, Response};

use super::request_auth::{Cell, CellOf};
use crate::http::cookie::{cookies_of, keep_session};
use crate::mount::Mount;

/// An endpoint behind a mount: `app.with(auth)` makes it.
///
/// A request whose handler asks for nobody is passed on as it is and costs no look-up. What a handler
/// answers as an `Err` is left as it is, for whoever catches it further out: it gets no
/// `Cache-Control`, and a session's cookie is renewed with the next answer.
#[derive(Debug)]
pub struct Guarded<E, A> {
    auth: A,
    endpoint: E,
}

impl<E, A> Guarded<E, A> {
    /// Puts `endpoint` behind `auth`.
    pub fn new(auth: A, endpoint: E) -> Self {
        Self { auth, endpoint }
    }
}

/// What the answer is marked with once somebody was found: kept from the request, which the
/// endpoint takes.
struct Sent {
    token: Option<crudauth_core::model::Token>,
    csrf: Option<String>,
}

impl<E: Endpoint, A: Mount> Endpoint for Guarded<E, A> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let mounted = self.auth.mounted();
        let config = &mounted.parts().http.cookies;
        let cookies = cookies_of(&request, config);
        let sent = Sent { token: cookies.session(), csrf: cookies.csrf().map(str::to_owned) };
        let cell = Arc::new(Cell::new(mounted.clone()));
        // Handlers ask by the mount's type, the library's own routes by the mount itself.
        request.extensions_mut().insert(CellOf::<A>::new(Arc::clone(&cell)));
        request.extensions_mut().insert(Arc::clone(&cell));
        let mut response = self.endpoint.call(request).await?.into_response();
        finish(&cell, sent, &mut response);
        Ok(response)
    }
}

fn finish<U: AuthUser>(cell: &Cell<U>, sent: Sent, response: &mut Response) {
    if !cell.has_found() {
        return;
    }
    // What was made for one person is no shared cache's to keep, unless the app says so.
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    }
    let Some(visit) = cell.session() else { return };
    // An answer that sets or clears the session's cookie has the last word on it.
    let name = &cell.mounted.parts().http.cookies.session;
    let says_more = headers.get_all(header::SET_COOKIE).iter().any(|line| {
        line.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    });
    if visit.has_slid() && visit.session.is_remembered && !says_more {
        let sessions = cell.mounted.accounts().sessions();
        let csrf = sent.csrf.filter(|csrf| sessions.is_csrf_token(visit, csrf));
        if let Some(token) = sent.token {
            let config = &cell.mounted.parts().http.cookies;
            keep_session(response, config, sessions.config(), &token, csrf.as_deref());
        }
    }
}
