//! Codes of authenticators (RFC 6238), by another implementation than the library's.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The bytes of a secret in base32.
pub fn key_of(secret: &str) -> Vec<u8> {
    let mut bits = String::new();
    for character in secret.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|one| *one == character);
        bits.push_str(&format!("{:05b}", value.unwrap()));
    }
    let byte = |at: usize| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).unwrap();
    (0..bits.len() / 8).map(byte).collect()
}

/// The code of a step of 30 seconds since 1970.
pub fn totp(secret: &str, step: i64) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(&key_of(secret)).unwrap();
    let hash = mac.chain_update(step.to_be_bytes()).finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
