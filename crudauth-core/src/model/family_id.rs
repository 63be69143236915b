//! The id of a token family.

use std::fmt;

use crate::random::random;

/// Public id of a token family: 256 random bits, shown in hexadecimal in lists and in access tokens.
/// It opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FamilyId([u8; Self::BYTES]);

impl FamilyId {
    pub(crate) const BYTES: usize = 32;

    /// Makes a new one.
    pub(crate) fn generate() -> Self {
        Self(random())
    }

    /// Reads the id that a client sent. Returns `None` unless it is spelt as it was issued.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::BYTES];
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        (is_lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(Self(bytes))
    }

    /// Reads the bytes that a store kept.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for a store to keep.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
