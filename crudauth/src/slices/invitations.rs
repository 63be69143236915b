//! `GET` and `POST /admin/invitations`, `POST /admin/invitations/revoke`. `POST /register` accepts the
//! token of an invitation.

use std::sync::Arc;

use crudauth_core::guard::RATE_LIMITS;
use crudauth_core::model::{AuthUser, RecoverableByEmail};
use crudauth_core::slices::invitations::{self as flows, InvitationConfig, InviteError, TABLE};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Map, Value, json};

use super::admin::{authorized, superuser_of};
use super::{Service, Wiring};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::http::Refusal;
use crate::http::headers::json as answer;
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `invitations`: one-time links that add an account, regardless of the sign-up policy.
///
#[doc = include_str!("../../docs/invitations.md")]
#[derive(Clone, Copy, Debug)]
pub struct Invitations;

impl<U: AuthUser + RecoverableByEmail> Slice<U> for Invitations {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/admin/invitations", list).and(Method::POST, invite),
            Path::new(Method::POST, "/admin/invitations/revoke", revoke),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&TABLE, &RATE_LIMITS]
    }
}

impl Service for Invitations {
    type Config = InvitationConfig;
    type Flows<U: AuthUser> = Option<flows::Invitations<U>>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: InvitationConfig) -> Self::Flows<U> {
        let store = Arc::clone(&wiring.database.invitations);
        let widths = wiring.widths.clone();
        wiring
            .has(&TABLE)
            .then(|| flows::Invitations::new(wiring.kit.clone(), store, config, widths))?
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Invites people. `None` if the mount does not name `invitations`.
    #[must_use]
    pub fn invitations(&self) -> Option<&flows::Invitations<U>> {
        self.services.invitations.as_ref()
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures invitations: their lifetime.
    pub fn invitations(mut self, config: InvitationConfig) -> Self
    where
        A: Mounts<Invitations>,
    {
        self.settings.slices.invitations = config;
        self
    }
}

/// The flows of a mount that has these routes.
fn flows_of<U: AuthUser>(mounted: &Mounted<U>) -> Result<&flows::Invitations<U>, Refusal> {
    mounted.accounts().invitations().ok_or_else(Refusal::internal)
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    superuser_of(&mounted, &request).await?;
    let open = flows_of(&mounted)?.list().await?;
    let open: Vec<_> = open.iter().map(entry).collect();
    answer(StatusCode::OK, &json!({ "invitations": open }))
}

fn entry(invitation: &flows::Invitation) -> Value {
    json!({
        "email": invitation.address,
        "preset": invitation.preset,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    })
}

/// The same response for every address.
async fn invite<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, mut form) = authorized(&mounted, &mut request).await?;
    let address = form.email("email");
    let preset = form.take::<Option<Map<String, Value>>>("preset");
    let (Ok(address), Ok(preset)) = (address, preset) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    flows_of(&mounted)?.invite(Some(&by), address, preset.unwrap_or_default()).await?;
    let detail = "If the address has no account, an invitation has been sent.";
    answer(StatusCode::ACCEPTED, &json!({ "detail": detail }))
}

async fn revoke<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let (by, mut form) = authorized(&mounted, &mut request).await?;
    let Ok(address) = form.email("email") else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let is_revoked = flows_of(&mounted)?.revoke(Some(&by), &address).await?;
    let detail = "The address has no invitation.";
    answer(StatusCode::OK, &json!({ "detail": detail, "revoked": is_revoked }))
}

impl From<InviteError> for Refusal {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::Invalid(errors) => Self::invalid_fields(errors),
            InviteError::Store(cause) => cause.into(),
        }
    }
}
