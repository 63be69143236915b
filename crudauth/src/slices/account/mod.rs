//! `GET /account/export`, `POST /account/delete` and the routes of its mailed links.

mod data;

use std::error::Error;
use std::sync::Arc;

use crudauth_core::model::AuthUser;
use crudauth_core::slices::account::{
    AccountConfig, AccountData, AccountError, DELETE, DELETIONS, Departure, EXPORT, SelfService,
    SharedData,
};
use crudauth_core::slices::sudo::Proof;
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;
use tracing::error;

use super::{Service, Wiring, limits, recovery, sudo};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::cookie::set_cookies;
use crate::http::headers::{detail, json as answer};
use crate::http::{Refusal, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `account`: owners export their data, and delete their accounts.
///
#[doc = include_str!("../../../docs/account.md")]
#[derive(Clone, Copy, Debug)]
pub struct Account;

super::stores!(Account: deletions);

impl<U: AuthUser> Slice<U> for Account {
    fn paths() -> Vec<Path<U>> {
        vec![
            Path::new(Method::GET, "/account/export", export).and(Method::POST, export_with_proof),
            Path::new(Method::POST, "/account/delete", delete),
            Path::new(Method::POST, "/account/delete-confirm", confirm_deletion),
            Path::new(Method::POST, "/account/restore", restore),
        ]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&DELETIONS]
    }
}

impl Service for Account {
    type Config = AccountConfig;
    type Flows<U: AuthUser> = SelfService<U>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: AccountConfig) -> SelfService<U> {
        let Wiring { kit, database, callers, sudo, .. } = wiring;
        let store = Arc::clone(&database.deletions);
        SelfService::new(kit.clone(), store, callers.clone(), Arc::clone(sudo), config)
            .with_recovery(wiring.recovery.clone())
            .with_data(data::of(wiring))
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Exports and deletes accounts for their owners.
    #[must_use]
    pub fn self_service(&self) -> &SelfService<U> {
        &self.services.account
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures deletion: the grace period, and whether rows stay.
    pub fn account(mut self, config: AccountConfig) -> Self
    where
        A: Mounts<Account>,
    {
        self.settings.slices.account = config;
        self
    }

    /// Exports and erases data of the app. Hooks run in the order of the calls.
    pub fn account_data(mut self, data: impl AccountData<A::User>) -> Self
    where
        A: Mounts<Account>,
    {
        self.settings.account_data.push(SharedData::new(data));
        self
    }
}

/// For a session that was elevated by `POST /sudo`.
async fn export<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    exported(&mounted, &request, &Proof::default()).await
}

async fn export_with_proof<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    // The credential and its CSRF token come first.
    owner_of(&mounted, &request).await?;
    let proof = sudo::proof(&mut request).await?;
    exported(&mounted, &request, &proof).await
}

async fn exported<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
    proof: &Proof,
) -> Result<Response, Refusal> {
    let principal = owner_of(mounted, request).await?;
    let used = limits::by_account(mounted, EXPORT, &principal).await?;
    used.told(async {
        let export = mounted.accounts().self_service().export(&principal, proof).await?;
        let mut response = answer(StatusCode::OK, &export)?;
        let name = poem::http::HeaderValue::from_static("attachment; filename=\"account.json\"");
        response.headers_mut().insert(poem::http::header::CONTENT_DISPOSITION, name);
        Ok(response)
    })
    .await
}

async fn delete<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let used = limits::by_account(&mounted, DELETE, &principal).await?;
    used.told(async {
        let proof = sudo::proof(&mut request).await?;
        let departure = mounted.accounts().self_service().delete(&principal, &proof).await?;
        told(&mounted, departure)
    })
    .await
}

async fn confirm_deletion<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let token = recovery::token(&mounted, &mut request).await?;
    let departure = mounted.accounts().self_service().confirm_deletion(&token).await?;
    told(&mounted, departure)
}

async fn restore<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let token = recovery::token(&mounted, &mut request).await?;
    mounted.accounts().self_service().restore(&token).await?;
    detail("Account restored. Sign in again.")
}

/// The response, which also takes the cookies of the ended session away.
fn told<U: AuthUser>(mounted: &Mounted<U>, departure: Departure) -> Result<Response, Refusal> {
    let (status, body) = match departure {
        Departure::Deleted => (StatusCode::OK, json!({ "detail": "Account deleted." })),
        Departure::Scheduled { due_at } => {
            let body = json!({ "detail": "Account scheduled for deletion.", "deleted_at": due_at });
            (StatusCode::ACCEPTED, body)
        }
        Departure::LinkSent => {
            let body = json!({ "detail": "A link to confirm the deletion has been sent." });
            return answer(StatusCode::ACCEPTED, &body);
        }
    };
    let mut response = answer(status, &body)?;
    set_cookies(&mut response, &mounted.parts().http.cookies).clear_session();
    Ok(response)
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Proof(error) => error.into(),
            AccountError::Ended => Self::not_authenticated(),
            AccountError::LastSuperuser => Self::last_superuser(),
            AccountError::InvalidToken => Self::invalid_link(),
            AccountError::Store(cause) => cause.into(),
            AccountError::Referenced(_) => {
                error!(error = &error as &dyn Error, "account not deleted");
                Self::account_in_use()
            }
            AccountError::Refused(_) => {
                error!(error = &error as &dyn Error, "account not deleted");
                Self::internal()
            }
            AccountError::Data { .. } => {
                error!(error = &error as &dyn Error, "hook of an account failed");
                Self::internal()
            }
        }
    }
}

refusals! {
    pub(super) last_superuser = CONFLICT, "last-superuser", "The last active superuser must stay.";
    account_in_use = CONFLICT, "account-in-use", "The account cannot be deleted, because other data refers to it.";
}
