//! The arguments of `#[oai]` handlers.

use std::fmt;
use std::ops::Deref;

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::schemes;
use crate::extract;
use crate::gate::Gate;
use crate::mount::Mount;

/// Declares the documented form of an argument of plain handlers.
macro_rules! documented {
    ($(#[$doc:meta])* $name:ident => $plain:ident, is_optional: $is_optional:literal) => {
        $(#[$doc])*
        pub struct $name<A: Mount, G = ()>(extract::$plain<A, G>);

        impl<A: Mount, G> Deref for $name<A, G> {
            type Target = extract::$plain<A, G>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl<A: Mount, G> fmt::Debug for $name<A, G> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'a, A: Mount, G: Gate<A>> ApiExtractor<'a> for $name<A, G> {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                schemes::register::<A, G>(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                schemes::names::<A, G>()
            }

            /// A request without a credential passes.
            fn has_security_fallback() -> bool {
                $is_optional
            }

            async fn from_request(
                request: &'a Request,
                body: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                type Plain<A, G> = extract::$plain<A, G>;
                <Plain<A, G> as FromRequest>::from_request(request, body).await.map(Self)
            }
        }
    };
}

documented! {
    /// The signed-in user, for `#[oai]` handlers: [`CurrentUser`](crate::CurrentUser) with its
    /// security schemes in the document.
    ///
    /// It authenticates like that argument, to which it dereferences. The document names the
    /// schemes of the mount's transports that the gate `G` accepts. Those of the app's own
    /// transports are not known to it.
    ///
    /// # Refusals
    /// Those of [`CurrentUser`](crate::CurrentUser), as problem documents. [`WithRefusals`] adds
    /// them to the document. A response type with `bad_request_handler` gets them as errors.
    ///
    /// [`WithRefusals`]: super::WithRefusals
    User => CurrentUser, is_optional: false
}

documented! {
    /// The signed-in user, if there is one, for `#[oai]` handlers:
    /// [`MaybeUser`](crate::MaybeUser) with its security schemes in the document, none of which is
    /// required.
    MaybeUser => MaybeUser, is_optional: true
}
