//! The fields of a JSON object, each kept as raw text.
//!
//! [`Form`](super::Form) parses a field only when it is read, so that an error names the field.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// All fields of a JSON object, in order, including repeated ones.
pub(super) struct Fields(pub(super) Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Fields(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Returns a JSON text in UTF-8, without a byte order mark; `None` if it is not text.
///
/// A JSON text begins with an ASCII character, so the position of its zeros shows the encoding even
/// without a mark.
pub(super) fn to_utf8(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    match body {
        [0xef, 0xbb, 0xbf, text @ ..] => Some(Cow::Borrowed(text)),
        [0, 0, 0xfe, 0xff, text @ ..] => from_utf32(text, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, text @ ..] => from_utf32(text, u32::from_le_bytes),
        [0xfe, 0xff, text @ ..] => from_utf16(text, u16::from_be_bytes),
        [0xff, 0xfe, text @ ..] => from_utf16(text, u16::from_le_bytes),
        [0, 0, ..] => from_utf32(body, u32::from_be_bytes),
        [_, 0, 0, 0, ..] => from_utf32(body, u32::from_le_bytes),
        [0, ..] => from_utf16(body, u16::from_be_bytes),
        [_, 0, ..] => from_utf16(body, u16::from_le_bytes),
        _ => Some(Cow::Borrowed(body)),
    }
}

fn from_utf16(text: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'static, [u8]>> {
    let (units, []) = text.as_chunks() else { return None };
    let chars = char::decode_utf16(units.iter().map(|bytes| unit(*bytes)));
    Some(Cow::Owned(chars.collect::<Result<String, _>>().ok()?.into_bytes()))
}

fn from_utf32(text: &[u8], unit: fn([u8; 4]) -> u32) -> Option<Cow<'static, [u8]>> {
    let (units, []) = text.as_chunks() else { return None };
    let chars = units.iter().map(|bytes| char::from_u32(unit(*bytes)));
    Some(Cow::Owned(chars.collect::<Option<String>>()?.into_bytes()))
}

/// Returns `true` if a JSON text escapes a NUL (`\u0000`).
pub(super) fn has_escaped_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        // After an odd number of backslashes, this one is escaped itself: `\\u0000` is plain text.
        let before = json.as_bytes()[..at].iter().rev();
        before.take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

/// Words serde's error for the person, without the part of its message that repeats the input.
pub(super) fn expected_type(error: &serde_json::Error) -> Cow<'static, str> {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => {
            let expected = expected.split(" at line").next().unwrap_or(expected);
            // Rust's names of types mean nothing to the person.
            let expected = match expected {
                "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => "a valid integer",
                "f32" | "f64" => "a valid number",
                expected => expected,
            };
            Cow::Owned(format!("Input should be {expected}"))
        }
        None => Cow::Borrowed("Input is not of the right form"),
    }
}
