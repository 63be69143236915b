//! A gate in front of a whole sub-tree of routes.

use std::marker::PhantomData;

use poem::endpoint::BoxEndpoint;
use poem::{Endpoint, EndpointExt, FromRequest, IntoEndpoint, IntoResponse, Request, Response};

use super::current_user::cell;
use super::{CurrentUser, Guarded};
use crate::gate::Gate;
use crate::mount::Mount;

/// Puts the gate `G` in front of an endpoint.
pub fn guard<A: Mount, G: Gate<A>>(
    auth: &A,
    endpoint: impl IntoEndpoint<Endpoint: 'static>,
) -> BoxEndpoint<'static, Response> {
    let endpoint = endpoint.into_endpoint();
    let behind = Behind { endpoint, gate: PhantomData::<fn() -> (A, G)> };
    // The sub-tree may be outside of `.with(auth)`.
    Guarded::new(auth.clone(), behind).boxed()
}

/// An endpoint behind a gate.
struct Behind<E, A, G> {
    endpoint: E,
    gate: PhantomData<fn() -> (A, G)>,
}

impl<E: Endpoint, A: Mount, G: Gate<A>> Endpoint for Behind<E, A, G> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (mut request, mut body) = request.split();
        let user = CurrentUser::<A, G>::from_request(&request, &mut body).await?;
        cell::<A>(&request)?.pin(user.principal());
        request.set_body(body.take()?);
        Ok(self.endpoint.call(request).await?.into_response())
    }
}
