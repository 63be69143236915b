//! `GET /bot-check`: puzzles of the proof of work. The routes that ask for an answer are marked where
//! they are declared, and the endpoint of a path asks before it calls the route.

use crudauth_core::model::AuthUser;
use crudauth_core::slices::bot_protection::{
    self as flows, BotCheckError, BotProtectionConfig, PublicRoute,
};
use crudauth_core::sql::Backend;
use poem::http::{HeaderName, Method, StatusCode};
use poem::{Request, Response};
use tracing::debug;

use super::{Service, Wiring};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::http::headers::{json as answer, text};
use crate::http::origin::is_untrusted_page;
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

const PATH: &str = "/bot-check";

/// Holds the answer in place of the body.
const ANSWER: HeaderName = HeaderName::from_static("x-bot-check");

/// `bot_protection`: public routes ask for proof of work, or for the answer of a service.
///
#[doc = include_str!("../../docs/bot_protection.md")]
#[derive(Clone, Copy, Debug)]
pub struct BotProtection;

impl<U: AuthUser> Slice<U> for BotProtection {
    // Uses of solutions are in the table of the rate limits, which every mount has.
    fn paths() -> Vec<Path<U>> {
        vec![Path::new(Method::GET, PATH, puzzle)]
    }
}

impl Service for BotProtection {
    type Config = BotProtectionConfig;
    type Flows<U: AuthUser> = Option<flows::BotProtection>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: BotProtectionConfig) -> Self::Flows<U> {
        wiring.has_path(PATH).then(|| flows::BotProtection::new(&wiring.kit, config))
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Checks answers in routes of the app, such as a contact form. `None` if the mount does not name
    /// `bot_protection`. The other calls here ask for no answer.
    #[must_use]
    pub fn bot_protection(&self) -> Option<&flows::BotProtection> {
        self.services.bot_protection.as_ref()
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures bot protection: the check, and the routes that ask. Takes a
    /// [`BotProtectionConfig`](crate::BotProtectionConfig) or a
    /// [`ProofOfWork`](crate::bots::ProofOfWork).
    pub fn bot_protection(mut self, config: impl Into<BotProtectionConfig>) -> Self
    where
        A: Mounts<BotProtection>,
    {
        self.settings.slices.bot_protection = config.into();
        self
    }
}

/// Needs no limit: a puzzle costs two hashes, and nothing is stored.
async fn puzzle<U: AuthUser>(mounted: Mounted<U>, _: Request) -> Result<Response, Refusal> {
    match mounted.accounts().bot_protection().and_then(flows::BotProtection::puzzle) {
        Some(puzzle) => answer(StatusCode::OK, &puzzle),
        None => Err(Refusal::not_found("Not Found")),
    }
}

/// Asks for the answer of the check, if the mount has one at this route. The body can still be read
/// afterwards.
pub(crate) async fn admit<U: AuthUser>(
    mounted: &Mounted<U>,
    route: PublicRoute,
    request: &mut Request,
) -> Result<(), Refusal> {
    let check = mounted.accounts().bot_protection();
    let Some(check) = check.filter(|check| check.asks_at(route)) else { return Ok(()) };
    let sent = match text(request.headers(), ANSWER) {
        Some(answer) => Some(answer.to_owned()),
        None => body::peek(request, check.field()).await?,
    };
    let Some(sent) = sent.filter(|answer| !answer.is_empty()) else {
        return Err(Refusal::bot_check_required());
    };
    let is_cross_site = is_untrusted_page(request, &mounted.parts().http);
    let checked = check.check_sent(route, &sent, is_cross_site).await;
    if let Err(BotCheckError::Refused) = &checked {
        debug!(?route, "bot check refused");
    }
    Ok(checked?)
}

impl From<BotCheckError> for Refusal {
    fn from(error: BotCheckError) -> Self {
        match error {
            BotCheckError::Refused => Self::bot_check_failed(),
            BotCheckError::TooMany { retry_after } => Self::too_many(retry_after),
            BotCheckError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    bot_check_required = FORBIDDEN, "bot-check-required", "Confirm that you are not a robot.";
    bot_check_failed = FORBIDDEN, "bot-check-failed", "The bot check failed. Try again.";
}
