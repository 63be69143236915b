//! The middleware: prepares the authentication of each request, and sets headers of its response.

use std::sync::Arc;

use crudauth_core::model::AuthUser;
use poem::http::{HeaderValue, header};
use poem::{Endpoint, IntoResponse, Request, Response};

use super::request_auth::{MountAuth, RequestAuth};
use crate::http::Refusal;
use crate::http::cookie::{Cookies, set_cookies};
use crate::http::pages::{Visit, adopt_csrf_token};
use crate::mount::Mount;

/// An endpoint behind a mount. `app.with(auth)` creates it.
///
/// A request whose handler has no user argument costs no look-up. An `Err` of a handler is passed on
/// unchanged: it gets no `Cache-Control`, and the session cookie is renewed with the next response.
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

impl<E: Endpoint, A: Mount> Endpoint for Guarded<E, A> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let mounted = self.auth.mounted();
        let outer = request.extensions().get::<MountAuth<A>>();
        if outer.is_some_and(|outer| outer.cell.mounted.is(mounted)) {
            return Ok(self.endpoint.call(request).await?.into_response());
        }
        let cell = Arc::new(RequestAuth::new(mounted.clone()));
        // Handlers find it by the type of the mount, the library's routes by the mount itself.
        request.extensions_mut().insert(MountAuth::<A>::new(Arc::clone(&cell)));
        request.extensions_mut().insert(Arc::clone(&cell));
        let pages = mounted.parts().http.pages.as_ref();
        let visit = pages.and_then(|pages| Some((pages, Visit::of(&request)?)));
        if visit.is_some() {
            Box::pin(adopt_csrf_token(&mut request)).await?;
        }
        let mut response = match self.endpoint.call(request).await {
            Ok(response) => response.into_response(),
            Err(error) => {
                let redirect = visit.and_then(|(pages, visit)| {
                    visit.redirect(error.downcast_ref::<Refusal>()?, pages)
                });
                redirect.ok_or(error)?
            }
        };
        finish(&cell, &mut response);
        Ok(response)
    }
}

fn finish<U: AuthUser>(cell: &RequestAuth<U>, response: &mut Response) {
    let config = &cell.mounted.parts().http.cookies;
    if cell.has_read_flash() {
        set_cookies(response, config).clear_flash();
    }
    if !cell.has_found() && !cell.has_read_flash() {
        return;
    }
    // A shared cache must not keep a response for one user, unless the app allows it.
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    }
    if let (Some(session), Some(csrf)) = (cell.session(), cell.new_csrf()) {
        let lifetimes = cell.mounted.accounts().sessions().config();
        set_cookies(response, config).csrf(lifetimes, session.is_remembered(), csrf.expose());
    }
    let headers = response.headers_mut();
    let (Some(session), Some(sent)) = (cell.session(), cell.cookies_to_renew()) else { return };
    // The handler may have set or cleared the session cookie.
    let name = &cell.mounted.parts().http.cookies.session;
    let is_set = headers.get_all(header::SET_COOKIE).iter().any(|line| {
        line.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
    });
    if is_set {
        return;
    }
    let sessions = cell.mounted.accounts().sessions();
    let cookies = Cookies::new(sent, config);
    let mut csrf_tokens = cookies.csrf_tokens().into_iter();
    let csrf = csrf_tokens.find(|csrf| sessions.is_csrf_token(session, csrf));
    let mut tokens = cookies.sessions().into_iter();
    if let Some(token) = tokens.find(|token| token.digest().handle() == session.handle()) {
        set_cookies(response, config).keep_session(sessions.config(), &token, csrf);
    }
}
