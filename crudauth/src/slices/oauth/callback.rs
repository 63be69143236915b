//! The way back from the provider.

use crudauth_core::model::{AuthUser, BrowserToken, ChallengeToken, IdentifierKind, RedirectPath};
use crudauth_core::slices::oauth::{
    Answer, Finished, OAuthError, ResponseMode, SignedInWith, state_id,
};
use crudauth_core::slices::sign_in::{Binding, Challenge, SignIn, SignedIn};
use poem::http::StatusCode;
use poem::{Request, Response};
use serde_json::json;

use super::{flows_of, parameter, provider, query_of, redirect, refuse_head};
use crate::extract::visitor_of;
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{client_info, json as answer, whole_path};
use crate::http::{Refusal, body};
use crate::mount::Mounted;
use crate::slices::mfa;

pub(super) async fn callback<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    refuse_head(&request)?;
    let provider = provider(&mounted, &request)?;
    let query = query_of(&request);
    let config = &mounted.parts().http.cookies;
    let state = parameter(&query, "state").as_deref().and_then(ChallengeToken::parse);
    let id = state.as_ref().map(state_id);
    let cookies = cookies_of(&request, config);
    let browsers = id.as_deref().map(|id| cookies.oauth_states(id)).unwrap_or_default();
    let finished = match read(&mounted, &request, &query, browsers.clone()) {
        Ok(sent) => {
            // Another site may have sent the browser here: the session counts only for the
            // connection that it began.
            let principal = visitor_of(&mounted, &request).await?;
            flows_of(&mounted)?.finish(&provider, sent, principal.as_deref()).await
        }
        Err(error) => Err(error),
    };
    let mut response = match finished {
        Ok(Finished::SignedIn(signed_in)) => entered(&mounted, signed_in)?,
        Ok(Finished::Connected { redirect_to }) => connected(&mounted, redirect_to.as_deref())?,
        Err(error) => failed(&mounted, &error.into())?,
    };
    if let Some(id) = id.filter(|_| !browsers.is_empty()) {
        set_cookies(&mut response, config).clear_oauth_state(&id);
        let is_newest = cookies
            .newest_oauth_states()
            .iter()
            .any(|newest| browsers.iter().any(|browser| browser.digest() == newest.digest()));
        if is_newest {
            set_cookies(&mut response, config).clear_newest_oauth_state();
        }
    }
    Ok(response)
}

/// Reads the answer from the query.
fn read<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    query: &[(String, String)],
    browsers: Vec<BrowserToken>,
) -> Result<Answer, OAuthError> {
    let http = &mounted.parts().http;
    let cookies = cookies_of(request, &http.cookies);
    let has_error = parameter(query, "error").is_some();
    let code = parameter(query, "code").filter(|code| !code.is_empty() && !has_error);
    let state = parameter(query, "state").filter(|state| !state.is_empty());
    let (Some(code), Some(state)) = (code, state) else { return Err(OAuthError::Declined) };
    let mut answer = Answer::default();
    answer.code = code;
    answer.state = state;
    answer.issuer = parameter(query, "iss");
    answer.user = parameter(query, "user");
    answer.browsers = browsers;
    answer.client = client_info(request, http);
    answer.devices = cookies.devices().into_iter().map(str::to_owned).collect();
    answer.trust_cookies = cookies.trusts();
    answer.replaces = cookies.sessions();
    answer.binding = Binding::Browser(cookies.browsers());
    Ok(answer)
}

/// The answer of a provider that sends a form. A browser sends no cookies with a form of another
/// site, so it is sent on to the same path.
pub(super) async fn posted<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let provider = provider(&mounted, &request)?;
    if !flows_of(&mounted)?.answers_by_post(&provider) {
        return Err(Refusal::method_not_allowed("GET"));
    }
    let mut form = body::form(&mut request).await?;
    let mut query = Vec::new();
    for name in ["code", "state", "iss", "error"] {
        if let Ok(Some(value)) = form.optional_text(name) {
            query.push((name, value));
        }
    }
    let state = query.iter().find(|(name, _)| *name == "state");
    let state = state.and_then(|(_, state)| ChallengeToken::parse(state));
    if let (Some(state), Ok(Some(user))) = (state, form.optional_text("user")) {
        let sealed = flows_of(&mounted)?.seal_user(&state, &user);
        query.extend(sealed.map(|sealed| ("user", sealed)));
    }
    let query = serde_urlencoded::to_string(query).map_err(|_| Refusal::internal())?;
    let target = RedirectPath::parse(&format!("{}?{query}", whole_path(&request)));
    let mut response = redirect(target.ok_or_else(Refusal::oauth_failed)?.as_str())?;
    response.set_status(StatusCode::SEE_OTHER);
    Ok(response)
}

/// The response to a sign-in that is done, or needs another factor.
fn entered<U: AuthUser>(
    mounted: &Mounted<U>,
    signed_in: SignedInWith<U>,
) -> Result<Response, Refusal> {
    let SignedInWith { sign_in, redirect_to, .. } = signed_in;
    match sign_in {
        SignIn::Done(done) => with_session(mounted, &done, redirect_to.as_deref()),
        SignIn::Challenge(challenge) => challenged(mounted, &challenge),
    }
}

fn with_session<U: AuthUser>(
    mounted: &Mounted<U>,
    done: &SignedIn<U>,
    redirect_to: Option<&str>,
) -> Result<Response, Refusal> {
    let config = flows_of(mounted)?.config();
    let target = redirect_to.unwrap_or_else(|| config.home());
    let mut response = match config.response() {
        ResponseMode::Json => {
            let account = &done.account;
            let body = json!({
                "user": {
                    "user_id": account.user.id(),
                    "username": account.named(IdentifierKind::Username),
                    "email": account.named(IdentifierKind::Email),
                    "is_superuser": account.is_superuser(),
                },
                "csrf_token": done.session.csrf.expose(),
                "redirect_to": target,
            });
            answer(StatusCode::OK, &body)?
        }
        _ => redirect(target)?,
    };
    let lifetimes = mounted.accounts().sessions().config();
    let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
    cookies.session(lifetimes, &done.session, &done.device);
    Ok(response)
}

/// The page gets the token of the challenge in the fragment, which browsers send to no server.
fn challenged<U: AuthUser>(
    mounted: &Mounted<U>,
    challenge: &Challenge,
) -> Result<Response, Refusal> {
    let config = flows_of(mounted)?.config();
    if config.response() == ResponseMode::Json {
        return mfa::challenged(mounted, challenge);
    }
    let home = config.home().split('#').next().unwrap_or_default();
    let mut response = redirect(&format!("{home}#mfa_challenge={}", challenge.token.expose()))?;
    if let Some(browser) = &challenge.browser {
        let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
        cookies.browser(browser, challenge.expires_in);
    }
    Ok(response)
}

fn connected<U: AuthUser>(
    mounted: &Mounted<U>,
    redirect_to: Option<&str>,
) -> Result<Response, Refusal> {
    let config = flows_of(mounted)?.config();
    let target = redirect_to.unwrap_or_else(|| config.home());
    match config.response() {
        ResponseMode::Json => {
            answer(StatusCode::OK, &json!({ "connected": true, "redirect_to": target }))
        }
        _ => redirect(target),
    }
}

/// Sends the browser home with the code of a refusal, or answers with it.
pub(super) fn failed<U: AuthUser>(
    mounted: &Mounted<U>,
    refusal: &Refusal,
) -> Result<Response, Refusal> {
    let config = flows_of(mounted)?.config();
    if config.response() == ResponseMode::Json {
        return Ok(refusal.to_response());
    }
    let (page, fragment) =
        config.home().split_once('#').map_or((config.home(), None), |(a, b)| (a, Some(b)));
    let mark = if page.contains('?') { '&' } else { '?' };
    let code = refusal.code().replace('-', "_");
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    redirect(&format!("{page}{mark}error={code}{fragment}"))
}
