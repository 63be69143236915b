//! The stored form of secrets: SHA-256, with a type per kind.
//!
//! The secrets have 256 random bits, so a plain hash is enough: guessing one is hopeless, and no key
//! has to be rotated.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Compared in constant time; `Debug` does not show it.
        #[derive(Clone, Copy, Eq)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes, for a store to keep.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads the bytes that a store kept. Returns `None` unless there are 32.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}

digests! {
    /// Digest of a [`SessionToken`](super::SessionToken).
    SessionDigest;
    /// Digest of a [`CsrfToken`](super::CsrfToken).
    CsrfDigest;
    /// Digest of a [`OneTimeToken`](super::OneTimeToken).
    OneTimeDigest;
    /// Digest of a refresh token.
    RefreshDigest;
    /// Digest of an API key.
    ApiKeyDigest;
    /// Digest of the secret that names a challenge.
    ChallengeDigest;
    /// Digest of a [`BrowserToken`](super::BrowserToken).
    BrowserDigest;
    /// Digest of a [`TrustToken`](super::TrustToken).
    TrustDigest;
    /// Digest of a recovery code.
    RecoveryCodeDigest;
    /// Name of a counter: a keyed hash (HMAC-SHA-256), so that a store of counters does not reveal
    /// the networks and names that were counted.
    ///
    /// Stores that touch several counters lock them in the order of their names, which avoids
    /// deadlocks.
    #[derive(PartialOrd, Ord, Hash)]
    #[expect(clippy::derived_hash_with_manual_eq, reason = "it compares the same bytes")]
    CounterName;
}

macro_rules! of_texts {
    ($($name:ident)*) => {$(
        impl $name {
            /// The SHA-256 of the text of a secret.
            pub(crate) fn of(secret: &str) -> Self {
                Self(sha256(&[secret.as_bytes()]))
            }
        }
    )*};
}

of_texts!(SessionDigest CsrfDigest OneTimeDigest ApiKeyDigest ChallengeDigest BrowserDigest TrustDigest);

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident of $digest:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// 64 hexadecimal digits, derived from the digest by a hash: whoever knows the handle learns
        /// neither digest nor secret.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads a handle that a client sent. Returns `None` unless it has the form of one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let is_one = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                is_one.then(|| Self(text.to_owned()))
            }

            /// The handle as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $digest {
            /// The handle of the credential with this digest.
            #[must_use]
            pub fn handle(&self) -> $name {
                $name(hex::encode(sha256(&[b"handle", &self.0])))
            }
        }
    )*};
}

handles! {
    /// Public id of a session, shown in lists; opens nothing.
    SessionHandle of SessionDigest;
    /// Public id of an API key, shown in lists; opens nothing.
    ApiKeyHandle of ApiKeyDigest;
    /// Public id of a trusted browser, shown in lists; opens nothing.
    TrustHandle of TrustDigest;
}
