//! Rate limits of routes, and their response headers.

use std::future::Future;

use crudauth_core::guard::store::RateLimitOutcome;
use crudauth_core::guard::{Action, Allowed, Subject};
use crudauth_core::model::{AuthUser, IdentifierKind};
use crudauth_core::notify::TEXTS;
use poem::http::{HeaderName, HeaderValue};
use poem::{Request, Response};

use crate::http::Refusal;
use crate::http::headers::client;
use crate::mount::Mounted;
use crate::transport::Principal;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");

/// Counts one use by the network of the client.
pub(super) async fn by_client<U: AuthUser>(
    mounted: &Mounted<U>,
    action: Action,
    request: &Request,
) -> Result<Use, Refusal> {
    count(mounted, action, Subject::Client(client(request, &mounted.parts().http))).await
}

/// Counts a request that may send a text message by the network of the client, over all numbers, if a
/// phone number recovers accounts. Returns the tighter one of that limit and `used`.
pub(super) async fn texts<U: AuthUser>(
    mounted: &Mounted<U>,
    used: Use,
    request: &Request,
) -> Result<Use, Refusal> {
    match U::SHAPE.recovery_column().map(|column| column.kind) {
        Some(IdentifierKind::Phone) => Ok(used.tighter(by_client(mounted, TEXTS, request).await?)),
        _ => Ok(used),
    }
}

/// Counts one use by an account.
pub(super) async fn by_account<U: AuthUser>(
    mounted: &Mounted<U>,
    action: Action,
    principal: &Principal<U>,
) -> Result<Use, Refusal> {
    count(mounted, action, Subject::Account(&principal.account().counter_key())).await
}

/// Counts one use. [`Use::told`] adds its headers to the response.
async fn count<U: AuthUser>(
    mounted: &Mounted<U>,
    action: Action,
    subject: Subject<'_>,
) -> Result<Use, Refusal> {
    let Allowed { limit, outcome } = mounted.accounts().kit.limits.hit(action, subject).await?;
    match outcome {
        RateLimitOutcome::Exceeded { retry_after } => {
            Err(Refusal::too_many(retry_after).with(LIMIT, &limit.to_string()).with(REMAINING, "0"))
        }
        RateLimitOutcome::Allowed { remaining } => Ok(Use { limit, remaining }),
    }
}

/// A counted use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    limit: u32,
    remaining: u32,
}

impl Use {
    /// Returns the limit with fewer remaining uses.
    pub(super) fn tighter(self, other: Self) -> Self {
        match (self.limit, other.limit) {
            (0, _) => other,
            (_, 0) => self,
            _ if other.remaining < self.remaining => other,
            _ => self,
        }
    }

    /// Adds the headers of the limit to the response of the route.
    pub(super) async fn told(
        self,
        answer: impl Future<Output = Result<Response, Refusal>>,
    ) -> Result<Response, Refusal> {
        let answer = answer.await;
        if self.limit == 0 {
            return answer;
        }
        let told = [(LIMIT, self.limit), (REMAINING, self.remaining)];
        match answer {
            Ok(mut response) => {
                let told = told.map(|(name, value)| (name, HeaderValue::from(value)));
                response.headers_mut().extend(told);
                Ok(response)
            }
            Err(refusal) => Err(told
                .into_iter()
                .fold(refusal, |refusal, (name, value)| refusal.with(name, &value.to_string()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_with_fewer_remaining_uses_is_told() {
        let tighter = |one: (u32, u32), other: (u32, u32)| {
            let [one, other] = [one, other].map(|(limit, remaining)| Use { limit, remaining });
            let told = one.tighter(other);
            (told.limit, told.remaining)
        };
        assert_eq!(tighter((5, 3), (10, 2)), (10, 2));
        assert_eq!(tighter((5, 2), (10, 3)), (5, 2));
        assert_eq!(tighter((5, 2), (10, 2)), (5, 2));
        assert_eq!(tighter((0, 0), (10, 2)), (10, 2), "the other one is off");
        assert_eq!(tighter((5, 2), (0, 0)), (5, 2), "the other one is off");
    }
}
