//! The endpoint of one path of the library. It handles all methods of the path, so that another
//! method is answered with `Allow` and as JSON.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crudauth_core::model::{AuthUser, RedirectPath, for_client};
use crudauth_core::slices::bot_protection::PublicRoute;
use crudauth_core::task;
use futures_util::future::BoxFuture;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, Request, Response};
use tracing::{Instrument, error};

use super::Mounted;
use crate::http::Refusal;
use crate::http::body::buffer_small;
use crate::http::headers::{client_info, whole_path};
use crate::http::pages::PagePost;
use crate::slices::admit;

type Handler<U> =
    Arc<dyn Fn(Mounted<U>, Request) -> BoxFuture<'static, Result<Response, Refusal>> + Send + Sync>;

/// A path, with a handler for each of its methods.
pub struct Path<U: AuthUser> {
    pub(crate) path: &'static str,
    asks: Option<PublicRoute>,
    methods: Vec<(Method, Handler<U>)>,
}

impl<U: AuthUser> Path<U> {
    pub(crate) fn new<F, R>(method: Method, path: &'static str, handler: F) -> Self
    where
        F: Fn(Mounted<U>, Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Response, Refusal>> + Send + 'static,
    {
        Self { path, asks: None, methods: Vec::new() }.and(method, handler)
    }

    /// Asks for the answer of the bot check of the mount, if it has one at that route.
    pub(crate) fn asks(self, route: PublicRoute) -> Self {
        Self { asks: Some(route), ..self }
    }

    /// Adds a method.
    pub(crate) fn and<F, R>(mut self, method: Method, handler: F) -> Self
    where
        F: Fn(Mounted<U>, Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Response, Refusal>> + Send + 'static,
    {
        let handler: Handler<U> =
            Arc::new(move |mounted, request| Box::pin(handler(mounted, request)));
        self.methods.push((method, handler));
        self
    }

    /// Adds the methods of the same path in another slice, except for those that it has. The path asks
    /// for an answer if one of both does.
    pub(crate) fn join(&mut self, other: Self) {
        self.asks = self.asks.or(other.asks);
        for (method, handler) in other.methods {
            if self.methods.iter().all(|(known, _)| *known != method) {
                self.methods.push((method, handler));
            }
        }
    }

    pub(crate) fn endpoint(&self, mounted: &Mounted<U>) -> PathEndpoint<U> {
        let methods = self.methods.clone();
        PathEndpoint { mounted: mounted.clone(), path: self.path, asks: self.asks, methods }
    }
}

/// The poem endpoint of a [`Path`].
pub(crate) struct PathEndpoint<U: AuthUser> {
    mounted: Mounted<U>,
    path: &'static str,
    asks: Option<PublicRoute>,
    methods: Vec<(Method, Handler<U>)>,
}

impl<U: AuthUser> Endpoint for PathEndpoint<U> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let parts = self.mounted.parts();
        let keys = &parts.accounts.kit.keys;
        Ok(match PagePost::take(&mut request, self.path, &U::SHAPE, &parts.http).await {
            Ok(Some(post)) => post.redirect(self.answer(request).await, &parts.http, keys).await,
            Ok(None) => self.answer(request).await.unwrap_or_else(|refusal| refusal.to_response()),
            Err(refusal) => refusal.to_response(),
        })
    }
}

impl<U: AuthUser> PathEndpoint<U> {
    async fn answer(&self, mut request: Request) -> Result<Response, Refusal> {
        // The server omits the body of a HEAD (RFC 9110, section 9.3.2).
        let method = match request.method() {
            &Method::HEAD => &Method::GET,
            method => method,
        };
        let Some((_, handler)) = self.methods.iter().find(|(known, _)| known == method) else {
            let allowed: Vec<_> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
            return Err(Refusal::method_not_allowed(&allowed.join(", ")));
        };
        // In a task of its own: a client that disconnects cannot stop a flow halfway, and a panic
        // becomes a 500 instead of a broken connection.
        let guard = self.mounted.parts().background.guard();
        let client = client_info(&request, &self.mounted.parts().http);
        let (mounted, asks, handler) = (self.mounted.clone(), self.asks, Arc::clone(handler));
        let flow = async move {
            if let Some(route) = asks {
                admit(&mounted, route, &mut request).await?;
            }
            handler(mounted, request).await
        };
        let flow = for_client(client, flow).in_current_span();
        let answer = task::run(Box::pin(async move {
            let answer = flow.await;
            drop(guard);
            answer
        }));
        match answer.await {
            // The session proves there what its sign-in has skipped.
            Ok(Err(skipped)) if skipped.code() == "second-factor-skipped" && self.has_sudo() => {
                Err(Refusal::reauthentication_required())
            }
            Ok(answer) => answer,
            Err(error) => {
                error!(%error, "route did not finish");
                Err(Refusal::internal())
            }
        }
    }

    /// Whether the mount has the route that elevates a session.
    fn has_sudo(&self) -> bool {
        self.mounted.parts().paths.iter().any(|path| path.path == "/sudo")
    }
}

/// Redirects a path of the library with a slash at its end to the path without it, as crudauth-py
/// does. The method and the body stay (307).
pub(crate) struct WithoutSlash;

impl Endpoint for WithoutSlash {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (request, mut body) = request.split();
        buffer_small(&request, &mut body).await;
        Ok(match location_without_slash(&request) {
            Some(location) => Response::builder()
                .status(StatusCode::TEMPORARY_REDIRECT)
                .header(header::CACHE_CONTROL, "no-store")
                .header(header::LOCATION, location)
                .finish(),
            None => Refusal::not_found("Not Found").to_response(),
        })
    }
}

/// Returns the path and the query, if they cannot lead to another site: the client chooses the part
/// of the path that an app's own parameter takes.
fn location_without_slash(request: &Request) -> Option<HeaderValue> {
    let path = whole_path(request).strip_suffix('/')?;
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = RedirectPath::parse(&format!("{path}{query}"))?;
    HeaderValue::from_str(location.as_str()).ok()
}

impl<U: AuthUser> fmt::Debug for Path<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.methods.iter().map(|(method, _)| method).collect();
        f.debug_struct("Path").field("path", &self.path).field("methods", &methods).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nobody::Nobody;

    fn path() -> Path<Nobody> {
        Path::new(Method::POST, "/login", async |_, _| Err(Refusal::internal()))
    }

    #[test]
    fn a_joined_path_asks_if_one_of_both_does() {
        let asks = || path().asks(PublicRoute::Login);
        for (mut path, other) in [(path(), asks()), (asks(), path()), (asks(), asks())] {
            path.join(other);
            assert_eq!(path.asks, Some(PublicRoute::Login));
        }
    }
}
