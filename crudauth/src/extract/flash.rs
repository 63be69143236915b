//! The handler argument with the outcome of the last form.

use std::marker::PhantomData;

use poem::{FromRequest, Request, RequestBody};

use super::current_user::cell;
use crate::http::FlashMessage;
use crate::mount::Mount;

/// The outcome of the form that led to this page, if there was one.
///
/// It is shown once: the response removes it. It needs [`Builder::pages`](crate::Builder::pages), and
/// a route behind `.with(auth)`.
pub struct Flash<A> {
    message: Option<FlashMessage>,
    mount: PhantomData<fn() -> A>,
}

impl<A> Flash<A> {
    /// The outcome; `None` if no form led here.
    #[must_use]
    pub fn message(&self) -> Option<&FlashMessage> {
        self.message.as_ref()
    }
}

impl<A> std::fmt::Debug for Flash<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Flash").field(&self.message).finish()
    }
}

impl<'a, A: Mount> FromRequest<'a> for Flash<A> {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let message = cell::<A>(request)?.flash(request);
        Ok(Self { message, mount: PhantomData })
    }
}
