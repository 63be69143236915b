//! The value of a field before it is read.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::has_escaped_nul;

/// A value that is parsed when it is read, so that an error can name the field.
pub(super) enum Field {
    Json(Box<RawValue>),
    Text(String),
}

impl Field {
    /// Returns the value if it is a text.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Json(value) => Some(serde_json::from_str::<String>(value.get()).ok()?.into()),
            Self::Text(text) => Some(text.into()),
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text().is_some_and(|text| text.trim().is_empty())
    }

    pub(super) fn has_nul(&self) -> bool {
        match self {
            Self::Json(value) => has_escaped_nul(value.get()),
            Self::Text(text) => text.contains('\0'),
        }
    }
}
