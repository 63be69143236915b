//! One cell per request: whoever asks first has the visitor looked up, everybody after shares the
//! answer.

use std::marker::PhantomData;
use std::sync::Arc;

use crudauth_core::model::{AuthUser, Token};
use poem::Request;
use tokio::sync::OnceCell;

use super::Principal;
use crate::http::{Refusal, cookies_of};
use crate::mount::{Mount, Mounted};

/// Who is asking, once somebody wanted to know.
pub(super) struct Cell<U: AuthUser> {
    pub(super) mounted: Mounted<U>,
    looked_up: OnceCell<Result<Option<Arc<Principal<U>>>, Refusal>>,
}

impl<U: AuthUser> Cell<U> {
    pub(super) fn new(mounted: Mounted<U>) -> Self {
        Self { mounted, looked_up: OnceCell::new() }
    }

    /// Who is signed in, if anybody is; CSRF is not looked at.
    pub(super) async fn visitor(
        &self,
        request: &Request,
    ) -> Result<Option<Arc<Principal<U>>>, Refusal> {
        let look_up = || async {
            let Some(token) = self.token(request) else { return Ok(None) };
            let visit = self.mounted.accounts().authenticate(&token).await?;
            Ok(visit.map(|visit| Arc::new(Principal::new(visit))))
        };
        self.looked_up.get_or_init(look_up).await.clone()
    }

    /// Who is signed in, if anybody is; what they may not have sent themselves is refused.
    pub(super) async fn checked(
        &self,
        request: &Request,
    ) -> Result<Option<Arc<Principal<U>>>, Refusal> {
        let visitor = self.visitor(request).await?;
        if let Some(principal) = &visitor {
            principal.check_csrf(&self.mounted, request)?;
        }
        Ok(visitor)
    }

    /// Who was found, if anybody asked and there was somebody.
    pub(super) fn found(&self) -> Option<&Arc<Principal<U>>> {
        self.looked_up.get()?.as_ref().ok()?.as_ref()
    }

    fn token(&self, request: &Request) -> Option<Token> {
        cookies_of(request, &self.mounted.parts().http.cookies).session()
    }
}

/// The cell of one mount: an app may have several over one user struct, and they stay apart.
pub(super) struct CellOf<A: Mount> {
    pub(super) cell: Arc<Cell<A::User>>,
    mount: PhantomData<fn() -> A>,
}

impl<A: Mount> CellOf<A> {
    pub(super) fn new(cell: Arc<Cell<A::User>>) -> Self {
        Self { cell, mount: PhantomData }
    }
}

impl<A: Mount> Clone for CellOf<A> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.cell))
    }
}

/// The request's cell, or a new one outside the middleware.
fn cell_of<U: AuthUser>(mounted: &Mounted<U>, request: &Request) -> Arc<Cell<U>> {
    let cell = request.extensions().get::<Arc<Cell<U>>>().filter(|cell| cell.mounted.is(mounted));
    cell.cloned().unwrap_or_else(|| Arc::new(Cell::new(mounted.clone())))
}

/// Who is signed in, if anybody is, for a route of the library's that asks for no CSRF token or
/// looks for it by itself.
pub(crate) async fn visitor_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Option<Arc<Principal<U>>>, Refusal> {
    cell_of(mounted, request).visitor(request).await
}

/// Who is signed in, for a route of the library's that is for them only.
pub(crate) async fn principal_of<U: AuthUser>(
    mounted: &Mounted<U>,
    request: &Request,
) -> Result<Arc<Principal<U>>, Refusal> {
    cell_of(mounted, request).checked(request).await?.ok_or_else(Refusal::not_authenticated)
}
