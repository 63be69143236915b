//! One cell per request: any_principal asks first has a credential looked up, everybody after shares the
//! answer.

use std::marker::PhantomData;
use std::sync::{Arc, Once};

use crudauth_core::model::AuthUser;
use crudauth_core::slices::sessions::CurrentSession;
use poem::Request;
use tokio::sync::OnceCell;
use tracing::{error, info};

use crate::http::Refusal;
use crate::mount::{Mount, Mounted};
use crate::slice;
use crate::transport::{AnyTransport, Principal, Transport};

/// Who is asking, once somebody wanted to know.
pub(super) struct RequestAuth<U: AuthUser> {
    pub(super) mounted: Mounted<U>,
    /// One for each transport of the mount, in its order: routes that are narrowed to some of them
    /// share the look-ups with those that are not.
    looked_up: Box<[OnceCell<LookedUp<U>>]>,
    /// One line in the log for a request, however many arguments ask.
    noted: Once,
}

/// Which transports are looked at.
pub(super) type Admits<U> = fn(&dyn AnyTransport<U>) -> bool;

type LookedUp<U> = Result<Option<Arc<Principal<U>>>, Refusal>;

/// Whoever a transport has found.
struct Found<'c, U: AuthUser> {
    principal: Arc<Principal<U>>,
    transport: &'c dyn AnyTransport<U>,
}

impl<U: AuthUser> RequestAuth<U> {
    pub(super) fn new(mounted: Mounted<U>) -> Self {
        let looked_up = mounted.parts().transports.iter().map(|_| OnceCell::new()).collect();
        Self { mounted, looked_up, noted: Once::new() }
    }

    /// The first of these transports that finds somebody, and whom. CSRF is not checked here.
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
                transport.resolve(&self.mounted, request).await.map(|found| found.map(Arc::new))
            };
            if let Some(principal) = cell.get_or_init(look_up).await.clone()? {
                self.note_others(&principal, &**transport, request, admits);
                return Ok(Some(Found { principal, transport: &**transport }));
            }
        }
        Ok(None)
    }

    /// Whoever is signed in by one of these transports, if anybody is, after the CSRF check.
    pub(super) async fn maybe(
        &self,
        request: &Request,
        admits: Admits<U>,
    ) -> Result<Option<Arc<Principal<U>>>, Refusal> {
        let Some(found) = self.find(request, admits).await? else { return Ok(None) };
        found.transport.guard(&self.mounted, &found.principal, request)?;
        // A transport of the app's own may have asked the session's: the cookie is guarded all the
        // same.
        if found.principal.session().is_some() && !is_session(found.transport) {
            Transport::guard(&slice::Session, &self.mounted, &found.principal, request)?;
        }
        Ok(Some(found.principal))
    }

    /// Who is signed in by one of these transports.
    pub(super) async fn signed_in(
        &self,
        request: &Request,
        admits: Admits<U>,
    ) -> Result<Arc<Principal<U>>, Refusal> {
        let found = self.maybe(request, admits).await?;
        found.ok_or_else(|| self.not_authenticated(request, admits))
    }

    /// Tells a client by what scheme it could do better, and whether what it sent was one that is
    /// not good any more (RFC 6750, section 3).
    fn not_authenticated(&self, request: &Request, admits: Admits<U>) -> Refusal {
        let transports = self.mounted.parts().transports.iter();
        if !transports.clone().any(|transport| admits(&**transport)) {
            error!(
                "nobody can pass: no transport of the mount acts for the owner; narrow the route to \
                 one by `Via`, or have it ask for a `Scope`"
            );
        }
        for transport in transports.clone().filter(|transport| !admits(&***transport)) {
            if transport.is_sent(&self.mounted, request) {
                let sent = transport.name();
                info!(sent, "refused: this route does not look at credentials of that kind");
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

    /// A request with two credentials is no error, but one of them does not count, and nobody would
    /// see it.
    fn note_others(
        &self,
        principal: &Principal<U>,
        by: &dyn AnyTransport<U>,
        request: &Request,
        admits: Admits<U>,
    ) {
        self.noted.call_once(|| {
            let transports = self.mounted.parts().transports.iter();
            let others = transports.filter(|other| other.name() != by.name());
            for other in others.filter(|other| admits(&***other)) {
                if other.is_sent(&self.mounted, request) {
                    let account = principal.user().id();
                    let (by, beside) = (by.name(), other.name());
                    info!(%account, by, beside, "a second credential on the request does not count");
                }
            }
        });
    }

    /// Everybody who was found.
    fn found(&self) -> impl Iterator<Item = &Arc<Principal<U>>> {
        self.looked_up.iter().filter_map(|cell| cell.get()?.as_ref().ok()?.as_ref())
    }

    /// Whether anybody asked and there was somebody.
    pub(super) fn has_found(&self) -> bool {
        self.found().next().is_some()
    }

    /// The session, if anybody asked and there was one.
    pub(super) fn session(&self) -> Option<&CurrentSession> {
        self.found().find_map(|principal| principal.session())
    }
}

/// The cell of one mount: an app may have several over one user struct, and they stay apart.
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

/// The request's cell, or a new one outside the middleware.
fn cell_of<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Arc<RequestAuth<U>> {
    let cell =
        request.extensions().get::<Arc<RequestAuth<U>>>().filter(|cell| cell.mounted.is(mounted));
    cell.cloned().unwrap_or_else(|| Arc::new(RequestAuth::new(mounted.clone())))
}

/// Whether a transport is the session's.
fn is_session<U: AuthUser>(transport: &dyn AnyTransport<U>) -> bool {
    transport.name() == <slice::Session as Transport<U>>::NAME
}

/// Whose session it is, if there is one, for a route of the library's that asks for no CSRF token
/// or looks for it by itself.
pub(crate) async fn visitor_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Option<Arc<Principal<U>>>, Refusal> {
    let cell = cell_of(mounted, request);
    let found = cell.find(request, is_session::<U>).await?;
    Ok(found.map(|found| found.principal))
}

/// The same, but an unsafe request must bring the CSRF token.
pub(crate) async fn guarded_visitor_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Option<Arc<Principal<U>>>, Refusal> {
    cell_of(mounted, request).maybe(request, is_session::<U>).await
}

/// Whose session it is, for a route of the library's about sessions.
pub(crate) async fn session_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    cell_of(mounted, request).signed_in(request, is_session::<U>).await
}

/// Who is signed in, by whatever credential.
pub(crate) async fn any_principal<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    cell_of(mounted, request).signed_in(request, |_| true).await
}

/// Who is signed in, for a route of the library's by which an account is changed, and only by a
/// transport that [acts for the owner](Transport::acts_for_owner).
pub(crate) async fn owner_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    cell_of(mounted, request).signed_in(request, |transport| transport.acts_for_owner()).await
}
