//! Secrets that travel: 256 random bits in a cookie, a header or a mailed link.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::digest::{
    BrowserDigest, ChallengeDigest, CsrfDigest, OneTimeDigest, SessionDigest, TrustDigest, sha256,
};
use crate::random::random;

const BYTES: usize = 32;

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident => $digest:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// 256 random bits as 64 lower-case hexadecimal digits. `Debug` redacts the value, and it is
        /// wiped when dropped; a store keeps the digest only.
        #[derive(Clone, Debug)]
        pub struct $name(SecretString);

        impl $name {
            /// Makes a new one.
            pub(crate) fn generate() -> Self {
                let bytes: Zeroizing<[u8; BYTES]> = Zeroizing::new(random());
                Self(SecretString::from(hex::encode(*bytes)))
            }

            /// Reads a value that a client sent. Returns `None` unless it has exactly the form of
            /// [`expose`](Self::expose), so that nothing else is ever looked up.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let is_one = text.len() == 2 * BYTES && text.bytes().all(is_hex);
                is_one.then(|| Self(SecretString::from(text)))
            }

            /// The secret itself, to be sent to the client.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }

            /// The stored form: the digest of the 256 bits.
            #[must_use]
            pub fn digest(&self) -> $digest {
                let mut bytes = Zeroizing::new([0; BYTES]);
                // Both ways to make a secret have checked its form.
                match hex::decode_to_slice(self.expose(), &mut *bytes) {
                    Ok(()) => $digest::new(sha256(&[&*bytes])),
                    Err(_) => $digest::of(self.expose()),
                }
            }
        }
    )*};
}

secrets! {
    /// The value of the session cookie.
    SessionToken => SessionDigest;
    /// The value that unsafe requests send in `X-CSRF-Token`.
    CsrfToken => CsrfDigest;
    /// The secret in a mailed link or a message.
    OneTimeToken => OneTimeDigest;
    /// The value that names an unfinished sign-in.
    ChallengeToken => ChallengeDigest;
    /// The value of the cookie that binds an unfinished sign-in to its browser.
    BrowserToken => BrowserDigest;
    /// A part of the cookie of a trusted browser: the trust of one account.
    TrustToken => TrustDigest;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_parsed_back_and_never_shown() {
        let token = SessionToken::generate();
        assert_eq!(SessionToken::parse(token.expose()).unwrap().digest(), token.digest());
        assert!(!format!("{token:?}").contains(token.expose()));
    }

    #[test]
    fn only_the_issued_form_parses() {
        let token = CsrfToken::generate();
        let text = token.expose();
        for wrong in ["", "x", &text[1..], &format!("{text}0"), &text.replace(|_| true, "g")] {
            assert!(CsrfToken::parse(wrong).is_none());
        }
        assert!(CsrfToken::parse(&"A".repeat(64)).is_none(), "upper case is a second spelling");
    }
}
