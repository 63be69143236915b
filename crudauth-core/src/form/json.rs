//! A JSON object, field by field.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A JSON object with every field that it has, twice where it is there twice.
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

/// Whether a JSON text escapes a NUL; in `\\u0000` it is the backslash that is escaped.
pub(super) fn has_escaped_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        let before = json.as_bytes()[..at].iter().rev();
        before.take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

/// What serde expected; the part of its message that repeats the input is left out.
pub(super) fn expected(error: &serde_json::Error) -> Cow<'static, str> {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, wanted)) => {
            let wanted = wanted.split(" at line").next().unwrap_or(wanted);
            // What Rust calls it means nothing to whoever filled in the form.
            let wanted = match wanted {
                "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => "a valid integer",
                "f32" | "f64" => "a valid number",
                wanted => wanted,
            };
            Cow::Owned(format!("Input should be {wanted}"))
        }
        None => Cow::Borrowed("Input is not of the right form"),
    }
}
