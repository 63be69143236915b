//! The port of a bot check, and the routes that can ask for one.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::model::ClientInfo;
use crate::store_error::StoreError;

/// A route that may ask for the answer of a [`BotCheck`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PublicRoute {
    /// `POST /register`.
    Register,
    /// `POST /login`.
    Login,
    /// `POST /token`.
    Token,
    /// `POST /password/reset-request`.
    ResetRequest,
    /// `POST /email/verify-request`.
    VerifyRequest,
    /// `POST /email-login/request`.
    EmailLoginRequest,
    /// A route of the app, under a name of its own, for
    /// [`BotProtection::check`](super::BotProtection::check).
    App(&'static str),
}

impl PublicRoute {
    /// The routes of the library, all of which ask by default.
    pub const ALL: [Self; 6] = [
        Self::Register,
        Self::Login,
        Self::Token,
        Self::ResetRequest,
        Self::VerifyRequest,
        Self::EmailLoginRequest,
    ];
}

/// The answer of a client to a [`BotCheck`]. `Debug` does not show the text.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct BotAnswer<'a> {
    /// The text that the client sent, 1 byte to 8 KiB, not checked in any way.
    pub text: &'a str,
    /// The requested route.
    pub route: PublicRoute,
    /// The client.
    pub client: &'a ClientInfo,
}

impl fmt::Debug for BotAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotAnswer").field("route", &self.route).finish_non_exhaustive()
    }
}

/// Decides whether a request may go on, by the answer that the client sent with it: a service such as
/// Turnstile, hCaptcha or reCAPTCHA, or a rule of the app.
///
/// It is asked before anything is looked up, so it knows no account. It runs for every request that has
/// an answer, so it limits the time of its own calls. After 60 refused answers of one client network
/// within 10 minutes, it is not asked for that network for 10 minutes.
pub trait BotCheck: Send + Sync + 'static {
    /// The member of a JSON body, or the field of a form, that holds the answer, for example
    /// `cf-turnstile-response`.
    fn field(&self) -> &'static str;

    /// Returns `Ok` to let the request pass.
    ///
    /// # Errors
    /// [`BotCheckError::Refused`] for a wrong answer. [`BotCheckError::Store`] if it cannot decide: the
    /// request is answered with 503 or 500. A check that lets requests pass while its service is away
    /// returns `Ok`.
    fn check(
        &self,
        answer: BotAnswer<'_>,
    ) -> impl Future<Output = Result<(), BotCheckError>> + Send;
}

/// Object-safe [`BotCheck`].
pub(super) trait AnyBotCheck: Send + Sync {
    fn field(&self) -> &'static str;

    fn ask<'a>(&'a self, answer: BotAnswer<'a>) -> BoxFuture<'a, Result<(), BotCheckError>>;
}

impl<C: BotCheck> AnyBotCheck for C {
    fn field(&self) -> &'static str {
        BotCheck::field(self)
    }

    fn ask<'a>(&'a self, answer: BotAnswer<'a>) -> BoxFuture<'a, Result<(), BotCheckError>> {
        Box::pin(self.check(answer))
    }
}

/// Why an answer is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum BotCheckError {
    /// The answer is wrong, expired or used. The client learns no more than that.
    #[error("the answer to the bot check is not accepted")]
    Refused,
    /// The client's network sent too many wrong answers, so the check was not asked.
    #[error("too many wrong answers to the bot check")]
    TooMany {
        /// Time until the check is asked again.
        retry_after: Duration,
    },
    /// The check could not decide.
    #[error("the bot check failed")]
    Store(#[from] StoreError),
}
