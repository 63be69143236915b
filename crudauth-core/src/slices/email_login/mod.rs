//! Sign-in by mail, without a password.
//!
//! A request returns the same for every address: it stores a challenge, and the mail is sent in the
//! background if an account has the address. One mail has a link, which signs in any browser, and a
//! code, which signs in the browser that asked. Both are one token of [`recovery`](super::recovery),
//! which is consumed in the transaction that proves the address.

mod addressee;
mod config;
mod confirm;
mod error;
mod request;
mod sign_up;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use config::EmailLoginConfig;
pub use confirm::{EmailProof, EmailSignIn};
pub use error::EmailLoginError;
pub use request::EmailLoginStarted;

use crate::guard::Action;
use crate::guard::challenges::ChallengeStore;
use crate::guard::store::RateLimit;
use crate::kit::Kit;
use crate::model::AuthUser;
use crate::slices::recovery::Recovery;
use crate::slices::sign_in::SignInFlow;

/// Links and challenges that do not exist, by client network: 60 in 5 minutes by default.
pub const VERIFY: Action =
    Action::new("email_login_verify", RateLimit::new(60, Duration::from_mins(5)));

/// Signs owners in by a mail to their address. Clones share everything.
pub struct EmailLogin<U: AuthUser>(Arc<Inner<U>>);

struct Inner<U: AuthUser> {
    kit: Kit<U>,
    parts: EmailLoginParts<U>,
    config: EmailLoginConfig,
}

/// The parts of the slice.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "no app can name it")]
pub struct EmailLoginParts<U: AuthUser> {
    pub recovery: Recovery<U>,
    pub challenges: Arc<dyn ChallengeStore>,
    pub sign_in: SignInFlow<U>,
    /// The longest text of each column of the live table.
    pub widths: HashMap<String, usize>,
}

impl<U: AuthUser> EmailLogin<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, parts: EmailLoginParts<U>, config: EmailLoginConfig) -> Self {
        Self(Arc::new(Inner { kit, parts, config }))
    }
}

impl<U: AuthUser> Clone for EmailLogin<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> std::fmt::Debug for EmailLogin<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailLogin").field("config", &self.0.config).finish_non_exhaustive()
    }
}
