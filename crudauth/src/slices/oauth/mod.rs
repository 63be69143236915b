//! `GET /oauth/{provider}/authorize`, `/oauth/{provider}/callback`: sign-in with a provider.
//! `POST /oauth/{provider}/connect`, `GET /oauth/connections`, `DELETE /oauth/connections/{id}`: the
//! connections of an account.
//! `POST /oauth/{provider}/logout`, `POST /oauth/{provider}/backchannel-logout`: logout, by the app and
//! by the provider.

mod callback;
mod connections;
mod logout;
mod start;

use crudauth_core::guard::CHALLENGES;
use crudauth_core::model::{AuthUser, ChallengeDigest, RecoverableByEmail};
use crudauth_core::slices::oauth::{
    self as flows, CONNECTIONS, OAuthConfig, OAuthError, OAuthParts,
};
use crudauth_core::slices::sign_in::{Finished, Outcome};
use crudauth_core::sql::TableSpec;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};

use super::{Service, Wiring};
use crate::accounts::Accounts;
use crate::http::{Refusal, refusals};
use crate::mount::{Mounted, Path, Slice};

use callback::{callback, posted};
pub(super) use connections::entry;
use connections::{disconnect, list};
use logout::{logout, told};
use start::{authorize, connect};

/// `oauth`: sign-in with Google, GitHub, Microsoft, Apple, or any OpenID Connect provider.
///
#[doc = include_str!("../../../docs/oauth.md")]
#[derive(Clone, Copy, Debug)]
pub enum OAuth {}

super::stores!(OAuth: connections);

impl<U: AuthUser + RecoverableByEmail> Slice<U> for OAuth {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/oauth/:provider/authorize", authorize),
            Path::new(Method::GET, "/oauth/:provider/callback", callback).and(Method::POST, posted),
            Path::new(Method::POST, "/oauth/:provider/connect", connect),
            Path::new(Method::POST, "/oauth/:provider/logout", logout),
            Path::new(Method::POST, "/oauth/:provider/backchannel-logout", told),
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
            connections: std::sync::Arc::clone(&wiring.database.connections),
            challenges: std::sync::Arc::clone(&wiring.challenges),
            callers: wiring.callers.clone(),
            sessions: std::sync::Arc::clone(&wiring.sessions),
            sign_in: wiring.sign_in.clone(),
            background: wiring.background.clone(),
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

    /// Keeps the tokens of a sign-in with a provider, after its second factor was proved.
    pub(crate) async fn keep_held_tokens(
        &self,
        challenge: &ChallengeDigest,
        finished: &Finished<U>,
    ) {
        if let (Some(oauth), Outcome::Session(done)) = (self.oauth(), &finished.outcome) {
            oauth.keep_held_tokens(challenge, &done.account).await;
        }
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
            OAuthError::NotFresh(cause) => cause.into(),
            OAuthError::NotVerified => Self::not_verified(),
            OAuthError::NoConnection => Self::not_found("Connection not found."),
            OAuthError::LastWayIn => Self::last_way_in(),
            OAuthError::SignUpClosed => Self::sign_up_closed(),
            OAuthError::RefusedByApp(reason) => Self::refused_by_app(reason),
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
