//! Typed reading of untrusted input, field by field.
//!
//! A [`Form`] holds the fields of a JSON object or an HTML form. The reader takes the fields that
//! it knows, and the form collects the errors, so that a client learns all of them at once. An
//! error names its field and never repeats a value. Fields that are not read are dropped, so they
//! cannot set anything.
//!
//! `model` and `password` add the methods that read their types.

mod field;
mod field_error;
mod json;

use std::borrow::Cow;
use std::fmt;

use field::Field;
use json::{Fields, expected_type, to_utf8};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use field_error::{FieldError, FieldErrorKind};

/// The fields of a form, and the errors found so far.
///
/// Each method that reads a field takes it out of the form. If the field is invalid, the method
/// records a [`FieldError`] and returns [`InvalidField`]. Read every field before you give up, so
/// that [`finish`](Self::finish) reports all errors.
///
/// `Debug` shows names only.
pub struct Form {
    fields: Vec<(String, Field)>,
    /// Maximum number of characters, by field.
    limits: Vec<(String, usize)>,
    is_blank_none: bool,
    errors: Vec<FieldError>,
}

/// The body is not a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct InvalidForm;

/// A field is invalid; the error is recorded in the [`Form`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form has an invalid field")]
pub struct InvalidField;

impl Form {
    /// Reads the fields of a JSON object: UTF-8, with or without a byte order mark, or UTF-16 or
    /// UTF-32, which crudauth-py accepts as well (RFC 8259, section 8.1).
    ///
    /// # Errors
    /// [`InvalidForm`] if `body` is not a JSON object.
    pub fn from_json(body: &[u8]) -> Result<Self, InvalidForm> {
        let body = to_utf8(body).ok_or(InvalidForm)?;
        let Fields(fields) = serde_json::from_slice(&body).map_err(|_| InvalidForm)?;
        let fields = fields.into_iter().map(|(name, value)| (name, Field::Json(value)));
        Ok(Self::new(fields.collect()))
    }

    /// Takes the fields of an HTML form.
    #[must_use]
    pub fn from_texts(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name, Field::Text(value)));
        Self::new(fields.collect())
    }

    fn new(fields: Vec<(String, Field)>) -> Self {
        Self { fields, limits: Vec::new(), is_blank_none: false, errors: Vec::new() }
    }

    /// Records an error.
    pub fn push_error(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// Records an error, and returns [`InvalidField`].
    ///
    /// # Errors
    /// Always.
    pub fn reject<T>(&mut self, error: FieldError) -> Result<T, InvalidField> {
        self.errors.push(error);
        Err(InvalidField)
    }

    /// Reads blank texts of optional fields as `None`. An HTML form sends an empty text for a field
    /// that was left blank.
    pub(crate) fn read_blank_as_none(&mut self) {
        self.is_blank_none = true;
    }

    /// Reads the field `name` as a `T`. A missing field reads as `null`, so an `Option` may be
    /// omitted.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is not a `T`.
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, InvalidField> {
        let Some(field) = self.field(name)? else {
            return serde_json::from_str("null")
                .or_else(|_| self.reject(FieldError::missing(name)));
        };
        if self.is_blank_none
            && field.is_blank()
            && let Ok(none) = serde_json::from_str("null")
        {
            return Ok(none);
        }
        let parsed = match field {
            Field::Json(value) => serde_json::from_str(value.get()),
            Field::Text(text) => typed(text),
        };
        parsed.or_else(|error| {
            self.reject(FieldError::new(name, FieldErrorKind::Type, expected_type(&error)))
        })
    }

    /// Reads the field `name` as a `T`, and limits its text to `max` characters.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is not a `T`, or is too long.
    pub fn take_within<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        max: usize,
    ) -> Result<T, InvalidField> {
        self.limit(name, max);
        self.take(name)
    }

    /// Reads the field `name` as a `T` if the form has it, and limits its text to `max` characters.
    /// Returns `None` for a field that was not sent, which is not the same as `null`.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is not a `T`, or is too long.
    pub fn take_sent<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        max: Option<usize>,
    ) -> Result<Option<T>, InvalidField> {
        if self.fields.iter().all(|(key, _)| key != name) {
            return Ok(None);
        }
        if let Some(max) = max {
            self.limit(name, max);
        }
        self.take(name).map(Some)
    }

    /// Limits the text of the field `name` to `max` characters. Applies to later reads; the
    /// smallest limit of a field counts.
    pub fn limit(&mut self, name: &str, max: usize) {
        self.limits.push((name.to_owned(), max));
    }

    /// Reads the field `name` as a text.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing or not a text.
    pub fn text(&mut self, name: &'static str) -> Result<String, InvalidField> {
        match self.optional_text(name)? {
            Some(text) => Ok(text),
            None => self.reject(FieldError::missing(name)),
        }
    }

    /// Reads the field `name` as a text; `None` if it is missing or `null`.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is not a text.
    pub fn optional_text(&mut self, name: &'static str) -> Result<Option<String>, InvalidField> {
        match self.field(name)? {
            None => Ok(None),
            Some(Field::Text(text)) => Ok(Some(text)),
            Some(Field::Json(value)) => {
                serde_json::from_str(value.get()).or_else(|_| self.reject_type(name))
            }
        }
    }

    /// Reads the identifier of a sign-in from the field `name` of an HTML form.
    ///
    /// The text is only compared with stored identifiers, so a text that no identifier can have,
    /// such as one with NUL, is accepted. An empty text counts as missing.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing, empty or not a text.
    pub fn sign_in_identifier(&mut self, name: &'static str) -> Result<String, InvalidField> {
        match self.take_once(name)? {
            Some(Field::Text(text)) if !text.is_empty() => Ok(text),
            Some(Field::Json(_)) => self.reject_type(name),
            _ => self.reject(FieldError::missing(name)),
        }
    }

    /// The text of the field `name`, which can still be read.
    pub(crate) fn peek(&self, name: &str) -> Option<String> {
        let (_, field) = self.fields.iter().find(|(key, _)| key == name)?;
        field.text().map(Cow::into_owned)
    }

    /// Puts a value in the place of the field `name`, whether it was sent or not.
    pub(crate) fn replace(&mut self, name: &str, value: &Value) {
        self.fields.retain(|(key, _)| key != name);
        if let Ok(value) = serde_json::value::to_raw_value(value) {
            self.fields.push((name.to_owned(), Field::Json(value)));
        }
    }

    /// Records an error for each field that was not read, at most eight. Use it where a client must
    /// not assume that an unknown field took effect.
    pub fn reject_unread(&mut self) {
        const MAX_LISTED: usize = 8;
        let message = "Extra inputs are not permitted";
        for (name, _) in std::mem::take(&mut self.fields).into_iter().take(MAX_LISTED) {
            self.errors.push(FieldError::new(name, FieldErrorKind::Value, message));
        }
    }

    /// Finishes reading.
    ///
    /// # Errors
    /// All recorded errors.
    pub fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    /// Returns the recorded errors.
    #[must_use]
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Takes a field out, and checks its limit.
    fn field(&mut self, name: &'static str) -> Result<Option<Field>, InvalidField> {
        let Some(field) = self.take_once(name)? else { return Ok(None) };
        // PostgreSQL cannot store NUL in a text.
        if field.has_nul() {
            let message = "Input should not contain NUL";
            return self.reject(FieldError::new(name, FieldErrorKind::Value, message));
        }
        if let Some(max) = self.exceeded_limit(name, &field) {
            return self.reject(FieldError::too_long(name, max));
        }
        Ok(Some(field))
    }

    /// Returns the limit that the text of a field exceeds.
    fn exceeded_limit(&self, name: &str, field: &Field) -> Option<usize> {
        let limits = self.limits.iter().filter(|(limited, _)| limited == name);
        let max = limits.map(|(_, max)| *max).min()?;
        let chars = field.text()?.chars().count();
        if chars > max { Some(max) } else { None }
    }

    /// Takes a field out, and rejects a repeated one.
    fn take_once(&mut self, name: &'static str) -> Result<Option<Field>, InvalidField> {
        let mut values = self.fields.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let first = values.next();
        if values.count() > 0 {
            let message = "Field given more than once";
            return self.reject(FieldError::new(name, FieldErrorKind::Repeated, message));
        }
        Ok(first)
    }

    fn reject_type<T>(&mut self, name: &'static str) -> Result<T, InvalidField> {
        let message = "Input should be a valid string";
        self.reject(FieldError::new(name, FieldErrorKind::Type, message))
    }
}

/// Reads a text of an HTML form, whose numbers and check boxes are texts too.
fn typed<T: DeserializeOwned>(text: String) -> Result<T, serde_json::Error> {
    let value = match &*text {
        "on" => Ok(Value::Bool(true)),
        text => serde_json::from_str(text),
    };
    serde_json::from_value(text.into()).or_else(|error| match value {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => serde_json::from_value(value),
        _ => Err(error),
    })
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Form").field("fields", &names).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
