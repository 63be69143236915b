//! The session that a request came with.

use chrono::{DateTime, Utc};

use crate::model::{CsrfDigest, Impersonator, Proofs, SessionDigest, SessionHandle};

/// The session that authenticated a request.
#[derive(Clone, Debug)]
pub struct CurrentSession {
    pub(crate) digest: SessionDigest,
    pub(crate) csrf: CsrfDigest,
    pub(crate) is_remembered: bool,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_activity_at: DateTime<Utc>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    pub(crate) was_extended: bool,
    pub(crate) proofs: Proofs,
    pub(crate) impersonator: Option<Impersonator>,
}

impl CurrentSession {
    /// Public id of the session, shown in lists.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.digest.handle()
    }

    /// Whether its cookie outlives the browser.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.is_remembered
    }

    /// When it was opened.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// When activity was last recorded before this request.
    #[must_use]
    pub fn last_activity_at(&self) -> DateTime<Utc> {
        self.last_activity_at
    }

    /// When it ends even if it is used.
    #[must_use]
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.ends_at
    }

    /// When its owner proved which factor.
    #[must_use]
    pub fn proofs(&self) -> Proofs {
        self.proofs
    }

    /// Returns `true` if this request extended it, so that cookies with a date should be renewed.
    #[must_use]
    pub fn was_extended(&self) -> bool {
        self.was_extended
    }

    /// The administrator who acts in it, if its owner does not.
    #[must_use]
    pub fn impersonator(&self) -> Option<&Impersonator> {
        self.impersonator.as_ref()
    }

    pub(crate) fn digest(&self) -> &SessionDigest {
        &self.digest
    }
}
