//! Fernet tokens, which other software encrypts secrets with: read, never made.
//!
//! AES-128-CBC with HMAC-SHA-256, as in the Fernet specification. The library encrypts with
//! [`Sealed`](super::Sealed) instead.

use aes::Aes128;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// First byte of a token.
const VERSION: u8 = 0x80;

const TIMESTAMP: usize = 8;
const IV: usize = 16;
const TAG: usize = 32;

/// A Fernet key. `Debug` does not show it.
#[derive(Clone)]
pub struct FernetKey {
    signing: Zeroizing<[u8; 16]>,
    encryption: Zeroizing<[u8; 16]>,
}

crate::opaque::opaque!(FernetKey);

impl FernetKey {
    /// Reads a key: 32 bytes in URL-safe base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE.decode(text.trim()).ok()?);
        let (signing, encryption) = bytes.split_at_checked(16)?;
        Some(Self {
            signing: Zeroizing::new(signing.try_into().ok()?),
            encryption: Zeroizing::new(encryption.try_into().ok()?),
        })
    }

    /// Decrypts a token of any age. Returns `None` if it was made with another key, or changed.
    pub(crate) fn open(&self, token: &str) -> Option<Zeroizing<Vec<u8>>> {
        let token = URL_SAFE.decode(token.trim()).ok()?;
        let (signed, tag) = token.split_at_checked(token.len().checked_sub(TAG)?)?;
        let mac = Hmac::<Sha256>::new_from_slice(&*self.signing).ok()?;
        mac.chain_update(signed).verify_slice(tag).ok()?;
        let rest = signed.strip_prefix(&[VERSION])?.get(TIMESTAMP..)?;
        let (iv, text) = rest.split_at_checked(IV)?;
        let cipher = cbc::Decryptor::<Aes128>::new_from_slices(&*self.encryption, iv).ok()?;
        cipher.decrypt_padded_vec::<Pkcs7>(text).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    // The vectors of the specification, https://github.com/fernet/spec (verify.json, invalid.json).
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

    #[test]
    fn the_token_of_the_specification_is_decrypted() {
        let key = FernetKey::parse(KEY).unwrap();
        assert_eq!(&**key.open(TOKEN).unwrap(), b"hello");
    }

    #[test]
    fn a_changed_token_and_another_key_open_nothing() {
        let key = FernetKey::parse(KEY).unwrap();
        for at in 0..TOKEN.len() - 3 {
            let other = if TOKEN.as_bytes()[at] == b'B' { "C" } else { "B" };
            let changed = format!("{}{other}{}", &TOKEN[..at], &TOKEN[at + 1..]);
            assert!(key.open(&changed).is_none(), "{at}");
        }
        assert!(key.open("").is_none());
        let other = FernetKey::parse(&KEY.replace("cw_0", "cw_1")).unwrap();
        assert!(other.open(TOKEN).is_none());
    }

    #[test]
    fn a_key_has_32_bytes_and_is_not_shown() {
        for wrong in ["", "cw_0x689", "cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=", "!"] {
            assert!(FernetKey::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{:?}", FernetKey::parse(KEY)), "Some(FernetKey(..))");
    }
}
