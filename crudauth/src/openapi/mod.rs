//! Arguments of `#[oai]` handlers, and their part of the document.

mod refusals;
mod schemes;
mod user;

use crudauth_core::model::AuthUser;
use poem_openapi::{OpenApi, OpenApiService, Webhook};
use serde_json::Value;

pub use refusals::WithRefusals;
pub use user::{MaybeUser, User};

use crate::mount::Mounted;

impl<U: AuthUser> Mounted<U> {
    /// Returns the OpenAPI document of a service as JSON, with the name that the session cookie of
    /// this mount has.
    ///
    /// poem-openapi makes a document of types, which do not know the settings of a mount: in
    /// `service.spec()` the cookie is `session_id`. With
    /// [`hardened`](crate::Builder::hardened) it is `__Host-session_id`.
    #[must_use]
    pub fn openapi<T: OpenApi, W: Webhook>(&self, service: &OpenApiService<T, W>) -> String {
        let spec = service.spec();
        let Ok(mut document) = serde_json::from_str::<Value>(&spec) else { return spec };
        if let Some(name) = document.pointer_mut(schemes::SESSION_COOKIE_NAME) {
            *name = self.parts().http.cookies.session.as_str().into();
        }
        document.to_string()
    }
}
