//! Bot protection: public routes ask for the answer of a check first, so that a script pays for each
//! sign-up, sign-in and mail that it causes.
//!
//! The check runs before any look-up and any hashing, so its refusals reveal nothing about accounts. The
//! shipped one is proof of work, compatible with ALTCHA; others are an implementation of [`BotCheck`].

mod check;
mod config;
mod own;
mod proof_of_work;
mod puzzle;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use check::{BotAnswer, BotCheck, BotCheckError, PublicRoute};
pub use config::{BotProtectionConfig, ProofOfWork};
pub use puzzle::Puzzle;

use config::Check;
use own::OwnCheck;
use proof_of_work::Puzzles;

use crate::kit::Kit;
use crate::model::{AuthUser, ClientInfo};
use crate::password::Shares;

/// Longest answer that reaches a check, in bytes. Tokens of the known services have at most 4 KiB.
const MAX_ANSWER: usize = 8 * 1024;

/// Asks for proof that a browser, and not a cheap script, sends a request.
#[derive(Clone)]
pub struct BotProtection {
    checker: Checker,
    routes: Vec<PublicRoute>,
}

#[derive(Clone)]
enum Checker {
    ProofOfWork(Arc<Puzzles>),
    Own(Arc<OwnCheck>),
}

impl BotProtection {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new<U: AuthUser>(kit: &Kit<U>, config: BotProtectionConfig) -> Self {
        let checker = match config.check {
            Check::Own(check) => Checker::Own(Arc::new(OwnCheck {
                check,
                clock: Arc::clone(&kit.clock),
                lockout: kit.lockout.clone(),
                waiting: Shares::default(),
            })),
            Check::ProofOfWork(settings) => Checker::ProofOfWork(Arc::new(Puzzles {
                settings,
                mount: [U::SHAPE.schema.unwrap_or_default(), U::SHAPE.table],
                keys: kit.keys.clone(),
                clock: Arc::clone(&kit.clock),
                limits: kit.limits.clone(),
            })),
        };
        Self { checker, routes: config.routes }
    }

    /// Returns `true` if this route asks for an answer.
    #[must_use]
    pub fn asks_at(&self, route: PublicRoute) -> bool {
        self.routes.contains(&route)
    }

    /// The member of a JSON body, or the field of a form, that holds the answer.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match &self.checker {
            Checker::ProofOfWork(_) => proof_of_work::FIELD,
            Checker::Own(own) => own.check.field(),
        }
    }

    /// A new puzzle for the proof of work; `None` with a check of the app's own.
    #[must_use]
    pub fn puzzle(&self) -> Option<Puzzle> {
        match &self.checker {
            Checker::ProofOfWork(puzzles) => Some(puzzles.issue()),
            Checker::Own(_) => None,
        }
    }

    /// Accepts an answer. That of a proof of work is used up then.
    ///
    /// Routes that the [settings](BotProtectionConfig::only) leave out are checked as well. The client is
    /// that of the current request, or the one of [`for_client`](crate::model::for_client).
    ///
    /// # Errors
    /// [`BotCheckError`].
    pub async fn check(&self, route: PublicRoute, answer: &str) -> Result<(), BotCheckError> {
        self.check_sent(route, answer, false).await
    }

    /// As [`check`](Self::check). Requests that a page of another site made a browser send are counted
    /// apart: such pages could lock the networks of their visitors.
    #[doc(hidden)]
    pub async fn check_sent(
        &self,
        route: PublicRoute,
        answer: &str,
        is_cross_site: bool,
    ) -> Result<(), BotCheckError> {
        if answer.is_empty() || answer.len() > MAX_ANSWER {
            return Err(BotCheckError::Refused);
        }
        match &self.checker {
            Checker::ProofOfWork(puzzles) => puzzles.check(answer).await,
            Checker::Own(own) => {
                let client = ClientInfo::current();
                let answer = BotAnswer { text: answer, route, client: &client };
                own.check(answer, is_cross_site).await
            }
        }
    }
}

impl std::fmt::Debug for BotProtection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BotProtection").field("routes", &self.routes).finish_non_exhaustive()
    }
}
