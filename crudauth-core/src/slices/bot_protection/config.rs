//! Settings of bot protection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::check::{AnyBotCheck, BotCheck, PublicRoute};
use crate::config_error::ConfigError;

crate::settings! {
    /// Proof of work: a client solves a puzzle by trying out numbers (SHA-256), as the widget of
    /// ALTCHA does.
    #[derive(Clone, Copy, Debug)]
    pub struct ProofOfWork {
        /// Highest number that a client has to try, half of it on average (default 100,000; 1 to
        /// 10,000,000). A browser tries some 100,000 a second.
        max_number: u32 = 100_000,
        /// Lifetime of a puzzle (default 10 minutes, 10 seconds to 30 minutes).
        lifetime: Duration = Duration::from_mins(10),
    }
}

/// Settings of the `bot_protection` slice: the check, and the routes that ask.
///
/// By default every route of [`PublicRoute::ALL`] asks for [proof of work](ProofOfWork).
#[derive(Clone)]
pub struct BotProtectionConfig {
    pub(super) check: Check,
    pub(super) routes: Vec<PublicRoute>,
}

#[derive(Clone)]
pub(super) enum Check {
    ProofOfWork(ProofOfWork),
    Own(Arc<dyn AnyBotCheck>),
}

impl BotProtectionConfig {
    /// Asks this check instead of proof of work.
    #[must_use]
    pub fn new(check: impl BotCheck) -> Self {
        Self { check: Check::Own(Arc::new(check)), ..Self::default() }
    }

    /// Asks at these routes only.
    #[must_use]
    pub fn only(mut self, routes: impl IntoIterator<Item = PublicRoute>) -> Self {
        self.routes = routes.into_iter().collect();
        self
    }

    /// Leaves out routes, for example `/token` for apps that are not browsers.
    #[must_use]
    pub fn except(mut self, routes: impl IntoIterator<Item = PublicRoute>) -> Self {
        let left_out: Vec<_> = routes.into_iter().collect();
        self.routes.retain(|route| !left_out.contains(route));
        self
    }

    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let Check::ProofOfWork(settings) = &self.check else { return Vec::new() };
        let lifetimes = Duration::from_secs(10)..=Duration::from_mins(30);
        ConfigError::found([
            ConfigError::number("bot_protection.max_number", settings.max_number, 1..=10_000_000),
            ConfigError::duration("bot_protection.lifetime", settings.lifetime, lifetimes),
        ])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}

impl Default for BotProtectionConfig {
    fn default() -> Self {
        ProofOfWork::default().into()
    }
}

impl From<ProofOfWork> for BotProtectionConfig {
    fn from(settings: ProofOfWork) -> Self {
        Self { check: Check::ProofOfWork(settings), routes: PublicRoute::ALL.to_vec() }
    }
}

impl fmt::Debug for BotProtectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotProtectionConfig").field("routes", &self.routes).finish_non_exhaustive()
    }
}
