//! `GET /oauth/{provider}/authorize`, `/oauth/{provider}/callback`: sign-in with a provider.
//! `POST /oauth/{provider}/connect`, `GET /oauth/connections`, `DELETE /oauth/connections/{id}`: the
//! connections of an account.

use crudauth_core::guard::CHALLENGES;
use crudauth_core::model::{
    AuthUser, BrowserToken, ChallengeToken, IdentifierKind, RecoverableByEmail, RedirectPath,
};
use crudauth_core::slices::oauth::store::{Connection, ConnectionId};
use crudauth_core::slices::oauth::{
    self as flows, AUTHORIZE, Answer, CONNECTIONS, Finished, MANAGE, OAuthConfig, OAuthError,
    OAuthParts, ResponseMode, SignedInWith, Start, Started, state_id,
};
use crudauth_core::slices::sign_in::{Binding, Challenge, SignIn, SignedIn};
use crudauth_core::sql::TableSpec;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::{Service, Wiring, limits, mfa};
use crate::accounts::Accounts;
use crate::extract::{session_of, visitor_of};
use crate::http::cookie::{cookies_of, set_cookies};
use crate::http::headers::{client_info, json as answer, whole_path};
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mounted, Path, Slice};

/// `oauth`: sign-in with Google, GitHub, Microsoft, Apple, or any OpenID Connect provider.
///
#[doc = include_str!("../../docs/oauth.md")]
#[derive(Clone, Copy, Debug)]
pub enum OAuth {}

impl<U: AuthUser + RecoverableByEmail> Slice<U> for OAuth {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/oauth/:provider/authorize", authorize),
            Path::new(Method::GET, "/oauth/:provider/callback", callback).and(Method::POST, posted),
            Path::new(Method::POST, "/oauth/:provider/connect", connect),
            Path::new(Method::GET, "/oauth/connections", list),
            Path::new(Method::DELETE, "/oauth/connections/:id", disconnect),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&CONNECTIONS, &CHALLENGES]
    }
}

/// The settings, which the builder gives if the mount names the slice.
#[derive(Clone, Debug, Default)]
pub(crate) struct OAuthSettings(pub(crate) Option<OAuthConfig>);

impl OAuthSettings {
    pub(crate) fn validate(&self) -> Vec<crudauth_core::ConfigError> {
        self.0.as_ref().map(OAuthConfig::validate).unwrap_or_default()
    }

    /// `Builder::hardened` changes nothing here.
    pub(crate) fn harden(&mut self) {}
}

impl Service for OAuth {
    type Config = OAuthSettings;
    type Flows<U: AuthUser> = Option<flows::OAuth<U>>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, settings: OAuthSettings) -> Self::Flows<U> {
        let parts = OAuthParts {
            connections: std::sync::Arc::clone(&wiring.database) as _,
            challenges: std::sync::Arc::clone(&wiring.challenges),
            callers: wiring.callers.clone(),
            sign_in: wiring.sign_in.clone(),
            widths: wiring.widths.clone(),
        };
        settings.0.map(|config| flows::OAuth::new(wiring.kit.clone(), parts, config))
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Signs in with providers, and lists connections. `None` if the mount does not name `oauth`.
    #[must_use]
    pub fn oauth(&self) -> Option<&flows::OAuth<U>> {
        self.services.oauth.as_ref()
    }
}

/// The flows, which the builder always wires for a mount with these routes.
fn flows_of<U: AuthUser>(mounted: &Mounted<U>) -> Result<&flows::OAuth<U>, Refusal> {
    mounted.accounts().oauth().ok_or_else(Refusal::internal)
}

/// The provider of the path, if the mount has it.
fn provider<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Result<String, Refusal> {
    let name = request.raw_path_param("provider").unwrap_or_default();
    if flows_of(mounted)?.has_provider(name) {
        Ok(name.to_owned())
    } else {
        Err(Refusal::unknown_provider())
    }
}

/// A HEAD would begin or use up a sign-in.
fn refuse_head(request: &Request) -> Result<(), Refusal> {
    if request.method() == Method::HEAD {
        return Err(Refusal::method_not_allowed("GET"));
    }
    Ok(())
}

/// The first value of a parameter of the query.
fn parameter(query: &[(String, String)], name: &str) -> Option<String> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

fn query_of(request: &Request) -> Vec<(String, String)> {
    serde_urlencoded::from_str(request.uri().query().unwrap_or_default()).unwrap_or_default()
}

async fn authorize<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    refuse_head(&request)?;
    let provider = provider(&mounted, &request)?;
    let used = limits::by_client(&mounted, AUTHORIZE, &request).await?;
    used.told(async {
        let query = query_of(&request);
        let mut start = Start::default();
        start.redirect_to =
            parameter(&query, "redirect_to").as_deref().and_then(RedirectPath::parse);
        start.is_fresh = parameter(&query, "fresh").as_deref() == Some("true");
        match flows_of(&mounted)?.start(&provider, start).await {
            Ok(started) => begun(&mounted, &started),
            Err(error) => failed(&mounted, &error.into()),
        }
    })
    .await
}

/// Begins to connect the account of the session. The page sends the browser to the URL.
async fn connect<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let provider = provider(&mounted, &request)?;
    let principal = session_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let mut form = body::json(&mut request).await?;
        let next = form.optional_text("redirect_to");
        let next = next.map_err(|_| Refusal::invalid_fields(form.into_errors()))?;
        let mut start = Start::default();
        start.redirect_to = next.as_deref().and_then(RedirectPath::parse);
        let oauth = flows_of(&mounted)?;
        let started = oauth.start_connection(&provider, start, &principal).await?;
        with_state(&mounted, &started, answer(StatusCode::OK, &json!({ "url": started.url }))?)
    })
    .await
}

/// Sends the browser to the provider.
fn begun<U: AuthUser>(mounted: &Mounted<U>, started: &Started) -> Result<Response, Refusal> {
    let response = match flows_of(mounted)?.config().response() {
        ResponseMode::Json => answer(StatusCode::OK, &json!({ "url": started.url }))?,
        _ => redirect(&started.url)?,
    };
    with_state(mounted, started, response)
}

fn with_state<U: AuthUser>(
    mounted: &Mounted<U>,
    started: &Started,
    mut response: Response,
) -> Result<Response, Refusal> {
    let mut cookies = set_cookies(&mut response, &mounted.parts().http.cookies);
    cookies.oauth_state(&started.state_id, &started.browser, started.expires_in);
    Ok(response)
}

/// A redirect as crudauth-py's. Pages must not learn the address that it came from.
fn redirect(location: &str) -> Result<Response, Refusal> {
    let location = HeaderValue::from_str(location).map_err(|_| Refusal::internal())?;
    Ok(Response::builder()
        .status(StatusCode::TEMPORARY_REDIRECT)
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::LOCATION, location)
        .finish())
}

async fn callback<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
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
    answer.browsers = browsers;
    answer.client = client_info(request, http);
    answer.devices = cookies.devices().into_iter().map(str::to_owned).collect();
    answer.replaces = cookies.sessions();
    answer.binding = Binding::Browser(cookies.browsers());
    Ok(answer)
}

/// The answer of a provider that sends a form. A browser sends no cookies with a form of another
/// site, so it is sent on to the same path.
async fn posted<U: AuthUser>(
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
fn failed<U: AuthUser>(mounted: &Mounted<U>, refusal: &Refusal) -> Result<Response, Refusal> {
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

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = session_of(&mounted, &request).await?;
    let connections = flows_of(&mounted)?.connections(&principal).await?;
    let connections: Vec<_> = connections.iter().map(entry).collect();
    answer(StatusCode::OK, &connections)
}

fn entry(connection: &Connection) -> Value {
    json!({
        "id": connection.id.to_string(),
        "provider": connection.provider,
        "email": connection.address,
        "created_at": connection.created_at,
        "last_used_at": connection.last_used_at,
    })
}

async fn disconnect<U: AuthUser>(
    mounted: Mounted<U>,
    request: Request,
) -> Result<Response, Refusal> {
    let principal = session_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, MANAGE, &principal).await?;
    used.told(async {
        let id = request.raw_path_param("id").and_then(ConnectionId::parse);
        let id = id.ok_or_else(|| Refusal::from(OAuthError::NoConnection))?;
        let session = flows_of(&mounted)?.disconnect(&principal, &id).await?;
        let body = json!({ "detail": "Connection removed." });
        mfa::with_session(&mounted, &body, session.as_ref())
    })
    .await
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::UnknownProvider => Self::unknown_provider(),
            OAuthError::InvalidState => Self::invalid_state(),
            OAuthError::Provider(_) | OAuthError::Declined => Self::oauth_failed(),
            OAuthError::AccountInactive => Self::account_inactive(),
            OAuthError::EmailMissing => Self::email_missing(),
            OAuthError::EmailUnverified => Self::email_unverified(),
            OAuthError::EmailTooLong => Self::email_too_long(),
            OAuthError::AlreadyConnected => Self::provider_already_linked(),
            OAuthError::ConnectedElsewhere => Self::connected_elsewhere(),
            OAuthError::Incomplete(_) => Self::sign_up_incomplete(),
            OAuthError::NotOwner | OAuthError::Ended => Self::not_authenticated(),
            OAuthError::NotFresh => Self::sign_in_too_old(),
            OAuthError::NotVerified => Self::not_verified(),
            OAuthError::NoConnection => Self::not_found("Connection not found."),
            OAuthError::LastWayIn => Self::last_way_in(),
            OAuthError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    unknown_provider = BAD_REQUEST, "unknown-provider", "Unknown or unconfigured OAuth provider";
    invalid_state = BAD_REQUEST, "invalid-state", "Invalid or expired OAuth state";
    oauth_failed = BAD_REQUEST, "oauth-failed", "oauth_failed";
    account_inactive = BAD_REQUEST, "account-inactive", "account_inactive";
    email_missing = BAD_REQUEST, "email-missing", "email_missing";
    email_unverified = BAD_REQUEST, "email-unverified", "email_unverified";
    email_too_long = BAD_REQUEST, "email-too-long", "email_too_long";
    provider_already_linked = BAD_REQUEST, "provider-already-linked", "provider_already_linked";
    connected_elsewhere = CONFLICT, "connected-elsewhere", "This account at the provider is connected to another account.";
    sign_up_incomplete = BAD_REQUEST, "sign-up-incomplete", "sign_up_incomplete";
}
