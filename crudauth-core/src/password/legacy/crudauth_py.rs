//! Hashes of crudauth-py: bcrypt of the base64 of the password's SHA-256.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{LegacyHash, bcrypt};

/// Cost of crudauth-py, which is not configurable there.
const COST: u32 = 12;

/// Hashes of crudauth-py (at least until 0.8.2): bcrypt of `base64(SHA-256(password))`, so every
/// byte counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrudauthPy;

impl LegacyHash for CrudauthPy {
    fn prefixes(&self) -> &'static [&'static str] {
        bcrypt::PREFIXES
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(password)));
        let key = Zeroizing::new(STANDARD.encode(digest));
        bcrypt::matches(key.as_bytes(), stored, COST)
    }

    fn caution(&self) -> Option<&'static str> {
        Some(
            "bcrypt hashes are treated as crudauth-py's; if another system made them, add \
             `.legacy_hash(Bcrypt::default())`, or their owners cannot sign in",
        )
    }

    fn decoy(&self) -> String {
        bcrypt::decoy(COST)
    }
}
