//! What a client filled in, taken apart field by field.
//!
//! Every mistake is told at once and names its field; none repeats a value. Whatever nobody takes
//! is dropped, so a field that is not asked for cannot set anything.

mod json;

use std::fmt;

use json::{Fields, expected, has_escaped_nul};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

mod field_error;

pub use field_error::{Mistake, Rule};

use crate::model::{EmailAddress, Identifier, IdentifierColumn, InvalidEmail};

/// The fields of a form, JSON or text, and what was found wrong with them so far.
///
/// `Debug` shows the names only.
pub struct Form {
    fields: Vec<(String, Field)>,
    limits: Vec<(String, usize)>,
    mistakes: Vec<Mistake>,
}

/// Not parsed before somebody asks, so that a field that does not parse can be named.
enum Field {
    Json(Box<RawValue>),
    Text(String),
}

/// The body is no form at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct InvalidForm;

impl Form {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// [`InvalidForm`] if it is none.
    pub fn from_json(body: &[u8]) -> Result<Self, InvalidForm> {
        let Fields(fields) = serde_json::from_slice(body).map_err(|_| InvalidForm)?;
        let fields = fields.into_iter().map(|(name, value)| (name, Field::Json(value))).collect();
        Ok(Self { fields, limits: Vec::new(), mistakes: Vec::new() })
    }

    /// Takes the fields of an HTML form.
    #[must_use]
    pub fn from_texts(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name, Field::Text(value))).collect();
        Self { fields, limits: Vec::new(), mistakes: Vec::new() }
    }

    /// Notes a mistake.
    pub fn note(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// The value of the column `name`; `None` after noting what is wrong with it. An absent field
    /// reads as `null`, so an `Option` may be left out.
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let (is_there, parsed) = match self.field(name)? {
            None => (false, serde_json::from_str("null")),
            Some(Field::Json(value)) => (true, serde_json::from_str(value.get())),
            Some(Field::Text(text)) => (true, serde_json::from_value(text.into())),
        };
        match parsed {
            Ok(value) => Some(value),
            Err(_) if !is_there => self.refuse(Mistake::missing(name)),
            Err(error) => self.refuse(Mistake::new(name, Rule::Type, expected(&error))),
        }
    }

    /// The text of the field `name`; `None` after noting that there is none.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        match self.optional_text(name)? {
            Some(text) => Some(text),
            None => self.refuse(Mistake::missing(name)),
        }
    }

    /// The text of the field `name`, which may be absent or `null`; `None` after noting that it is
    /// something else.
    #[allow(clippy::option_option, reason = "outside: was it right; inside: is it there")]
    pub fn optional_text(&mut self, name: &'static str) -> Option<Option<String>> {
        match self.field(name)? {
            None => Some(None),
            Some(Field::Text(text)) => Some(Some(text)),
            Some(Field::Json(value)) => match serde_json::from_str(value.get()) {
                Ok(text) => Some(text),
                Err(_) => {
                    self.refuse(Mistake::new(name, Rule::Type, "Input should be a valid string"))
                }
            },
        }
    }

    /// The text of the field `name` as it is, for comparing: what nothing can equal need not be
    /// refused. `None` after noting that there is none.
    pub fn login_text(&mut self, name: &'static str) -> Option<String> {
        match self.once(name)? {
            Some(Field::Text(text)) => Some(text),
            Some(Field::Json(_)) => {
                self.refuse(Mistake::new(name, Rule::Type, "Input should be a valid string"))
            }
            None => self.refuse(Mistake::missing(name)),
        }
    }

    /// The value of the column `name`, which may have at most `max` characters as text; `None`
    /// after noting what is wrong with it.
    pub fn take_within<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        max: usize,
    ) -> Option<T> {
        self.limit(name, max);
        self.take(name)
    }

    /// Refuses a text of more than `max` characters in the field `name`.
    pub fn limit(&mut self, name: &str, max: usize) {
        self.limits.push((name.to_owned(), max));
    }

    /// The identifier that the shape keeps in that column, `None` inside where an optional one was
    /// left out; `None` outside after noting what is wrong with it.
    #[allow(clippy::option_option, reason = "outside: was it right; inside: is it there")]
    pub fn identifier(&mut self, column: &IdentifierColumn) -> Option<Option<Identifier>> {
        let name = column.name;
        let typed = match column.is_optional {
            true => self.optional_text(name)?,
            false => Some(self.text(name)?),
        };
        let Some(typed) = typed else { return Some(None) };
        match Identifier::parse(column.kind, &typed) {
            Ok(identifier) if identifier.shown().chars().count() > column.longest() => {
                self.refuse(Mistake::too_long(name, column.longest()))
            }
            Ok(identifier) => Some(Some(identifier)),
            Err(error) if error.is_too_long() => {
                self.refuse(Mistake::too_long(name, column.longest()))
            }
            Err(error) => self.refuse(Mistake::new(name, Rule::Value, error.to_string())),
        }
    }

    /// The address in the field `name`; `None` after noting what is wrong with it.
    pub fn email(&mut self, name: &'static str) -> Option<EmailAddress> {
        let typed = self.text(name)?;
        match EmailAddress::parse(&typed) {
            Ok(address) => Some(address),
            Err(InvalidEmail::TooLong) => {
                self.refuse(Mistake::too_long(name, EmailAddress::MAX_CHARS))
            }
            Err(error) => self.refuse(Mistake::new(name, Rule::Value, error.to_string())),
        }
    }

    /// Notes the fields that were not read, the first eight of them, for bodies whose sender would rely
    /// on what was left out.
    pub fn refuse_others(&mut self) {
        const TOLD: usize = 8;
        let message = "Extra inputs are not permitted";
        for (name, _) in std::mem::take(&mut self.fields).into_iter().take(TOLD) {
            self.mistakes.push(Mistake::new(name, Rule::Value, message));
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All mistakes that were noted.
    pub fn finish(self) -> Result<(), Vec<Mistake>> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(self.mistakes) }
    }

    /// The mistakes so far.
    #[must_use]
    pub fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes
    }

    /// Takes a field out. A text with NUL is refused here, once for all: PostgreSQL stores none.
    #[allow(clippy::option_option, reason = "outside: was it right; inside: is it there")]
    fn field(&mut self, name: &'static str) -> Option<Option<Field>> {
        let first = self.once(name)?;
        let has_nul = match &first {
            Some(Field::Json(value)) => has_escaped_nul(value.get()),
            Some(Field::Text(text)) => text.contains('\0'),
            None => false,
        };
        if has_nul {
            return self.refuse(Mistake::new(name, Rule::Value, "Input should not contain NUL"));
        }
        if let Some(max) = self.exceeded(name, first.as_ref()) {
            return self.refuse(Mistake::too_long(name, max));
        }
        Some(first)
    }

    /// The limit that the text of a field exceeds.
    fn exceeded(&self, name: &str, field: Option<&Field>) -> Option<usize> {
        let limits = self.limits.iter().filter(|(limited, _)| limited == name);
        let max = limits.map(|(_, max)| *max).min()?;
        let chars = match field? {
            Field::Text(text) => text.chars().count(),
            Field::Json(value) => serde_json::from_str::<String>(value.get()).ok()?.chars().count(),
        };
        (chars > max).then_some(max)
    }

    /// Takes a field out that may be there once.
    #[allow(clippy::option_option, reason = "outside: was it right; inside: is it there")]
    fn once(&mut self, name: &'static str) -> Option<Option<Field>> {
        let mut found = self.fields.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let first = found.next();
        if found.count() > 0 {
            return self.refuse(Mistake::new(name, Rule::Repeated, "Field given more than once"));
        }
        Some(first)
    }

    fn refuse<T>(&mut self, mistake: Mistake) -> Option<T> {
        self.mistakes.push(mistake);
        None
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Form").field("fields", &names).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    fn mistakes(body: &str, take: impl FnOnce(&mut Form)) -> Vec<Mistake> {
        let mut form = Form::from_json(body.as_bytes()).unwrap();
        take(&mut form);
        form.into_mistakes()
    }

    #[test]
    fn every_mistake_is_told_at_once_and_names_its_field() {
        let told = mistakes(r#"{"age": "old", "nick": 5}"#, |form| {
            let _: Option<u8> = form.take("age");
            form.text("nick");
            form.text("email");
        });
        let named: Vec<_> = told.iter().map(|mistake| (&*mistake.field, mistake.rule)).collect();
        assert_eq!(named, [("age", Rule::Type), ("nick", Rule::Type), ("email", Rule::Missing)]);
    }

    #[test]
    fn no_mistake_repeats_what_was_typed() {
        let told = mistakes(r#"{"age": "s3cret", "list": ["s3cret"]}"#, |form| {
            let _: Option<u8> = form.take("age");
            let _: Option<bool> = form.take("list");
        });
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|mistake| !mistake.message.contains("s3cret")));
    }

    #[test]
    fn an_optional_field_may_be_left_out_or_null() {
        for body in ["{}", r#"{"nick": null}"#] {
            let mut form = Form::from_json(body.as_bytes()).unwrap();
            assert_eq!(form.take::<Option<String>>("nick"), Some(None));
            assert!(form.finish().is_ok());
        }
    }

    #[test]
    fn a_lone_surrogate_a_nul_and_a_repetition_are_told_at_their_field() {
        for body in [
            r#"{"password": "\ud800", "x": 1}"#,
            r#"{"password": "a\u0000b"}"#,
            r#"{"password": "a", "password": "b"}"#,
        ] {
            let told = mistakes(body, |form| drop(form.text("password")));
            assert_eq!(told.len(), 1);
            assert_eq!(told[0].field, "password");
        }
    }

    #[test]
    fn what_is_no_object_is_no_form() {
        for body in ["", "{bad", "[]", "\"text\"", "7", "{\"a\":1}x"] {
            assert!(Form::from_json(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Form::from_json(b"\xff\xfe").is_err());
    }
}
