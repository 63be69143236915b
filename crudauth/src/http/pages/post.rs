//! The form of a page, sent to a route of the library: the fields of a form instead of JSON, and a
//! redirect instead of an answer in JSON.

use crudauth_core::model::{ChallengeToken, KeyRing, RedirectPath, Shape};
use poem::http::{HeaderName, HeaderValue, Method, header};
use poem::{Body, Request, Response};
use serde_json::{Map, Value};

use super::flash::FlashMessage;
use super::{Pages, page_for, referrer, see_other, shows_pages, with_next};
use crate::http::body::{self, FromPage, URL_ENCODED};
use crate::http::cookie::set_cookies;
use crate::http::origin::refuse_cross_site;
use crate::http::{HttpConfig, Refusal};

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// The members of answers that a page does without. An answer with another member holds what a person
/// must see, such as recovery codes, and stays as it is.
const NOT_SHOWN: [&str; 22] = [
    "detail",
    "device",
    "id",
    "user_id",
    "username",
    "email",
    "csrf_token",
    "revoked",
    "tokens_revoked",
    "mfa_required",
    "challenge",
    "expires_in",
    "methods",
    "redirect_to",
    "elevated",
    "until",
    "deleted_at",
    "enabled",
    "removed",
    "is_superuser",
    "scopes",
    "via",
];

/// The ending of a member of `/me`, which begins with the column of the verified address.
const VERIFIED: &str = "_verified";

/// A provider makes the browser send its form here from another site.
const FROM_OTHER_SITES: &str = "/oauth/:provider/callback";

/// The routes whose page is of no use after the form was accepted.
const LEFT: [&str; 6] =
    ["/login", "/email-login/confirm", "/mfa/verify", "/logout", "/logout-all", "/sudo"];

/// A form of a page.
pub(crate) struct PagePost {
    route: &'static str,
    /// The page of the form.
    page: Option<RedirectPath>,
    next: Option<RedirectPath>,
    values: Vec<(String, String)>,
    challenge: Option<ChallengeToken>,
}

impl PagePost {
    /// Prepares the request for a route that reads JSON; `None` if no page sent it.
    ///
    /// The field `csrf_token` stands for the header `X-CSRF-Token`, `_method` for the method that an
    /// HTML form cannot have, `next` names the page after a success, and `page` the page of the form
    /// if it hides its address (`Referrer-Policy: no-referrer`).
    pub(crate) async fn take(
        request: &mut Request,
        route: &'static str,
        shape: &Shape,
        config: &HttpConfig,
    ) -> Result<Option<Self>, Refusal> {
        if config.pages.is_none() || route == FROM_OTHER_SITES || !is_form_of_page(request) {
            return Ok(None);
        }
        refuse_cross_site(request, config)?;
        let fields = body::fields(request).await?;
        let page = referrer(request);
        let mut post = Self { route, page, next: None, values: Vec::new(), challenge: None };
        let mut rest = Vec::new();
        for (name, value) in fields {
            match &*name {
                "csrf_token" => set_csrf_token(request, &value),
                "_method" => set_method(request, &value),
                "next" => post.next = RedirectPath::parse(&value),
                "page" => post.page = RedirectPath::parse(&value).or(post.page),
                _ => {
                    if name == "challenge" {
                        post.challenge = ChallengeToken::parse(&value);
                    } else if is_shown(shape, &name) {
                        post.keep(&name, &value);
                    }
                    rest.push((name, value));
                }
            }
        }
        request.set_body(serde_urlencoded::to_string(rest).unwrap_or_default());
        request.extensions_mut().insert(FromPage);
        Ok(Some(post))
    }

    /// Keeps the first value of a field. The route refuses a repeated one.
    fn keep(&mut self, name: &str, value: &str) {
        if self.values.iter().all(|(kept, _)| kept != name) {
            self.values.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Turns the answer of the route into a redirect.
    pub(crate) async fn redirect(
        self,
        answer: Result<Response, Refusal>,
        config: &HttpConfig,
        keys: &KeyRing,
    ) -> Response {
        let Some(pages) = &config.pages else {
            return answer.unwrap_or_else(|refusal| refusal.to_response());
        };
        let (location, message, answered) = match answer {
            Ok(answered) if !answered.status().is_success() => return answered,
            Ok(answered) => match told(answered).await {
                Ok((body, answered)) => {
                    let (location, message) = self.accepted(&body, pages);
                    (location, message, Some(answered))
                }
                Err(answered) => return answered,
            },
            Err(refusal) => {
                let (location, message) = self.refused(&refusal, pages);
                (location, message, None)
            }
        };
        let mut response = see_other(&location);
        let cookies = answered.iter().flat_map(|one| one.headers().get_all(header::SET_COOKIE));
        for cookie in cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie.clone());
        }
        set_cookies(&mut response, &config.cookies).flash(&message.sealed(keys));
        response
    }

    fn accepted(self, body: &Map<String, Value>, pages: &Pages) -> (String, FlashMessage) {
        let said = |member: &str| body.get(member).and_then(Value::as_str).map(str::to_owned);
        let (route, challenge) = (self.route.to_owned(), said("challenge"));
        if body.contains_key("mfa_required") {
            let page = pages.second_step.as_ref().unwrap_or(&pages.sign_in);
            let code = "second-factor".to_owned();
            let message = FlashMessage { route, code, challenge, ..FlashMessage::default() };
            return (with_next(page, self.next.as_ref()), message);
        }
        let page = if LEFT.contains(&self.route) { None } else { self.page };
        let asked = said("redirect_to").and_then(|path| RedirectPath::parse(&path));
        let next = self.next.or(asked).or(page);
        let location = next.as_ref().map_or(&*pages.home, RedirectPath::as_str).to_owned();
        let (code, detail) = ("ok".to_owned(), said("detail").unwrap_or_default());
        (location, FlashMessage { route, code, detail, challenge, ..FlashMessage::default() })
    }

    /// Back to the page of the form, or to the page that helps.
    fn refused(self, refusal: &Refusal, pages: &Pages) -> (String, FlashMessage) {
        let message = FlashMessage {
            values: self.values,
            challenge: self.challenge.map(|challenge| challenge.expose().to_owned()),
            ..FlashMessage::refused(self.route, refusal)
        };
        let location = match (page_for(refusal, pages), &self.page) {
            (Some(page), back) => with_next(page, back.as_ref()),
            (None, Some(back)) => back.as_str().to_owned(),
            (None, None) => pages.sign_in.clone(),
        };
        (location, message)
    }
}

/// Whether a field holds an identifier or a column of a sign-up, which a page may show again.
fn is_shown(shape: &Shape, field: &str) -> bool {
    let named = shape.identifiers.iter().map(|column| column.name);
    let asked = shape.asked.iter().map(|(name, _)| *name);
    // The sign-in takes any identifier as `username`.
    named.chain(asked).chain(["username"]).any(|name| name == field)
}

/// Reads the members of an answer.
///
/// # Errors
/// The answer, if a person must see it.
async fn told(mut answered: Response) -> Result<(Map<String, Value>, Response), Response> {
    let bytes = answered.take_body().into_bytes().await.unwrap_or_default();
    let members: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    let is_left_out =
        |member: &String| NOT_SHOWN.contains(&&**member) || member.ends_with(VERIFIED);
    if members.keys().all(is_left_out) {
        return Ok((members, answered));
    }
    answered.set_body(Body::from_bytes(bytes));
    Err(answered)
}

/// Sets the CSRF token of a request to a route of the app from the field `csrf_token` of its form. The
/// body can still be read afterwards.
///
/// # Errors
/// The body did not arrive, so that the handler could not read it either.
pub(crate) async fn adopt_csrf_token(request: &mut Request) -> Result<(), Refusal> {
    if !is_form_of_page(request) || request.headers().contains_key(CSRF) {
        return Ok(());
    }
    let Some(bytes) = body::small(request).await? else { return Ok(()) };
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes).unwrap_or_default();
    if let Some((_, token)) = fields.iter().find(|(name, _)| name == "csrf_token") {
        set_csrf_token(request, token);
    }
    request.set_body(bytes);
    Ok(())
}

/// Returns `true` if a browser sent a form, and shows the answer as a page.
fn is_form_of_page(request: &Request) -> bool {
    *request.method() == Method::POST
        && body::media_type(request) == URL_ENCODED
        && shows_pages(request)
}

/// A header of the request counts before the field.
fn set_csrf_token(request: &mut Request, token: &str) {
    if let Ok(mut token) = HeaderValue::from_str(token) {
        token.set_sensitive(true);
        request.headers_mut().entry(CSRF).or_insert(token);
    }
}

fn set_method(request: &mut Request, method: &str) {
    let others = [Method::DELETE, Method::PATCH, Method::PUT];
    if let Some(method) = others.into_iter().find(|one| one.as_str().eq_ignore_ascii_case(method)) {
        request.set_method(method);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[tokio::test]
    async fn a_form_that_does_not_arrive_is_refused() {
        let parts = [Ok(&b"csrf_token=a&"[..]), Err(Error::from(ErrorKind::ConnectionReset))];
        let mut request = Request::builder()
            .method(Method::POST)
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, URL_ENCODED)
            .header(header::CONTENT_LENGTH, "20")
            .body(Body::from_bytes_stream(futures_util::stream::iter(parts)));
        let refusal = adopt_csrf_token(&mut request).await.unwrap_err();
        assert_eq!(refusal.code(), "invalid-fields", "the handler must not read an empty body");
    }
}
