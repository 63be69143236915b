//! What is wrong with a form, told for each field.

use std::borrow::Cow;

/// Something wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The field's name.
    pub field: Cow<'static, str>,
    /// The rule that it breaks.
    pub rule: Rule,
    /// What to tell the person; never repeats what they typed.
    pub message: Cow<'static, str>,
}

/// The rules that a field can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// It must be there.
    Missing,
    /// It must be there once.
    Repeated,
    /// It must be of another type.
    Type,
    /// It must have at least so many characters.
    TooShort {
        /// How many.
        min: usize,
    },
    /// It may have at most so many characters.
    TooLong {
        /// How many.
        max: usize,
    },
    /// It is not of the form that it must have.
    Value,
    /// It is none of the words that it may be.
    Pattern,
    /// A password that is too easily guessed.
    PasswordPolicy,
}

impl Mistake {
    /// A mistake in `field`.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        rule: Rule,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), rule, message: message.into() }
    }

    pub(super) fn missing(field: &'static str) -> Self {
        Self::new(field, Rule::Missing, "Field required")
    }

    /// That `field` may have at most `max` characters.
    #[must_use]
    pub fn too_long(field: impl Into<Cow<'static, str>>, max: usize) -> Self {
        Self::new(
            field,
            Rule::TooLong { max },
            format!("String should have at most {max} characters"),
        )
    }
}
