//! `POST /login` and `POST /logout`.

use crudauth_core::login::Attempt;
use crudauth_core::model::{AuthUser, Form, IdentifierKind, Mistake, Rule};
use crudauth_core::password::{Password, read_password};
use crudauth_core::session::Opening;
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::cookie::{clear_session, cookies_of, set_session};
use super::endpoint::Path;
use super::headers::{client, detail, json as answer, user_agent};
use super::origin::refuse_cross_site;
use super::{Refusal, body};
use crate::extract::guarded_visitor_of;
use crate::mount::Mounted;

/// The routes of the `session` slice.
pub(crate) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![Path::new(Method::POST, "/login", login), Path::new(Method::POST, "/logout", logout)]
}

/// What the form says: OAuth 2's password form, of which `scope`, `client_id` and `client_secret`
/// mean nothing here.
struct Login {
    identifier: String,
    password: Password,
    is_remembered: bool,
}

impl Login {
    fn read(mut form: Form) -> Result<Self, Vec<Mistake>> {
        let identifier = filled(&mut form, "username");
        let password = match filled(&mut form, "password") {
            Some(typed) => {
                let mut one = Form::from_texts([("password".to_owned(), typed)]);
                let password = read_password(&mut one, "password");
                one.into_mistakes().into_iter().for_each(|mistake| form.note(mistake));
                password
            }
            None => None,
        };
        let is_remembered = match form.optional_text("remember_me") {
            Some(text) => body::boolean(text.as_deref().unwrap_or("false")).or_else(|| {
                let message = "Input should be a valid boolean, unable to interpret input";
                form.note(Mistake::new("remember_me", Rule::Value, message));
                None
            }),
            None => None,
        };
        match form.optional_text("grant_type") {
            Some(Some(grant)) if grant != "password" => {
                form.note(Mistake::new("grant_type", Rule::Value, "Input should be 'password'"));
            }
            _ => {}
        }
        match (identifier, password, is_remembered) {
            (Some(identifier), Some(password), Some(is_remembered)) => {
                form.finish()?;
                Ok(Self { identifier, password, is_remembered })
            }
            _ => Err(form.into_mistakes()),
        }
    }
}

/// A field that must be there and not empty.
fn filled(form: &mut Form, name: &'static str) -> Option<String> {
    let text = form.login_text(name)?;
    if text.is_empty() {
        form.note(Mistake::new(name, Rule::Missing, "Field required"));
        return None;
    }
    Some(text)
}

async fn login<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    refuse_cross_site(&request, &parts.http)?;
    let form = body::form(&mut request).await?;
    let login = Login::read(form).map_err(Refusal::mistakes)?;
    let cookies = cookies_of(&request, &parts.http.cookies);
    let attempt = Attempt {
        identifier: login.identifier,
        password: login.password,
        device: cookies.device().map(str::to_owned),
        opening: Opening {
            client: client(&request, &parts.http),
            user_agent: user_agent(&request),
            is_remembered: login.is_remembered,
            replaces: cookies.session(),
        },
    };
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

/// Also for those who are not signed in: then there is nothing to end, and nothing to check.
async fn logout<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    if let Some(principal) = guarded_visitor_of(&mounted, &request).await? {
        mounted.accounts().sessions().sign_out(principal.visit()?).await?;
    }
    let mut response = detail("Logged out")?;
    clear_session(&mut response, &mounted.parts().http.cookies);
    Ok(response)
}
