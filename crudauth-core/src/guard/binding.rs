//! Binds what a challenge store keeps to the browser that asked for it.

use crate::model::{BrowserDigest, BrowserToken};

/// The kind of a client, with its cookies of earlier challenges.
#[derive(Clone, Debug, Default)]
pub enum Binding {
    /// A program that keeps no cookies.
    #[default]
    Program,
    /// A browser, with the values of its cookie.
    Browser(Vec<BrowserToken>),
}

impl Binding {
    /// The value of the cookie for a new challenge; `None` for a program. Two tabs of one browser may
    /// begin at once, so a value that was sent is kept.
    pub(crate) fn token(&self) -> Option<BrowserToken> {
        match self {
            Self::Program => None,
            Self::Browser(sent) => sent.first().cloned().or_else(|| Some(BrowserToken::generate())),
        }
    }
}

/// The form in which a challenge stores the browser that it is bound to.
pub(crate) fn stored(browser: Option<&BrowserToken>) -> Option<String> {
    browser.map(|browser| hex::encode(browser.digest().as_bytes()))
}

/// Returns `true` if one of these values belongs to the browser of the challenge.
pub(crate) fn is_from(bound_to: Option<&str>, browsers: &[BrowserToken]) -> bool {
    let Some(bound_to) = bound_to else { return true };
    let bytes = hex::decode(bound_to).ok();
    let digest = bytes.and_then(|bytes| BrowserDigest::from_bytes(&bytes));
    digest.is_some_and(|digest| browsers.iter().any(|browser| browser.digest() == digest))
}
