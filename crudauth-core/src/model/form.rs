//! Identifiers in forms.

use super::{Contact, EmailAddress, Identifier, IdentifierColumn, InvalidEmail};
use crate::form::{FieldError, FieldErrorKind, Form, InvalidField};

impl Form {
    /// Reads the identifier that belongs in `column`; `None` if it is optional and omitted or blank.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing but required, or not an identifier of that kind, or
    /// too long for the column.
    pub fn identifier(
        &mut self,
        column: &IdentifierColumn,
    ) -> Result<Option<Identifier>, InvalidField> {
        let name = column.name;
        let typed =
            if column.is_optional { self.optional_text(name)? } else { Some(self.text(name)?) };
        let Some(typed) = typed.filter(|typed| !column.is_optional || !typed.trim().is_empty())
        else {
            return Ok(None);
        };
        self.parse_identifier(column, &typed).map(Some)
    }

    /// Reads the contact that an account may have in `column`, which is required. Unlike
    /// [`identifier`](Self::identifier), it accepts addresses that only other software stores.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing, or no message can be sent to it, or it is too long
    /// for the column.
    pub fn contact(&mut self, column: &IdentifierColumn) -> Result<Contact, InvalidField> {
        let typed = self.text(column.name)?;
        let is_valid = Identifier::parse(column.kind, &typed).is_ok();
        if !is_valid && let Some(contact) = Contact::parse_stored(column.kind, &typed) {
            return Ok(contact);
        }
        self.parse_identifier(column, &typed)?.into_contact().ok_or(InvalidField)
    }

    fn parse_identifier(
        &mut self,
        column: &IdentifierColumn,
        typed: &str,
    ) -> Result<Identifier, InvalidField> {
        let name = column.name;
        match Identifier::parse(column.kind, typed) {
            Ok(identifier) if identifier.shown().chars().count() <= column.longest() => {
                Ok(identifier)
            }
            Err(error) if !error.is_too_long() => {
                self.reject(FieldError::new(name, FieldErrorKind::Value, error.to_string()))
            }
            Ok(_) | Err(_) => self.reject(FieldError::too_long(name, column.longest())),
        }
    }

    /// Reads the field `name` as an email address.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing or not an email address.
    pub fn email(&mut self, name: &'static str) -> Result<EmailAddress, InvalidField> {
        let typed = self.text(name)?;
        match EmailAddress::parse(&typed) {
            Ok(address) => Ok(address),
            Err(InvalidEmail::TooLong) => {
                self.reject(FieldError::too_long(name, EmailAddress::MAX_CHARS))
            }
            Err(error) => {
                self.reject(FieldError::new(name, FieldErrorKind::Value, error.to_string()))
            }
        }
    }
}
