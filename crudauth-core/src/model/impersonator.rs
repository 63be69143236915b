//! The administrator behind a session of another account.

use super::SessionDigest;

/// The administrator in a session of another account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Impersonator {
    /// Key of the administrator's account, as text.
    pub account: String,
    /// The administrator's own session. The impersonation ends with it.
    pub session: SessionDigest,
}

impl Impersonator {
    /// Longest stored form: the digest in hexadecimal digits, and a key.
    pub(crate) const MAX_CHARS: u16 = 64 + 255;

    /// The stored form, for a store of your own.
    #[must_use]
    pub fn to_stored(&self) -> String {
        format!("{}{}", hex::encode(self.session.as_bytes()), self.account)
    }

    /// Reads the stored form. Returns `None` if it is not readable; the session must not be used then.
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        let (digest, account) = stored.split_at_checked(64)?;
        let session = SessionDigest::from_bytes(&hex::decode(digest).ok()?)?;
        Some(Self { account: account.to_owned(), session })
    }
}
