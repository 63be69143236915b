//! Errors about the fields of a form.
//!
//! A [`FieldError`] names the field, the broken rule and a message for the person, and never
//! repeats the input. The facade lists them in a 422.

use std::borrow::Cow;

/// An error about one field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Name of the field; empty if the error is about the whole input.
    pub field: Cow<'static, str>,
    /// The rule that the field breaks.
    pub kind: FieldErrorKind,
    /// Message for the person; never repeats the input.
    pub message: Cow<'static, str>,
}

/// The rules that a field can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// The field is required.
    Missing,
    /// The field is given more than once.
    Repeated,
    /// The value has another type.
    Type,
    /// The text has too few characters.
    TooShort {
        /// Minimum number of characters.
        min: usize,
    },
    /// The text has too many characters.
    TooLong {
        /// Maximum number of characters.
        max: usize,
    },
    /// The value has the right type but is not valid.
    Value,
    /// The value is not one of the accepted words.
    Pattern,
    /// The password is too easy to guess.
    PasswordPolicy,
}

impl FieldError {
    /// Creates an error about `field`.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        kind: FieldErrorKind,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), kind, message: message.into() }
    }

    /// Creates the error for a required `field` that is missing.
    #[must_use]
    pub fn missing(field: &'static str) -> Self {
        Self::new(field, FieldErrorKind::Missing, "Field required")
    }

    /// Creates the error for a `field` with more than `max` characters.
    #[must_use]
    pub fn too_long(field: impl Into<Cow<'static, str>>, max: usize) -> Self {
        Self::new(
            field,
            FieldErrorKind::TooLong { max },
            format!("String should have at most {max} characters"),
        )
    }
}
