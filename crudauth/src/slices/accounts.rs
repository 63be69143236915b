//! `POST /register` and `GET /me`, and the passwords of people who are signed in.

use crudauth_core::model::{Account, AuthUser, IdentifierKind};
use crudauth_core::slices::accounts::{CHANGE_PASSWORD, REGISTER, Registered, SET_PASSWORD};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::limits;
use super::pace::constant_delay;
use crate::extract::{any_principal, owner_of};
use crate::http::capital;
use crate::http::cookie::{cookies_of, set_device};
use crate::http::headers::{detail, json as answer};
use crate::http::{Refusal, body};
use crate::mount::{Mounted, Path};
use crate::transport::Principal;

/// What every mount has.
pub(super) fn paths<U: AuthUser>() -> Vec<Path<U>> {
    vec![
        Path::new(Method::POST, "/register", register),
        Path::new(Method::GET, "/me", me),
        Path::new(Method::POST, "/change-password", change_password),
        Path::new(Method::POST, "/set-password", set_password),
    ]
}

/// What a visitor is told where the address may or may not have been free.
const ENROLLED: &str = "If the email is available, check your inbox to finish signing up.";

/// Judged in this order: fields, password, allowance, what is taken.
async fn register<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let parts = mounted.parts();
    let form = body::json(&mut request).await?;
    let registration = &parts.accounts.registration;
    let sign_up = registration.read(form).map_err(Refusal::invalid_fields)?;
    registration.check(&sign_up).map_err(Refusal::invalid_fields)?;
    let mut used = limits::by_client(&mounted, REGISTER, &request).await?;
    if registration.is_silent() && sign_up.contact().is_some() {
        used = limits::texts(&mounted, used, &request).await?;
    }
    used.told(async {
        let email = value(sign_up.shown(IdentifierKind::Email));
        let username = value(sign_up.shown(IdentifierKind::Username));
        let prepared = registration.prepare(sign_up).await?;
        if registration.is_silent() {
            // What the database does in that moment takes longer for a taken address.
            let (registered, ()) = tokio::join!(registration.enrol(prepared), constant_delay());
            // Whatever became of it, the answer is the same.
            let _ = registered?;
            return answer(StatusCode::ACCEPTED, &json!({ "detail": ENROLLED }));
        }
        match registration.enrol(prepared).await? {
            Registered::Added(id) => {
                let body = json!({ "id": id, "email": email, "username": username });
                answer(StatusCode::OK, &body)
            }
            Registered::AddressTaken => {
                let name = U::SHAPE.recovery_column().map_or("email", |column| column.name);
                let detail = format!("{} already registered", capital(name));
                Err(Refusal::taken("taken", detail))
            }
            Registered::Conflict => Err(Refusal::taken("taken", "Already taken")),
        }
    })
    .await
}

async fn me<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = any_principal(&mounted, &request).await?;
    let named = |kind| value(principal.account().named(kind));
    let body = json!({
        "user_id": principal.user().id(),
        "username": named(IdentifierKind::Username),
        "email": named(IdentifierKind::Email),
        "is_superuser": principal.account().is_superuser(),
        "scopes": principal.scopes(),
        "via": principal.method().as_str(),
    });
    answer(StatusCode::OK, &body)
}

fn value(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

async fn change_password<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let current = form.password("current_password");
    let new = form.password("new_password");
    let (Ok(current), Ok(new)) = (current, new) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let used = limits::by_account(&mounted, CHANGE_PASSWORD, &principal).await?;
    used.told(async {
        let changed = mounted.accounts().change_password(&principal, &current, &new).await?;
        still_known(&mounted, &request, &principal, &changed, detail("Password changed.")?)
    })
    .await
}

async fn set_password<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let Ok(new) = form.password("new_password") else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let used = limits::by_account(&mounted, SET_PASSWORD, &principal).await?;
    used.told(async {
        let changed = mounted.accounts().set_password(&principal, &new).await?;
        still_known(&mounted, &request, &principal, &changed, detail("Password set.")?)
    })
    .await
}

/// What says that a device has signed in before dies with the password; the browser at hand is known
/// under the new one, too.
fn still_known<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    principal: &Principal<U>,
    account: &Account<U>,
    mut response: Response,
) -> Result<Response, Refusal> {
    if principal.session().is_none() {
        return Ok(response);
    }
    let config = &mounted.parts().http.cookies;
    let sent = cookies_of(request, config).devices();
    let device = mounted.accounts().sign_in.remember_device(&sent, account);
    set_device(&mut response, config, &device);
    Ok(response)
}
