//! Tickets for WebSockets and downloads, where a browser sends no header: a page that is signed in
//! gets a ticket for one path of the app, and puts it into the URL.
//!
//! A ticket stands for the credential that asked for it. It works once, for a short time, at one path.
//! Its use looks the credential up again, so whatever ends that credential ends the ticket.

mod config;
mod error;
mod issue;
mod redeem;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use config::TicketConfig;
pub use error::TicketError;
pub use issue::IssuedTicket;

use crate::guard::Action;
use crate::guard::challenges::ChallengeStore;
use crate::guard::store::RateLimit;
use crate::kit::Kit;
use crate::model::AuthUser;
use crate::slices::bearer::BearerTokens;
use crate::slices::sessions::Sessions;

/// Tickets, by account: 60 a minute by default.
pub const ISSUE: Action = Action::new("ticket", RateLimit::new(60, Duration::from_mins(1)));

/// Issues tickets, and takes them.
pub struct Tickets<U: AuthUser> {
    kit: Kit<U>,
    challenges: Arc<dyn ChallengeStore>,
    sessions: Arc<Sessions<U>>,
    tokens: Arc<BearerTokens<U>>,
    config: TicketConfig,
}

impl<U: AuthUser> Tickets<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        challenges: Arc<dyn ChallengeStore>,
        (sessions, tokens): (Arc<Sessions<U>>, Arc<BearerTokens<U>>),
        config: TicketConfig,
    ) -> Self {
        Self { kit, challenges, sessions, tokens, config }
    }
}

/// The stored form. No other challenge has these members.
#[derive(Serialize, Deserialize)]
struct Stored {
    ticket_path: String,
    ticket_of: Holder,
}

/// The credential that a ticket stands for. Neither form opens anything.
#[derive(Serialize, Deserialize)]
enum Holder {
    /// The digest of the session's token.
    Session(String),
    /// The family of an access token, and its scopes.
    Tokens { family: String, scopes: String },
}

impl<U: AuthUser> std::fmt::Debug for Tickets<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tickets").field("config", &self.config).finish_non_exhaustive()
    }
}
