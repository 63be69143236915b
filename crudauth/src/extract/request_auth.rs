//! The authentication of one request: the first argument that needs it looks the credential up, and
//! all others share the result.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once, OnceLock};

use crudauth_core::model::{AuthUser, CsrfToken, for_client};
use crudauth_core::slices::sessions::CurrentSession;
use poem::Request;
use poem::http::{HeaderMap, header};
use tokio::sync::OnceCell;
use tracing::{error, info};

use crate::http::cookie::cookies_of;
use crate::http::headers::client_info;
use crate::http::pages::Visit;
use crate::http::{FlashMessage, Refusal};
use crate::mount::{Mount, Mounted};
use crate::slice;
use crate::transport::{AnyTransport, Principal, Transport};

/// The principal of a request, resolved on first use.
pub(super) struct RequestAuth<U: AuthUser> {
    pub(super) mounted: Mounted<U>,
    /// The result of each transport of the mount, in its order. Routes that accept only some
    /// transports share these results with all others.
    looked_up: Box<[OnceCell<LookedUp<U>>]>,
    /// Limits the log to one line per request.
    noted: Once,
    /// The `Cookie` lines of the request, if the cookies of its session are to be renewed. The
    /// endpoint has taken the request by then.
    to_renew: OnceLock<HeaderMap>,
    /// A CSRF token for a page whose cookie is gone.
    new_csrf: OnceCell<Option<CsrfToken>>,
    /// The account that passed a gate in front of a sub-tree.
    pinned: OnceLock<String>,
    /// Whether a page has read the outcome of the last form.
    has_read_flash: AtomicBool,
    /// Whether a ticket was taken.
    has_ticket: AtomicBool,
}

/// Selects transports.
pub(super) type Admits<U> = fn(&dyn AnyTransport<U>) -> bool;

type LookedUp<U> = Result<Option<Arc<Principal<U>>>, Refusal>;

/// A principal, and the transport that resolved it.
struct Found<'c, U: AuthUser> {
    principal: Arc<Principal<U>>,
    transport: &'c dyn AnyTransport<U>,
}

impl<U: AuthUser> RequestAuth<U> {
    pub(super) fn new(mounted: Mounted<U>) -> Self {
        let looked_up = mounted.parts().transports.iter().map(|_| OnceCell::new()).collect();
        Self {
            mounted,
            looked_up,
            noted: Once::new(),
            to_renew: OnceLock::new(),
            new_csrf: OnceCell::new(),
            pinned: OnceLock::new(),
            has_read_flash: AtomicBool::new(false),
            has_ticket: AtomicBool::new(false),
        }
    }

    /// Returns the principal of the first of these transports that recognises a credential. Does not
    /// check the CSRF token.
    async fn find(
        &self,
        request: &Request,
        admits: Admits<U>,
    ) -> Result<Option<Found<'_, U>>, Refusal> {
        let transports = self.mounted.parts().transports.iter();
        for (transport, cell) in transports.zip(&self.looked_up) {
            if !admits(&**transport) {
                continue;
            }
            let look_up = || async {
                let client = client_info(request, &self.mounted.parts().http);
                let resolved = for_client(client, transport.resolve(&self.mounted, request));
                resolved.await.map(|found| found.map(Arc::new))
            };
            if let Some(principal) = cell.get_or_init(look_up).await.clone()? {
                if principal.session().is_some_and(|one| one.was_extended() && one.is_remembered())
                {
                    self.to_renew.get_or_init(|| cookie_lines(request));
                }
                let found = Found { principal, transport: &**transport };
                self.note_others(&found, request, admits);
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns the principal, if there is one, after the CSRF check.
    pub(super) async fn maybe(
        &self,
        request: &Request,
        admits: Admits<U>,
    ) -> Result<Option<Arc<Principal<U>>>, Refusal> {
        let Some(found) = self.find(request, admits).await? else { return Ok(None) };
        self.check_pin(&found.principal)?;
        found.transport.guard(&self.mounted, &found.principal, request)?;
        // A transport of the app's own may use the session: its cookie needs the CSRF check too.
        if found.principal.session().is_some() && !is_session(found.transport) {
            Transport::guard(&slice::Session, &self.mounted, &found.principal, request)?;
        }
        Ok(Some(found.principal))
    }

    /// Returns the principal, after the CSRF check.
    ///
    /// # Errors
    /// A 401 if there is none.
    pub(super) async fn signed_in(
        &self,
        request: &Request,
        admits: Admits<U>,
    ) -> Result<Arc<Principal<U>>, Refusal> {
        let found = self.maybe(request, admits).await?;
        found.ok_or_else(|| self.not_authenticated(request, admits))
    }

    /// Refuses another account than the gate in front of the handler let pass: the handler may accept
    /// another credential.
    pub(super) fn check_pin(&self, principal: &Principal<U>) -> Result<(), Refusal> {
        let pinned = self.pinned.get();
        let is_other = pinned.is_some_and(|pinned| *pinned != principal.account().counter_key());
        if is_other { Err(Refusal::denied()) } else { Ok(()) }
    }

    /// Refuses every other account from now on: a gate has let this one pass.
    pub(super) fn pin(&self, principal: &Principal<U>) {
        self.pinned.get_or_init(|| principal.account().counter_key());
    }

    /// Creates the 401 with a challenge for each scheme of the transports. A challenge for a scheme
    /// that the request used has `error="invalid_token"` (RFC 6750, section 3).
    fn not_authenticated(&self, request: &Request, admits: Admits<U>) -> Refusal {
        let transports = self.mounted.parts().transports.iter();
        if !transports.clone().any(|transport| admits(&**transport)) {
            error!(
                "no request can pass: no transport of the mount acts for the owner; restrict the route \
                 to a transport with `Via`, or require a `Scope`"
            );
        }
        for transport in transports.clone().filter(|transport| !admits(&***transport)) {
            if transport.is_sent(&self.mounted, request) {
                let sent = transport.name();
                info!(sent, "refused: this route does not accept credentials of that kind");
            }
        }
        let mut challenges: Vec<(&str, bool)> = Vec::new();
        for transport in transports.filter(|transport| admits(&***transport)) {
            let Some(scheme) = transport.scheme() else { continue };
            let is_sent = transport.is_sent(&self.mounted, request);
            match challenges.iter_mut().find(|(known, _)| *known == scheme) {
                Some((_, was_sent)) => *was_sent |= is_sent,
                None => challenges.push((scheme, is_sent)),
            }
        }
        challenges.iter().fold(Refusal::not_authenticated(), |refusal, (scheme, is_sent)| {
            refusal
                .with_challenge(scheme, if *is_sent { &[("error", "invalid_token")] } else { &[] })
        })
    }

    /// Logs that a request has further credentials, which have no effect.
    fn note_others(&self, found: &Found<'_, U>, request: &Request, admits: Admits<U>) {
        self.noted.call_once(|| {
            let by = found.transport;
            let transports = self.mounted.parts().transports.iter();
            let others = transports.filter(|other| other.name() != by.name());
            for other in others.filter(|other| admits(&***other)) {
                if other.is_sent(&self.mounted, request) {
                    let account = found.principal.user().id();
                    let (by, beside) = (by.name(), other.name());
                    info!(%account, by, beside, "a second credential on the request does not count");
                }
            }
        });
    }

    /// The resolved principals.
    fn found(&self) -> impl Iterator<Item = &Arc<Principal<U>>> {
        self.looked_up.iter().filter_map(|cell| cell.get()?.as_ref().ok()?.as_ref())
    }

    /// Whether a principal was resolved.
    pub(super) fn has_found(&self) -> bool {
        self.found().next().is_some() || self.has_ticket.load(Ordering::Relaxed)
    }

    /// Notes that a ticket was taken: the response is for one user.
    pub(super) fn note_ticket(&self) {
        self.has_ticket.store(true, Ordering::Relaxed);
    }

    /// The `Cookie` lines of the request, if the cookies of its session are to be renewed.
    pub(super) fn cookies_to_renew(&self) -> Option<&HeaderMap> {
        self.to_renew.get()
    }

    /// Returns the CSRF token of the session for the forms of a page, if the app has pages. A page
    /// that a browser shows without the cookie gets a new token.
    pub(super) async fn csrf_of_page(
        &self,
        request: &Request,
        principal: &Principal<U>,
    ) -> Result<Option<String>, Refusal> {
        let http = &self.mounted.parts().http;
        let (Some(_), Some(session)) = (&http.pages, principal.session()) else { return Ok(None) };
        let sessions = self.mounted.accounts().sessions();
        let mut sent = cookies_of(request, &http.cookies).csrf_tokens().into_iter();
        if let Some(sent) = sent.find(|sent| sessions.is_csrf_token(session, sent)) {
            return Ok(Some(sent.to_owned()));
        }
        if !request.method().is_safe() || Visit::of(request).is_none() {
            return Ok(None);
        }
        let renew = self.new_csrf.get_or_try_init(|| sessions.renew_csrf_token(session));
        let renewed = Box::pin(renew).await?;
        Ok(renewed.as_ref().map(|token| token.expose().to_owned()))
    }

    /// The CSRF token that a page got in place of a lost one.
    pub(super) fn new_csrf(&self) -> Option<&CsrfToken> {
        self.new_csrf.get()?.as_ref()
    }

    /// Returns the outcome of the last form, which is removed with the response.
    pub(super) fn flash(&self, request: &Request) -> Option<FlashMessage> {
        let parts = self.mounted.parts();
        let sent = cookies_of(request, &parts.http.cookies).flashes();
        if !sent.is_empty() {
            self.has_read_flash.store(true, Ordering::Relaxed);
        }
        sent.iter().find_map(|value| FlashMessage::open(value, &parts.accounts.kit.keys))
    }

    /// Whether a page has read the outcome of the last form.
    pub(super) fn has_read_flash(&self) -> bool {
        self.has_read_flash.load(Ordering::Relaxed)
    }

    /// The session, if a principal with one was resolved.
    pub(super) fn session(&self) -> Option<&CurrentSession> {
        self.found().find_map(|principal| principal.session())
    }
}

fn cookie_lines(request: &Request) -> HeaderMap {
    let lines = request.headers().get_all(header::COOKIE).iter();
    lines.map(|line| (header::COOKIE, line.clone())).collect()
}

/// The authentication by one mount. An app may have several mounts over one user struct.
#[derive(Clone)]
pub(super) struct MountAuth<A: Mount> {
    pub(super) cell: Arc<RequestAuth<A::User>>,
    mount: PhantomData<fn() -> A>,
}

impl<A: Mount> MountAuth<A> {
    pub(super) fn new(cell: Arc<RequestAuth<A::User>>) -> Self {
        Self { cell, mount: PhantomData }
    }
}

/// Returns the authentication of the request, or a new one outside the middleware.
fn cell_of<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Arc<RequestAuth<U>> {
    let cell =
        request.extensions().get::<Arc<RequestAuth<U>>>().filter(|cell| cell.mounted.is(mounted));
    cell.cloned().unwrap_or_else(|| Arc::new(RequestAuth::new(mounted.clone())))
}

/// Whether this is the transport of sessions.
fn is_session<U: AuthUser>(transport: &dyn AnyTransport<U>) -> bool {
    transport.name() == <slice::Session as Transport<U>>::NAME
}

/// Returns the principal of the session, if there is one, without checking the CSRF token.
pub(crate) async fn visitor_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Option<Arc<Principal<U>>>, Refusal> {
    let cell = cell_of(mounted, request);
    let found = cell.find(request, is_session::<U>).await?;
    Ok(found.map(|found| found.principal))
}

/// Returns the principal of the session, if there is one, after the CSRF check.
pub(crate) async fn guarded_visitor_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Option<Arc<Principal<U>>>, Refusal> {
    cell_of(mounted, request).maybe(request, is_session::<U>).await
}

/// Returns the principal of the session, for routes about sessions. An administrator who acts as the
/// owner is refused.
pub(crate) async fn session_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    not_impersonated(cell_of(mounted, request).signed_in(request, is_session::<U>).await?)
}

/// Returns the principal of any credential.
pub(crate) async fn any_principal<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    cell_of(mounted, request).signed_in(request, |_| true).await
}

/// Returns the principal of a transport that [acts for the owner](Transport::acts_for_owner), for
/// routes that change the account. An administrator who acts as the owner is refused.
pub(crate) async fn owner_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    let found = cell_of(mounted, request);
    not_impersonated(found.signed_in(request, |transport| transport.acts_for_owner()).await?)
}

/// Refuses an administrator who acts as the owner.
pub(crate) fn not_impersonated<U: AuthUser>(
    principal: Arc<Principal<U>>,
) -> Result<Arc<Principal<U>>, Refusal> {
    if principal.impersonator().is_some() { Err(Refusal::impersonated()) } else { Ok(principal) }
}
