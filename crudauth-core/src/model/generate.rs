//! Keys and values that derived code makes.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::random::random;

/// The digits of Crockford's base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Makes a random UUID as text (RFC 9562, version 4).
#[must_use]
pub fn uuid() -> String {
    uuid::Builder::from_random_bytes(random()).into_uuid().to_string()
}

/// Makes a ULID: 48 bits of time in milliseconds and 80 random bits, as 26 digits.
///
/// It reveals when an account was made. Two keys of one millisecond have no order.
#[must_use]
pub fn ulid() -> String {
    // The time is a part of the key for the order of indexes only, so no clock of a test is asked.
    #[expect(clippy::disallowed_methods, reason = "no decision depends on this time")]
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let number = (millis << 80) | (Uuid::from_bytes(random()).as_u128() >> 48);
    let digit = |at: u32| char::from(DIGITS[(number >> (5 * at)) as usize % DIGITS.len()]);
    (0..26).rev().map(digit).collect()
}

/// Returns a field as JSON, for the export of an account. One that has no form in JSON is null.
#[must_use]
pub fn exported<T: serde::Serialize>(field: &T) -> serde_json::Value {
    serde_json::to_value(field).unwrap_or_default()
}

/// Reads an empty text as none.
#[must_use]
pub fn without_blank<T: AsRef<str>>(value: Option<T>) -> Option<T> {
    value.filter(|text| !text.as_ref().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ulid_has_26_digits_that_begin_with_the_time() {
        let [first, second] = [ulid(), ulid()];
        assert_eq!(first.len(), 26);
        assert!(first.bytes().all(|digit| DIGITS.contains(&digit)), "{first}");
        assert_eq!(first[..6], second[..6], "the time has ten digits");
        assert_ne!(first, second);
        assert!(first.starts_with('0'), "48 bits of time leave the first digit small");
    }
}
