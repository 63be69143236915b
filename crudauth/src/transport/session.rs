//! The transport `session`: a cookie, plus a CSRF token for unsafe methods.

use crudauth_core::model::AuthUser;
use poem::Request;
use poem::http::HeaderName;

use crate::http::Refusal;
use crate::http::cookie::cookies_of;
use crate::mount::Mounted;
use crate::slice::Session;
use crate::transport::{Principal, Transport};

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

impl<U: AuthUser> Transport<U> for Session {
    const NAME: &'static str = "session";

    async fn resolve(
        &self,
        auth: &Mounted<U>,
        request: &Request,
    ) -> Result<Option<Principal<U>>, Refusal> {
        for token in cookies_of(request, &auth.parts().http.cookies).sessions() {
            let found = auth.accounts().authenticate(&token).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Requires the session's CSRF token in `X-CSRF-Token` for unsafe methods. Another site's page
    /// can make a browser send the cookie, but cannot read the token.
    fn guard(
        &self,
        auth: &Mounted<U>,
        principal: &Principal<U>,
        request: &Request,
    ) -> Result<(), Refusal> {
        if request.method().is_safe() {
            return Ok(());
        }
        let sent = request.headers().get(CSRF).map_or(&b""[..], |value| value.as_bytes());
        if sent.is_empty() {
            return Err(Refusal::csrf_missing());
        }
        let sessions = auth.accounts().sessions();
        let is_right = principal.session().is_some_and(|session| {
            std::str::from_utf8(sent).is_ok_and(|sent| sessions.is_csrf_token(session, sent))
        });
        if is_right { Ok(()) } else { Err(Refusal::csrf_invalid()) }
    }

    fn is_sent(&self, auth: &Mounted<U>, request: &Request) -> bool {
        !cookies_of(request, &auth.parts().http.cookies).sessions().is_empty()
    }

    fn acts_for_owner(&self) -> bool {
        true
    }
}
