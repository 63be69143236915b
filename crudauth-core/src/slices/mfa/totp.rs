//! Time-based one-time passwords (RFC 6238): HMAC-SHA-1, six digits, 30 seconds.
//!
//! Every authenticator app knows these parameters, and several know no others.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::random::random;

/// Seconds of a step.
const STEP_SECONDS: i64 = 30;

/// Steps before and after the present one whose codes count, for clocks that differ (RFC 6238,
/// section 5.2).
const DRIFT: i64 = 1;

/// The secret that an authenticator shares with the library. `Debug` does not show it.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// Makes a secret of 160 bits (RFC 4226, section 4).
    pub(super) fn generate() -> Self {
        Self(Zeroizing::new(random::<20>().to_vec()))
    }

    pub(crate) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text that a person types into an authenticator: base32 (RFC 4648, section 6).
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The address that a QR code shows to an authenticator, with the names of the app and the
    /// account.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        const KEPT: &AsciiSet =
            &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
        let label = format!("{issuer}:{account}");
        Zeroizing::new(format!(
            "otpauth://totp/{}?secret={}&issuer={}&algorithm=SHA1&digits=6&period=30",
            utf8_percent_encode(&label, KEPT),
            *self.expose(),
            utf8_percent_encode(issuer, KEPT),
        ))
    }

    /// The step near `now` whose code this is. All codes are compared, whichever matches.
    pub(super) fn step_of(&self, code: &[u8; 6], now: DateTime<Utc>) -> Option<i64> {
        let present = now.timestamp().div_euclid(STEP_SECONDS);
        let mut found = Choice::from(0);
        let mut step = 0_i64;
        for candidate in present - DRIFT..=present + DRIFT {
            let is_it = self.code(candidate).ct_eq(code);
            step.conditional_assign(&candidate, is_it);
            found |= is_it;
        }
        bool::from(found).then_some(step)
    }

    /// The code of a step (RFC 4226, section 5.3).
    pub(crate) fn code(&self, step: i64) -> [u8; 6] {
        // HMAC takes keys of any length.
        let Ok(mac) = Hmac::<Sha1>::new_from_slice(&self.0) else { return [b' '; 6] };
        let hash = mac.chain_update(step.to_be_bytes()).finalize().into_bytes();
        let offset = usize::from(hash[hash.len() - 1] & 0xf);
        let mut number = 0_u32;
        for byte in &hash[offset..offset + 4] {
            number = number << 8 | u32::from(*byte);
        }
        let mut rest = (number & 0x7fff_ffff) % 1_000_000;
        let mut digits = [b'0'; 6];
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        digits
    }
}

crate::opaque::opaque!(TotpSecret);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret(Zeroizing::new(b"12345678901234567890".to_vec()))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, shortened to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let vectors = [
            (59, b"287082"),
            (1_111_111_109, b"081804"),
            (1_111_111_111, b"050471"),
            (1_234_567_890, b"005924"),
            (2_000_000_000, b"279037"),
            (20_000_000_000, b"353130"),
        ];
        for (seconds, code) in vectors {
            assert_eq!(&secret().code(seconds / 30), code, "{seconds}");
            assert_eq!(secret().step_of(code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_in_its_step_and_the_two_beside_it() {
        let code = secret().code(1000);
        let step = |step: i64| secret().step_of(&code, at(step * 30));
        assert_eq!([999, 1000, 1001].map(step), [Some(1000); 3]);
        assert_eq!([998, 1002].map(step), [None; 2]);
    }

    #[test]
    fn the_address_escapes_every_name() {
        let uri = secret().uri("My App & Co", "ada+1@example.com");
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(
            *uri,
            format!(
                "otpauth://totp/My%20App%20%26%20Co%3Aada%2B1%40example.com?secret={secret}\
                 &issuer=My%20App%20%26%20Co&algorithm=SHA1&digits=6&period=30"
            )
        );
    }

    #[test]
    fn secrets_differ_and_are_not_shown() {
        let secret = TotpSecret::generate();
        assert_ne!(secret.as_bytes(), TotpSecret::generate().as_bytes());
        assert_eq!(secret.expose().len(), 32);
        assert_eq!(format!("{secret:?}"), "TotpSecret(..)");
    }
}
