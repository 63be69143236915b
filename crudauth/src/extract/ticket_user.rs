//! The handler argument for WebSockets and downloads: the user of a ticket in the URL.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crudauth_core::model::for_client;
use poem::{FromRequest, Request, RequestBody};

use super::current_user::{cell, settled};
use crate::gate::{Gate, is_admitted};
use crate::http::Refusal;
use crate::http::headers::{client_info, requested_path};
use crate::mount::{Mount, Mounts};
use crate::slice::Tickets;
use crate::transport::Principal;

/// The user of a ticket in the query of the URL: `?ticket=…`. For a WebSocket or a download, where a
/// browser sends no header of the page.
///
/// It accepts tickets of [`POST /tickets`](crate::slice::Tickets) for the path of the request, and no
/// other credential: a cookie that a browser sends along has no effect, so another site's page
/// cannot open the socket. No other argument accepts a ticket.
///
/// A ticket stands for the session or the access token that asked for it, with its scopes and its
/// proofs, and the gate `G` is checked as for [`CurrentUser`](crate::CurrentUser). It works once, so
/// a handler has one such argument.
///
/// # Refusals
/// 401 `invalid-ticket` without a valid ticket, and the refusals of the gate `G`. A route that is not
/// behind `.with(auth)` answers 500, and the log names the cause.
pub struct TicketUser<A: Mount + Mounts<Tickets>, G = ()> {
    principal: Principal<A::User>,
    gate: PhantomData<fn() -> G>,
}

impl<A: Mount + Mounts<Tickets>, G> TicketUser<A, G> {
    /// The authenticated party: account, method and time of the sign-in, scopes.
    #[must_use]
    pub fn principal(&self) -> &Principal<A::User> {
        &self.principal
    }
}

impl<A: Mount + Mounts<Tickets>, G> Deref for TicketUser<A, G> {
    type Target = A::User;

    fn deref(&self) -> &A::User {
        self.principal.user()
    }
}

impl<A: Mount + Mounts<Tickets>, G> fmt::Debug for TicketUser<A, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TicketUser").field(self.principal.account()).finish()
    }
}

impl<'a, A: Mount + Mounts<Tickets>, G: Gate<A>> FromRequest<'a> for TicketUser<A, G> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        settled(Self::of(request).await, request, body).await
    }
}

impl<A: Mount + Mounts<Tickets>, G: Gate<A>> TicketUser<A, G> {
    async fn of(request: &Request) -> Result<Self, Refusal> {
        let cell = cell::<A>(request)?;
        let parts = cell.mounted.parts();
        let ticket = sent(request).ok_or_else(Refusal::invalid_ticket)?;
        let redeem = parts.accounts.tickets().redeem(ticket, requested_path(request));
        let found = for_client(client_info(request, &parts.http), redeem).await?;
        let principal = found.ok_or_else(Refusal::invalid_ticket)?;
        cell.note_ticket();
        cell.check_pin(&principal)?;
        let mut transports = parts.transports.iter();
        let transport = transports.find(|one| one.method() == principal.method());
        if !transport.is_some_and(|one| is_admitted::<A, G>(&**one)) {
            return Err(Refusal::not_authenticated());
        }
        G::check(&A::new(cell.mounted.clone()), &principal, request).await?;
        Ok(Self { principal, gate: PhantomData })
    }
}

/// Returns the ticket of a request.
fn sent(request: &Request) -> Option<&str> {
    request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix("ticket="))
}
