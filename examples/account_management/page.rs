//! A page that drives every route of the account: sign-in by passkey or in two steps, second factor,
//! devices, fresh proof, export and deletion, and the view of superusers.

use poem::http::header;
use poem::{Response, Route, get, handler};

/// Serves the page at `/` and at the paths of mailed links, with its style sheet and script.
pub(crate) fn mount(route: Route) -> Route {
    route
        .at("/", get(html))
        .at("/verify-email", get(html))
        .at("/reset-password", get(html))
        .at("/confirm-email-change", get(html))
        .at("/delete-account", get(html))
        .at("/restore-account", get(html))
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

/// The QR code of an authenticator is an image in the page itself.
const POLICY: &str = "default-src 'self'; img-src data:; frame-ancestors 'none'";

fn file(content_type: &str, text: &'static str) -> Response {
    Response::builder()
        .content_type(content_type)
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "strict-origin")
        .body(text)
}
