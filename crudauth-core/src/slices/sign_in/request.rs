//! What a client sends to sign in.

use super::Binding;
use crate::model::{ClientInfo, Proofs, SessionToken};
use crate::password::Password;

/// A request to sign in by identifier and password.
#[non_exhaustive]
pub struct SignInRequest {
    /// The text that names the account.
    pub identifier: String,
    /// The password.
    pub password: Password,
    /// Device cookies that the client sent: values of [`SignedIn::device`](super::SignedIn::device).
    /// One that the account knows counts; a neighbouring site may have set others before it.
    pub devices: Vec<String>,
    /// Cookies of a trusted browser that the client sent: values of
    /// [`Finished::trust`](super::Finished::trust). They count for sessions only.
    pub trust_cookies: Vec<String>,
    /// The client.
    pub client: ClientInfo,
    /// Whether the session outlives the browser.
    pub is_remembered: bool,
    /// The sessions that the client had so far; they are revoked.
    pub replaces: Vec<SessionToken>,
    /// Whether a page of another site made the browser send it. Failures of such requests are
    /// counted apart, or these pages could lock out the networks of their visitors.
    pub is_cross_site: bool,
    /// The browser that a challenge is bound to (default: a program without cookies).
    pub binding: Binding,
}

impl SignInRequest {
    /// A request with these two, from an unknown client.
    #[must_use]
    pub fn new(identifier: impl Into<String>, password: Password) -> Self {
        Self {
            identifier: identifier.into(),
            password,
            devices: Vec::new(),
            trust_cookies: Vec::new(),
            client: ClientInfo::default(),
            is_remembered: false,
            replaces: Vec::new(),
            is_cross_site: false,
            binding: Binding::default(),
        }
    }
}

/// What a client sends that another slice has proved.
#[derive(Clone, Default)]
pub struct Entry {
    /// The client.
    pub client: ClientInfo,
    /// Device cookies that the client sent.
    pub devices: Vec<String>,
    /// Cookies of a trusted browser that the client sent: values of
    /// [`Finished::trust`](super::Finished::trust).
    pub trust_cookies: Vec<String>,
    /// The sessions that the client had so far; they are revoked.
    pub replaces: Vec<SessionToken>,
    /// The browser that a challenge is bound to.
    pub binding: Binding,
    /// Whether the session is to last beyond the browser's.
    pub is_remembered: bool,
    /// What was proved, and when.
    pub proofs: Proofs,
    /// The page to go on to, which a challenge keeps.
    pub redirect_to: Option<String>,
}

crate::opaque::opaque!(Entry);

impl std::fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInRequest").field("client", &self.client).finish_non_exhaustive()
    }
}
