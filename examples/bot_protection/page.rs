//! A page whose forms solve a puzzle before they are sent.

use poem::http::header;
use poem::{Response, Route, get, handler};

/// Serves the page at `/` and at the path of the mailed link, with its style sheet and script.
pub(crate) fn mount(route: Route) -> Route {
    route
        .at("/", get(html))
        .at("/verify-email", get(html))
        .at("/page.js", get(script))
        .at("/page.css", get(style))
}

#[handler]
fn html() -> Response {
    file("text/html; charset=utf-8", include_str!("page.html"))
}

#[handler]
fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("page.js"))
}

#[handler]
fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../email_password/page.css"))
}

fn file(content_type: &str, text: &'static str) -> Response {
    Response::builder()
        .content_type(content_type)
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'self'; frame-ancestors 'none'")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "strict-origin")
        .body(text)
}
