//! `POST /login`; `POST /logout` is in `logout.rs`, since it ends more than sessions.

use crudauth_core::model::{AuthUser, Form, IdentifierKind, Mistake, Rule};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::credentials::{Credentials, check_grant};
use crate::http::cookie::{cookies_of, set_session};
use crate::http::headers::json as answer;
use crate::http::origin::refuse_cross_site;
use crate::http::{Refusal, body};
use crate::mount::{Mounted, Path};

/// The routes of the `session` slice.
pub(crate) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![Path::new(Method::POST, "/login", login)]
}

async fn login<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    let form = body::form(&mut request).await?;
    let (credentials, is_remembered) = read(form).map_err(Refusal::mistakes)?;
    refuse_cross_site(&request, &parts.http)?;
    let mut attempt = credentials.attempt(&request, &parts.http);
    attempt.opening.is_remembered = is_remembered;
    attempt.opening.replaces = cookies_of(&request, &parts.http.cookies).session();
    let signed_in = mounted.accounts().sign_in(attempt).await?;
    let user = &signed_in.account.user;
    let username = signed_in.account.named(IdentifierKind::Username);
    let body = json!({
        "id": user.id(),
        "username": username,
        "csrf_token": signed_in.session.csrf.expose(),
    });
    let mut response = answer(StatusCode::OK, &body)?;
    let lifetimes = mounted.accounts().sessions().config();
    let cookies = &parts.http.cookies;
    set_session(&mut response, cookies, lifetimes, &signed_in.session, &signed_in.device);
    Ok(response)
}

/// The form, and whether the session is to outlive the browser.
fn read(mut form: Form) -> Result<(Credentials, bool), Vec<Mistake>> {
    let credentials = Credentials::read(&mut form);
    let is_remembered = match form.optional_text("remember_me") {
        // A form sends an empty text for what nobody filled in.
        Some(None) => Some(false),
        Some(Some(text)) if text.is_empty() => Some(false),
        Some(Some(text)) => body::boolean(&text).or_else(|| {
            let message = "Input should be a valid boolean, unable to interpret input";
            form.note(Mistake::new("remember_me", Rule::Value, message));
            None
        }),
        None => None,
    };
    check_grant(&mut form, &["password"]);
    match (credentials, is_remembered) {
        (Some(credentials), Some(is_remembered)) => {
            form.finish()?;
            Ok((credentials, is_remembered))
        }
        _ => Err(form.into_mistakes()),
    }
}
