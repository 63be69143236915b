//! `POST /tickets`: tickets for WebSockets and downloads.

use std::sync::Arc;

use crudauth_core::guard::CHALLENGES;
use crudauth_core::model::{AuthUser, InvalidField};
use crudauth_core::slices::tickets::{self as flows, ISSUE, TicketConfig, TicketError};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::json;

use super::{Service, Wiring, limits};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::headers::json as answer;
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `tickets`: pages open WebSockets and downloads by a URL that works once.
///
#[doc = include_str!("../../docs/tickets.md")]
#[derive(Clone, Copy, Debug)]
pub struct Tickets;

impl<U: AuthUser> Slice<U> for Tickets {
    fn paths() -> Vec<Path<U>> {
        vec![Path::new(Method::POST, "/tickets", issue)]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&CHALLENGES]
    }
}

impl Service for Tickets {
    type Config = TicketConfig;
    type Flows<U: AuthUser> = flows::Tickets<U>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: TicketConfig) -> flows::Tickets<U> {
        let holders = (Arc::clone(&wiring.sessions), Arc::clone(&wiring.tokens));
        let challenges = Arc::clone(&wiring.challenges);
        flows::Tickets::new(wiring.kit.clone(), challenges, holders, config)
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Issues tickets for WebSockets and downloads, and takes them.
    #[must_use]
    pub fn tickets(&self) -> &flows::Tickets<U> {
        &self.services.tickets
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures tickets: their lifetime.
    pub fn tickets(mut self, config: TicketConfig) -> Self
    where
        A: Mounts<Tickets>,
    {
        self.settings.slices.tickets = config;
        self
    }
}

async fn issue<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let path = flows::Tickets::<U>::read(&mut form)
        .map_err(|InvalidField| Refusal::invalid_fields(form.into_errors()))?;
    let used = limits::by_account(&mounted, ISSUE, &principal).await?;
    used.told(async {
        let ticket = mounted.accounts().tickets().issue(&principal, &path).await?;
        let expires_in = ticket.expires_in.as_secs();
        let body = json!({ "ticket": ticket.token.expose(), "expires_in": expires_in });
        answer(StatusCode::CREATED, &body)
    })
    .await
}

impl From<TicketError> for Refusal {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::NoSignIn => Self::denied(),
            TicketError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    pub(crate) invalid_ticket = UNAUTHORIZED, "invalid-ticket", "Invalid or expired ticket";
}
