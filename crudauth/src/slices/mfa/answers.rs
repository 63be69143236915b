//! Responses of the routes that a second factor is part of.

use crudauth_core::model::AuthUser;
use crudauth_core::slices::mfa::{RecoveryCode, Setup};
use crudauth_core::slices::sessions::RenewedSession;
use crudauth_core::slices::sign_in::{Challenge, Finished, Outcome};
use poem::http::StatusCode;
use poem::{Request, Response};
use serde_json::{Value, json};

use crate::http::Refusal;
use crate::http::cookie::set_cookies;
use crate::http::headers::json as answer;
use crate::mount::Mounted;
use crate::slices::{bearer, sessions};

/// The response to the second step.
pub(in crate::slices) async fn finished<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    finished: &Finished<U>,
) -> Result<Response, Refusal> {
    let codes = finished.recovery_codes.as_deref();
    let mut response = match &finished.outcome {
        Outcome::Session(signed_in) => {
            let next = finished.redirect_to.as_deref();
            let next = next.map(|path| ("redirect_to".to_owned(), path.into()));
            let more = next.into_iter().chain(codes.map(member)).collect();
            sessions::signed_in(mounted, signed_in, more)?
        }
        Outcome::Tokens(issued) => bearer::issued(mounted, request, issued, codes).await?,
    };
    if let Some(trust) = &finished.trust {
        set_cookies(&mut response, &mounted.parts().http.cookies).trusted(trust);
    }
    Ok(response)
}

/// The response to a change of the account, after which the session of the caller has another token.
pub(in crate::slices) fn with_session<U: AuthUser>(
    mounted: &Mounted<U>,
    body: &Value,
    session: Option<&RenewedSession>,
) -> Result<Response, Refusal> {
    let mut response = answer(StatusCode::OK, body)?;
    if let Some(session) = session {
        let lifetimes = mounted.accounts().sessions().config();
        let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
        cookies.renewed_session(lifetimes, session);
    }
    Ok(response)
}

/// The response of the first step to a client whose account has a second factor.
pub(in crate::slices) fn challenged<U: AuthUser>(
    mounted: &Mounted<U>,
    challenge: &Challenge,
) -> Result<Response, Refusal> {
    let mut body = json!({
        "mfa_required": true,
        "challenge": challenge.token.expose(),
        "expires_in": challenge.expires_in.as_secs(),
    });
    if challenge.takes_passkey {
        let ways = [("totp", challenge.takes_code), ("passkey", true)];
        let ways = ways.into_iter().filter_map(|(way, is_one)| is_one.then_some(way));
        body["methods"] = ways.collect();
    }
    if let Some(setup) = &challenge.setup {
        body["setup"] = told(setup);
    }
    let mut response = answer(StatusCode::OK, &body)?;
    if let Some(browser) = &challenge.browser {
        let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
        cookies.browser(browser, challenge.expires_in);
    }
    Ok(response)
}

pub(super) fn told(setup: &Setup) -> Value {
    json!({
        "secret": *setup.secret.expose(),
        "otpauth_uri": *setup.uri,
        "qr_code": setup.qr_code().map(|image| image.to_string()),
    })
}

/// Adds the recovery codes to the response of a sign-in that has added the second factor.
pub(in crate::slices) fn add_codes(body: &mut Value, codes: Option<&[RecoveryCode]>) {
    if let (Some(body), Some(codes)) = (body.as_object_mut(), codes) {
        body.extend([member(codes)]);
    }
}

fn member(codes: &[RecoveryCode]) -> (String, Value) {
    ("recovery_codes".to_owned(), shown(codes))
}

pub(super) fn shown(codes: &[RecoveryCode]) -> Value {
    codes.iter().map(|code| code.expose().to_string()).collect()
}
