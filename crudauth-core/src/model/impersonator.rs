//! The administrator behind a session of another account.

use super::{AccountState, SessionDigest};

/// The administrator in a session of another account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Impersonator {
    /// Key of the administrator's account, as text.
    pub account: String,
    /// State of that account at the beginning. A session of the administrator may outlive a change of
    /// it, and the impersonation must not.
    pub state: AccountState,
    /// The administrator's own session. The impersonation ends with it.
    pub session: SessionDigest,
}

impl Impersonator {
    /// Longest stored form: the digest and the state in hexadecimal digits, and a key.
    pub(crate) const MAX_CHARS: u16 = 64 + 24 + 255;

    /// The stored form, for a store of your own.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let AccountState { version, security_stamp } = self.state;
        let state = [&version.to_be_bytes()[..], &security_stamp.to_be_bytes()].concat();
        format!("{}{}{}", hex::encode(self.session.as_bytes()), hex::encode(state), self.account)
    }

    /// Reads the stored form. Returns `None` if it is not readable; the session must not be used then.
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        let (fixed, account) = stored.split_at_checked(64 + 24)?;
        let fixed = hex::decode(fixed).ok()?;
        let (digest, state) = fixed.split_at_checked(32)?;
        let (version, stamp) = state.split_first_chunk()?;
        let state = AccountState {
            version: i32::from_be_bytes(*version),
            security_stamp: i64::from_be_bytes(*stamp.first_chunk()?),
        };
        let session = SessionDigest::from_bytes(digest)?;
        Some(Self { account: account.to_owned(), state, session })
    }
}
