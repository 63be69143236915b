//! Security schemes of the document: each way to send a credential that the library accepts.

use poem_openapi::registry::{MetaSecurityScheme, Registry};

use crate::gate::{Gate, is_admitted};
use crate::http::SESSION_COOKIE;
use crate::mount::Mount;
use crate::transport::{AuthMethod, Transports};

/// A way to send a credential.
struct Scheme {
    method: AuthMethod,
    name: &'static str,
    describe: fn() -> MetaSecurityScheme,
}

/// Where the document has the name of the session cookie.
pub(super) const SESSION_COOKIE_NAME: &str = "/components/securitySchemes/session/name";

static SCHEMES: [Scheme; 4] = [
    Scheme {
        method: AuthMethod::Session,
        name: "session",
        describe: || MetaSecurityScheme {
            description: Some(
                "The cookie of a sign-in. Unsafe methods also need the CSRF token in the header \
                 `X-CSRF-Token`.",
            ),
            name: Some(SESSION_COOKIE),
            key_in: Some("cookie"),
            ..scheme("apiKey")
        },
    },
    Scheme {
        method: AuthMethod::Bearer,
        name: "bearer",
        describe: || MetaSecurityScheme {
            description: Some("An access token."),
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            ..scheme("http")
        },
    },
    Scheme {
        method: AuthMethod::ApiKey,
        name: "api_key",
        describe: || MetaSecurityScheme {
            description: Some("An API key."),
            name: Some("X-API-Key"),
            key_in: Some("header"),
            ..scheme("apiKey")
        },
    },
    Scheme {
        method: AuthMethod::ApiKey,
        name: "api_key_bearer",
        describe: || MetaSecurityScheme {
            description: Some("An API key in the place of an access token."),
            scheme: Some("bearer"),
            ..scheme("http")
        },
    },
];

fn scheme(ty: &'static str) -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty,
        description: None,
        name: None,
        key_in: None,
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}

/// Adds the schemes of the mount's transports that the gate accepts to the document.
pub(super) fn register<A: Mount, G: Gate<A>>(registry: &mut Registry) {
    for scheme in of::<A, G>() {
        registry.create_security_scheme(scheme.name, (scheme.describe)());
    }
}

/// The names of these schemes. Each suffices by itself.
pub(super) fn names<A: Mount, G: Gate<A>>() -> Vec<&'static str> {
    of::<A, G>().into_iter().map(|scheme| scheme.name).collect()
}

/// Returns `true` for the name of a scheme of the library.
pub(super) fn is_known(name: &str) -> bool {
    SCHEMES.iter().any(|scheme| scheme.name == name)
}

/// In the order in which the transports are tried. A document is made of types alone, so transports
/// of the app's own, which are values, are not in it.
fn of<A: Mount, G: Gate<A>>() -> Vec<&'static Scheme> {
    let transports = A::transports(&mut Transports::new());
    let admitted = transports.iter().filter(|transport| is_admitted::<A, G>(&***transport));
    let methods = admitted.map(|transport| transport.method());
    methods.flat_map(|method| SCHEMES.iter().filter(move |one| one.method == method)).collect()
}
