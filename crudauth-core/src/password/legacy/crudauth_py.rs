//! The hashes of crudauth-py: bcrypt over the base64 of the password's SHA-256.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{LegacyHash, bcrypt};

/// What crudauth-py makes; it is not configurable there.
const COST: u32 = 12;

/// The hashes of crudauth-py (until 0.8.2 at least): bcrypt, usually of cost 12, over
/// `base64(SHA-256(password))`, so that every byte counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrudauthPy;

impl LegacyHash for CrudauthPy {
    fn prefixes(&self) -> &'static [&'static str] {
        bcrypt::PREFIXES
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(password)));
        let key = Zeroizing::new(STANDARD.encode(digest));
        bcrypt::is_of(key.as_bytes(), stored, COST)
    }

    fn caution(&self) -> Option<&'static str> {
        Some(
            "bcrypt looks the same whoever made it: if the hashes are not crudauth-py's, say \
             `.legacy_hash(Bcrypt::default())` too, or their owners cannot sign in",
        )
    }

    fn decoy(&self) -> String {
        bcrypt::decoy(COST)
    }
}
