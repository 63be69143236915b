//! When the owner of a session proved which factor.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// When the owner of a session proved which factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proofs {
    /// The password.
    pub password_at: Option<DateTime<Utc>>,
    /// The address, by a mailed link or code.
    pub email_at: Option<DateTime<Utc>>,
    /// A passkey.
    pub passkey_at: Option<DateTime<Utc>>,
    /// A second factor: a code of the authenticator, a recovery code, or a passkey after the password.
    pub second_factor_at: Option<DateTime<Utc>>,
    /// All factors of the account at once, after the sign-in.
    pub elevated_at: Option<DateTime<Utc>>,
    /// Whether the sign-in was not asked for the second factor, since its owner trusts the browser.
    pub skipped_second_factor: bool,
    /// Whether its owner has acted as another account, and has not been asked for all factors since.
    /// Until then the sign-in is not fresh.
    pub is_lowered: bool,
}

/// The stored form, with milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    password: Option<i64>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    email: Option<i64>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    passkey: Option<i64>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    second_factor: Option<i64>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    elevated: Option<i64>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    skipped: Option<bool>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    lowered: Option<bool>,
}

impl Proofs {
    /// Longest stored form.
    pub(crate) const MAX_CHARS: u16 = 96;

    /// The proofs of a sign-in by password.
    #[must_use]
    pub fn of_password(at: DateTime<Utc>) -> Self {
        Self { password_at: Some(at), ..Self::default() }
    }

    /// The proofs of a session whose owner acts as another account: none.
    pub(crate) fn lowered() -> Self {
        Self { is_lowered: true, ..Self::default() }
    }

    /// Returns `true` if a trusted browser stood for the second factor, and nothing has proved it
    /// since.
    pub(crate) const fn lacks_second_factor(&self) -> bool {
        self.skipped_second_factor && self.second_factor_at.is_none()
    }

    /// The stored form of the proofs of a session. Most sessions have only been opened by a password:
    /// then it is `None`, which costs a request nothing.
    pub(crate) fn to_stored(self, created_at: DateTime<Utc>) -> Option<String> {
        if self == Self::of_password(created_at) {
            return None;
        }
        let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
        let stored = Stored {
            password: millis(self.password_at),
            email: millis(self.email_at),
            passkey: millis(self.passkey_at),
            second_factor: millis(self.second_factor_at),
            elevated: millis(self.elevated_at),
            skipped: self.lacks_second_factor().then_some(true),
            lowered: self.is_lowered.then_some(true),
        };
        // Five numbers cannot fail to be written.
        serde_json::to_string(&stored).ok()
    }

    /// Reads the stored form. A form that is not readable proves nothing.
    pub(crate) fn from_stored(stored: Option<&str>, created_at: DateTime<Utc>) -> Self {
        let Some(stored) = stored else { return Self::of_password(created_at) };
        let Ok(stored) = serde_json::from_str::<Stored>(stored) else { return Self::default() };
        let instant = |millis: Option<i64>| millis.and_then(DateTime::from_timestamp_millis);
        Self {
            password_at: instant(stored.password),
            email_at: instant(stored.email),
            passkey_at: instant(stored.passkey),
            second_factor_at: instant(stored.second_factor),
            elevated_at: instant(stored.elevated),
            skipped_second_factor: stored.skipped.unwrap_or(false),
            is_lowered: stored.lowered.unwrap_or(false),
        }
    }
}
