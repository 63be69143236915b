//! The form of an API key.
//!
//! `ca_live_` and 49 letters and digits: 43 of them random, which is 256 bits, and 6 that are the
//! CRC-32 of all before them in base 62, as GitHub's have. By the prefix a secret scanner finds a
//! leaked key with hardly a false alarm (`ca_live_[0-9A-Za-z]{49}`), and by the sum one that was
//! cut off or mistyped is refused without asking the store.

use secrecy::{ExposeSecret, SecretString};

use crate::model::ApiKeyDigest;
use crate::random::random;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM: usize = 43;
const SUM: usize = 6;
const LONGEST_PREFIX: usize = 20;
const HINT: usize = 4;

/// An API key: shown once, never stored. `Debug` redacts it.
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// A new one.
    pub(super) fn generate(prefix: &str) -> Self {
        let mut key = String::with_capacity(LONGEST_PREFIX + RANDOM + SUM);
        key.push_str(prefix);
        while key.len() < prefix.len() + RANDOM {
            let bytes: zeroize::Zeroizing<[u8; 64]> = zeroize::Zeroizing::new(random());
            // 248 is four times 62: bytes beyond would make some characters likelier.
            let even = bytes.iter().filter(|byte| **byte < 248);
            let left = prefix.len() + RANDOM - key.len();
            key.extend(even.take(left).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
        }
        key.push_str(&sum(&key));
        Self(SecretString::from(key))
    }

    /// Reads one that a client sent; `None` unless it has exactly the form that is given out, so
    /// that nothing else is ever looked up.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let at = text.rfind('_')? + 1;
        let (prefix, secret) = text.split_at_checked(at)?;
        let (before, sent) = text.split_at_checked(text.len().checked_sub(SUM)?)?;
        let is_one = Self::is_prefix(prefix)
            && secret.len() == RANDOM + SUM
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && sum(before) == sent;
        is_one.then(|| Self(SecretString::from(text)))
    }

    pub(super) fn is_prefix(prefix: &str) -> bool {
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        (2..=LONGEST_PREFIX).contains(&prefix.len())
            && prefix.ends_with('_')
            && prefix.starts_with(|first: char| first.is_ascii_lowercase())
            && prefix.bytes().all(is_allowed)
    }

    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The stored form.
    pub(super) fn digest(&self) -> ApiKeyDigest {
        ApiKeyDigest::of(self.expose())
    }

    /// Its last characters: by them its owner tells it from others. They are of the sum, and leave
    /// far more than 200 bits to guess.
    pub(super) fn hint(&self) -> String {
        let key = self.expose();
        key[key.len() - HINT..].to_owned()
    }
}

/// The CRC-32 of a text in six characters.
fn sum(text: &str) -> String {
    let mut rest = crc32(text.as_bytes());
    let mut sum = [b'0'; SUM];
    for place in sum.iter_mut().rev() {
        *place = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    sum.into_iter().map(char::from).collect()
}

/// CRC-32 as zip, PNG and Ethernet have it (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_the_standard_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_key_parses_again_and_debug_redacts_it() {
        let key = ApiKey::generate("ca_live_");
        assert_eq!(key.expose().len(), 8 + 49);
        assert!(key.expose().starts_with("ca_live_"));
        assert_eq!(ApiKey::parse(key.expose()).unwrap().expose(), key.expose());
        assert!(!format!("{key:?}").contains(key.expose()));
        assert_eq!(key.hint(), key.expose()[8 + 45..]);
    }

    #[test]
    fn every_character_of_a_key_is_as_likely_as_any_other() {
        const KEYS: usize = 2000;
        let mut counts = [0_usize; 62];
        for _ in 0..KEYS {
            let key = ApiKey::generate("a_");
            for byte in key.expose()[2..2 + RANDOM].bytes() {
                counts[ALPHABET.iter().position(|known| *known == byte).unwrap()] += 1;
            }
        }
        // One more value of a byte for one character would make it a quarter likelier. The
        // standard deviation is 37.
        let expected = KEYS * RANDOM / 62;
        for (at, count) in counts.into_iter().enumerate() {
            assert!(count.abs_diff(expected) < 8 * 37, "{}: {count}", char::from(ALPHABET[at]));
        }
    }

    #[test]
    fn a_valid_checksum_does_not_replace_the_form() {
        let with_sum = |text: String| format!("{text}{}", sum(&text));
        let random = "0".repeat(RANDOM);
        assert!(ApiKey::parse(&with_sum(format!("ca_{random}"))).is_some());
        for wrong in [
            random.clone(),
            format!("_{random}"),
            format!("Ca_{random}"),
            format!("{}_{random}", "a".repeat(LONGEST_PREFIX)),
            format!("ca_{random}0"),
            format!("ca_{}", &random[1..]),
            format!("ca_{}-", &random[1..]),
            format!("ca_{}é", &random[2..]),
        ] {
            assert!(ApiKey::parse(&with_sum(wrong.clone())).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_changed_character_invalidates_the_key() {
        let good = ApiKey::generate("ca_live_").expose().to_owned();
        for at in 0..good.len() {
            let mut forged = good.clone().into_bytes();
            forged[at] = if forged[at] == b'a' { b'b' } else { b'a' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(ApiKey::parse(&forged).is_none(), "character {at}");
        }
        for forged in [&good[1..], &good[..56], &format!("{good}a"), &format!(" {good}"), "", "_"] {
            assert!(ApiKey::parse(forged).is_none(), "{forged}");
        }
    }

    #[test]
    fn a_prefix_is_short_and_plain() {
        for good in ["a_", "ca_live_", "acme_test_2_"] {
            assert!(ApiKey::is_prefix(good), "{good}");
        }
        for wrong in ["", "_", "ca", "Ca_", "c a_", "1_", "é_", "aaaaaaaaaaaaaaaaaaaa_"] {
            assert!(!ApiKey::is_prefix(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_yields_a_result(text in "\\PC{0,80}|ca_live_[0-9A-Za-zé]{40,50}") {
            let _ = ApiKey::parse(&text);
        }

        #[test]
        fn a_parsed_key_is_the_text_that_was_sent(text in "[a-z]_[0-9A-Za-z]{43}") {
            let text = format!("{text}{}", sum(&text));
            let key = ApiKey::parse(&text);
            prop_assert_eq!(key.as_ref().map(ApiKey::expose), Some(&*text));
        }
    }
}
