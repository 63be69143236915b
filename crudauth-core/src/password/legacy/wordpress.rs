//! Hashes of WordPress since 6.8: bcrypt of the base64 of an HMAC-SHA-384.
//!
//! `$wp$2y$<cost>$<22 characters of salt><31 of output>`

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha384;
use zeroize::Zeroizing;

use super::{LegacyHash, bcrypt};

/// Key of WordPress, which separates its digests from those of other systems.
const KEY: &[u8] = b"wp-sha384";

/// Hashes of WordPress since 6.8: `$wp$2y$…`. Older rows hold [`Phpass`](super::Phpass) hashes.
///
/// Every byte counts. WordPress removes blanks around a password before it hashes it, so an owner
/// who has such a password must type it without them.
#[derive(Clone, Copy, Debug)]
pub struct WordPress {
    cost: u32,
}

impl Default for WordPress {
    fn default() -> Self {
        Self { cost: 10 }
    }
}

impl WordPress {
    /// Sets the usual cost of the table's hashes (default 10, that of PHP before 8.4; PHP 8.4 uses
    /// 12; between 4 and 16).
    ///
    /// An unknown name then costs as much as a known one. Hashes of any cost up to 16 are verified.
    #[must_use]
    pub fn cost(self, cost: u32) -> Self {
        Self { cost: cost.clamp(4, bcrypt::MAX_COST) }
    }
}

impl LegacyHash for WordPress {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$wp$"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        // HMAC takes a key of any length.
        let Ok(mac) = Hmac::<Sha384>::new_from_slice(KEY) else { return false };
        let digest =
            Zeroizing::new(<[u8; 48]>::from(mac.chain_update(password).finalize().into_bytes()));
        let key = Zeroizing::new(STANDARD.encode(digest));
        bcrypt::matches(key.as_bytes(), stored.strip_prefix("$wp").unwrap_or_default(), self.cost)
    }

    fn decoy(&self) -> String {
        format!("$wp{}", bcrypt::decoy(self.cost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPED: &str = "Grüße, Zoë";

    fn matches(stored: &str, password: &str) -> bool {
        WordPress::default().cost(4).verify(password.as_bytes(), stored)
    }

    /// PHP 8.2 with `wp_hash_password` of WordPress 6.8 (`wp-includes/pluggable.php`) and the option
    /// `cost`: `wp_hash_password("Grüße, Zoë")`, and of 100 characters and `end`.
    #[test]
    fn hashes_of_wordpress_match() {
        let stored = "$wp$2y$04$7vwA162GpPa/tZMyXtQ.gOEk6wSJO183WcyHgdGAng2.5JnLXNeuu";
        assert!(matches(stored, TYPED) && !matches(stored, "Grüße, Zoe") && !matches(stored, ""));
        assert!(!matches(&stored.replace("$wp", ""), TYPED));
        let stored = "$wp$2y$04$aWzMxpJYVlW7CTUU41zHVu5qvLLu0zT9RJJFJ6qNieA3rJo5gKdSq";
        let long = "long ".repeat(20);
        assert!(matches(stored, &format!("{long}end")) && !matches(stored, &format!("{long}enx")));
    }

    /// The same without the option: PHP's default cost.
    #[test]
    fn a_hash_of_the_usual_cost_matches() {
        let stored = "$wp$2y$10$kNjCxZD2dvpPiE12VEW4h.2p58Oas.etIa9GUx.T5LJo.l/Nyfa32";
        assert!(WordPress::default().verify(TYPED.as_bytes(), stored));
        assert!(WordPress::default().decoy().starts_with("$wp$2b$10$"));
    }
}
