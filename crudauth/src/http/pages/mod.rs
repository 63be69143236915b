//! Pages that the server renders: a browser gets redirects where a program gets JSON.
//!
//! `post.rs` turns the form of a page into a request to a route of the library and its answer into a
//! redirect; `flash.rs` carries the outcome to the next page. Called by the middleware and the routes.

mod flash;
mod post;

use crudauth_core::model::RedirectPath;
use poem::http::{Method, StatusCode, header};
use poem::{Request, Response};

use super::Refusal;
use super::config::Pages;
use super::headers::{text, whole_path};
pub use flash::FlashMessage;
pub(crate) use post::{PagePost, adopt_csrf_token};

/// A browser that shows what it gets as a page.
pub(crate) struct Visit {
    next: Option<RedirectPath>,
}

impl Visit {
    /// Returns `None` for a program, and for a script of a page.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        if !shows_pages(request) {
            return None;
        }
        let next = if request.method().is_safe() { here(request) } else { referrer(request) };
        Some(Self { next })
    }

    /// Returns the redirect to the page that helps; `None` if no page does.
    pub(crate) fn redirect(&self, refusal: &Refusal, pages: &Pages) -> Option<Response> {
        Some(see_other(&with_next(page_for(refusal, pages)?, self.next.as_ref())))
    }
}

/// Returns the page that helps a person whose request was refused for this reason.
fn page_for<'p>(refusal: &Refusal, pages: &'p Pages) -> Option<&'p str> {
    match refusal.code {
        "not-authenticated" => Some(&pages.sign_in),
        "reauthentication-required" | "sign-in-too-old" => {
            Some(pages.fresh_proof.as_ref().unwrap_or(&pages.sign_in))
        }
        _ => None,
    }
}

/// Returns `true` if a browser sent the request to show the answer as a page.
fn shows_pages(request: &Request) -> bool {
    let headers = request.headers();
    let accepts = text(headers, header::ACCEPT).unwrap_or_default();
    let mode = headers.get("sec-fetch-mode");
    let is_navigation = mode.is_none_or(|mode| mode.as_bytes() == b"navigate");
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD | Method::POST);
    is_page && is_navigation && accepts.split(',').any(|kind| kind.trim().starts_with("text/html"))
}

/// Returns the path and the query of the request.
fn here(request: &Request) -> Option<RedirectPath> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    RedirectPath::parse(&format!("{}{query}", whole_path(request)))
}

/// Returns the page that sent the request, if it is a page of this site.
fn referrer(request: &Request) -> Option<RedirectPath> {
    let page: poem::http::Uri = text(request.headers(), header::REFERER)?.parse().ok()?;
    let host = text(request.headers(), header::HOST)?;
    if !page.authority()?.as_str().eq_ignore_ascii_case(host) {
        return None;
    }
    RedirectPath::parse(page.path_and_query()?.as_str())
}

/// Adds `next` to the query of a page.
fn with_next(page: &str, next: Option<&RedirectPath>) -> String {
    let Some(next) = next else { return page.to_owned() };
    let separator = if page.contains('?') { '&' } else { '?' };
    let next = serde_urlencoded::to_string([("next", next.as_str())]).unwrap_or_default();
    format!("{page}{separator}{next}")
}

/// Builds a redirect that the browser follows with GET.
fn see_other(location: &str) -> Response {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::LOCATION, location)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, headers: &[(&'static str, &str)]) -> Request {
        let request = Request::builder().method(method).uri_str("/reports?year=2026");
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .finish()
    }

    fn redirected(request: &Request) -> Option<String> {
        let pages = Pages::new("/login");
        let response = Visit::of(request)?.redirect(&Refusal::not_authenticated(), &pages)?;
        Some(response.header(header::LOCATION)?.to_owned())
    }

    #[test]
    fn a_browser_is_sent_to_the_sign_in_page_and_back() {
        let browser = asked(Method::GET, &[("accept", "text/html,application/xml;q=0.9")]);
        assert_eq!(redirected(&browser).unwrap(), "/login?next=%2Freports%3Fyear%3D2026");
    }

    #[test]
    fn a_program_and_a_script_get_no_page() {
        assert!(redirected(&asked(Method::GET, &[])).is_none());
        assert!(redirected(&asked(Method::GET, &[("accept", "*/*")])).is_none());
        assert!(redirected(&asked(Method::DELETE, &[("accept", "text/html")])).is_none());
        let script = [("accept", "text/html"), ("sec-fetch-mode", "cors")];
        assert!(redirected(&asked(Method::GET, &script)).is_none());
    }

    #[test]
    fn a_refused_form_returns_to_its_own_page_and_to_no_other_site() {
        let from = |page| {
            let headers = [("accept", "text/html"), ("host", "app.example"), ("referer", page)];
            redirected(&asked(Method::POST, &headers)).unwrap()
        };
        assert_eq!(from("https://app.example/notes?a=1"), "/login?next=%2Fnotes%3Fa%3D1");
        for other in ["https://evil.example/notes", "https://app.example//evil.example", "notes"] {
            assert_eq!(from(other), "/login", "{other}");
        }
    }

    #[test]
    fn another_refusal_stays_as_it_is() {
        let browser = asked(Method::GET, &[("accept", "text/html")]);
        let visit = Visit::of(&browser).unwrap();
        assert!(visit.redirect(&Refusal::denied(), &Pages::new("/login")).is_none());
    }
}
