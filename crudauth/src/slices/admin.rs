//! `GET /admin/accounts` and the actions of superusers on an account.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use crudauth_core::model::{AuthUser, FieldError, FieldErrorKind, Form};
use crudauth_core::slices::admin::{
    ACT, AccountQuery, AdminConfig, AdminError, Administrator, Administrators, SUSPENSIONS, Search,
    Suspension, Tools,
};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Map, Value, json};

use super::{Service, Wiring, limits, sudo};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::cookie::set_cookies;
use crate::http::headers::{client_info, detail, json as answer};
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};
use crate::transport::Principal;

/// `admin`: superusers find accounts, disable them, and help their owners.
///
#[doc = include_str!("../../docs/admin.md")]
#[derive(Clone, Copy, Debug)]
pub struct Admin;

impl<U: AuthUser> Slice<U> for Admin {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/admin/accounts", list),
            Path::new(Method::GET, "/admin/accounts/:id", show),
            Path::new(Method::POST, "/admin/accounts/:id/disable", disable),
            Path::new(Method::POST, "/admin/accounts/:id/enable", enable),
            Path::new(Method::POST, "/admin/accounts/:id/end-sessions", end_sessions),
            Path::new(Method::POST, "/admin/accounts/:id/force-password-change", force_change),
            Path::new(Method::POST, "/admin/accounts/:id/send-reset", send_reset),
            Path::new(Method::POST, "/admin/accounts/:id/remove-factor", remove_factor),
            Path::new(Method::POST, "/admin/accounts/:id/demote", demote),
            Path::new(Method::POST, "/admin/accounts/:id/impersonate", impersonate),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&SUSPENSIONS]
    }
}

impl Service for Admin {
    type Config = AdminConfig;
    type Flows<U: AuthUser> = Administrators<U>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: AdminConfig) -> Administrators<U> {
        let Wiring { kit, database, callers, sudo, .. } = wiring;
        let tools = Tools {
            sessions: wiring.mounted_sessions(),
            tokens: wiring.mounted_tokens(),
            mfa: wiring.mounted_mfa(),
            passkeys: wiring.passkeys.clone(),
            recovery: wiring.recovery.clone(),
        };
        let store = Arc::clone(&database.admin);
        Administrators::new(kit.clone(), store, callers.clone(), Arc::clone(sudo), config, tools)
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Actions of superusers.
    #[must_use]
    pub fn admin(&self) -> &Administrators<U> {
        &self.services.admin
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures administration: the size of a page, and impersonation.
    pub fn admin(mut self, config: AdminConfig) -> Self
    where
        A: Mounts<Admin>,
    {
        self.settings.slices.admin = config;
        self
    }
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    superuser_of(&mounted, &request).await?;
    let query = query::<U>(request.uri().query().unwrap_or_default())?;
    let page = mounted.accounts().admin().find(&query).await?;
    let accounts: Vec<_> = page.accounts.iter().map(entry).collect();
    answer(StatusCode::OK, &json!({ "accounts": accounts, "next": page.next }))
}

async fn show<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    superuser_of(&mounted, &request).await?;
    let id = id_of::<U>(&request)?;
    let (account, suspension) = mounted.accounts().admin().account(&id).await?;
    let mut body = entry(&account);
    body["suspension"] = suspension.as_ref().map(told).into();
    answer(StatusCode::OK, &body)
}

async fn disable<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, mut form) = authorized(&mounted, &mut request).await?;
    form.limit("reason", Suspension::MAX_CHARS.into());
    let reason = form.text("reason");
    let until = form.take::<Option<DateTime<Utc>>>("until");
    let (Ok(reason), Ok(until)) = (reason, until) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    if until.is_some_and(|until| until <= mounted.now()) {
        let message = "Input should be in the future";
        return Err(Refusal::invalid_field(FieldError::new(
            "until",
            FieldErrorKind::Value,
            message,
        )));
    }
    let id = id_of::<U>(&request)?;
    mounted.accounts().admin().disable(&by, &id, &reason, until).await?;
    detail("Account disabled.")
}

async fn enable<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, _) = authorized(&mounted, &mut request).await?;
    mounted.accounts().admin().enable(&by, &id_of::<U>(&request)?).await?;
    detail("Account enabled.")
}

async fn end_sessions<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, _) = authorized(&mounted, &mut request).await?;
    let ended = mounted.accounts().admin().end_sessions(&by, &id_of::<U>(&request)?).await?;
    answer(StatusCode::OK, &json!({ "detail": "Signed out everywhere.", "revoked": ended }))
}

async fn force_change<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, _) = authorized(&mounted, &mut request).await?;
    mounted.accounts().admin().force_password_change(&by, &id_of::<U>(&request)?).await?;
    detail("Password removed, and a link to choose a new one sent.")
}

async fn send_reset<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, _) = authorized(&mounted, &mut request).await?;
    mounted.accounts().admin().send_reset(&by, &id_of::<U>(&request)?).await?;
    detail("A link to choose a new password has been sent.")
}

async fn remove_factor<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, _) = authorized(&mounted, &mut request).await?;
    let id = id_of::<U>(&request)?;
    let is_removed = mounted.accounts().admin().remove_factor(&by, &id).await?;
    answer(StatusCode::OK, &json!({ "detail": "No second factor is left.", "removed": is_removed }))
}

async fn demote<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, _) = authorized(&mounted, &mut request).await?;
    mounted.accounts().admin().demote(&by, &id_of::<U>(&request)?).await?;
    detail("The account is no superuser.")
}

/// The browser gets the session of the account beside its own one, which gets another token.
async fn impersonate<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, _) = authorized(&mounted, &mut request).await?;
    let http = &mounted.parts().http;
    let (id, client) = (id_of::<U>(&request)?, client_info(&request, http));
    let begun = mounted.accounts().admin().impersonate(&by, &id, client).await?;
    let body = json!({
        "detail": "You act as this account.",
        "user_id": begun.account.user.id(),
        "csrf_token": begun.session.csrf.expose(),
        "until": begun.ends_at,
    });
    let mut response = answer(StatusCode::OK, &body)?;
    let lifetimes = mounted.accounts().sessions().config();
    let mut cookies = set_cookies(&mut response, &http.cookies);
    cookies.renewed_session(lifetimes, &begun.own);
    cookies.impersonation(&begun.session, begun.lifetime);
    Ok(response)
}

/// Returns the superuser of the request.
pub(super) async fn superuser_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    let principal = owner_of(mounted, request).await?;
    if principal.account().is_superuser() { Ok(principal) } else { Err(Refusal::not_superuser()) }
}

/// Returns the superuser of the request after fresh proof, and the rest of the body. Refused actions
/// count as well.
pub(super) async fn authorized<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &mut Request,
) -> Result<(Administrator<U>, Form), Refusal> {
    let principal = superuser_of(mounted, request).await?;
    limits::by_account(mounted, ACT, &principal).await?;
    let mut form = body::json(request).await?;
    let proof = sudo::read_proof(&mut form);
    let Ok(proof) = proof else { return Err(Refusal::invalid_fields(form.into_errors())) };
    let by = mounted.accounts().admin().authorize(&principal, &proof).await?;
    Ok((by, form))
}

fn id_of<U: AuthUser>(request: &Request) -> Result<U::Id, Refusal> {
    let id = request.raw_path_param("id").and_then(Administrators::<U>::parse_id);
    id.ok_or_else(Refusal::no_such_account)
}

/// Reads `size`, `cursor`, and the beginning of one identifier under its name.
fn query<U: AuthUser>(text: &str) -> Result<AccountQuery, Refusal> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap_or_default();
    let mut query = AccountQuery::default();
    for (name, value) in fields {
        if name == "cursor" {
            query.cursor = Some(value);
        } else if name == "size" {
            let size = value.parse::<u32>().ok().filter(|size| (1..=100).contains(size));
            query.size = Some(size.ok_or_else(|| {
                let message = "Input should be a number from 1 to 100";
                Refusal::invalid_field(FieldError::new("size", FieldErrorKind::Value, message))
            })?);
        } else if U::SHAPE.identifiers.iter().any(|column| column.name == name) {
            query.search = Some(Search { by: name, prefix: value });
        }
    }
    Ok(query)
}

fn entry<U: AuthUser>(account: &crudauth_core::model::Account<U>) -> Value {
    let names = U::SHAPE.identifiers.iter().map(|column| column.name.to_owned());
    let shown = account.user.identifiers().into_iter().map(Value::from);
    json!({
        "id": account.user.id(),
        "identifiers": names.zip(shown).collect::<Map<_, _>>(),
        "is_active": account.is_active(),
        "is_superuser": account.is_superuser(),
        "is_verified": account.is_verified(),
    })
}

fn told(suspension: &Suspension) -> Value {
    json!({
        "reason": suspension.reason,
        "by": suspension.actor,
        "created_at": suspension.created_at,
        "until": suspension.ends_at,
    })
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NotSuperuser => Self::not_superuser(),
            AdminError::Proof(error) => error.into(),
            AdminError::NotFound => Self::no_such_account(),
            AdminError::LastSuperuser => Self::last_superuser(),
            AdminError::AlreadyDisabled => Self::already_disabled(),
            AdminError::NoContact => Self::unreachable(),
            AdminError::Off => Self::not_found("Not Found"),
            AdminError::NotImpersonable => Self::not_impersonable(),
            AdminError::Ended => Self::not_authenticated(),
            AdminError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    no_such_account = NOT_FOUND, "not-found", "Account not found.";
    already_disabled = CONFLICT, "already-disabled", "The account is disabled already.";
    not_impersonable = CONFLICT, "not-impersonable", "A superuser and a disabled account cannot be impersonated.";
    unreachable = CONFLICT, "no-contact", "No link can be sent to this account.";
}
