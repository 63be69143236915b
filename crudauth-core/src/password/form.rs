//! Passwords in forms: reading one, and wording the errors of the password policy.
//!
//! Called by the routes and flows that take a password.

use zeroize::Zeroize;

use super::{MAX_BYTES, Password, PolicyViolation};
use crate::form::{FieldError, FieldErrorKind, Form, InvalidField};

impl Form {
    /// Reads a password from the field `name`. The decoded text is wiped.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing, not a text, or longer than [`MAX_BYTES`].
    pub fn password(&mut self, name: &'static str) -> Result<Password, InvalidField> {
        let mut typed = self.text(name)?;
        let password = Password::parse(&typed);
        typed.zeroize();
        match password {
            Ok(password) => Ok(password),
            Err(_) => self.reject(FieldError::too_long(name, MAX_BYTES)),
        }
    }

    /// Reads a password that may be missing.
    ///
    /// # Errors
    /// [`InvalidField`] as [`password`](Self::password), except that a missing field is `None`.
    pub fn optional_password(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Password>, InvalidField> {
        let Some(mut typed) = self.optional_text(name)? else { return Ok(None) };
        let password = Password::parse(&typed);
        typed.zeroize();
        match password {
            Ok(password) => Ok(Some(password)),
            Err(_) => self.reject(FieldError::too_long(name, MAX_BYTES)),
        }
    }

    /// Reads the password of a sign-in. An empty one counts as missing, because browsers send an
    /// empty text for a field that was left blank.
    ///
    /// # Errors
    /// [`InvalidField`] as [`password`](Self::password), or if the password is empty.
    pub fn sign_in_password(&mut self, name: &'static str) -> Result<Password, InvalidField> {
        let password = self.password(name)?;
        if password.chars() == 0 {
            return self.reject(FieldError::missing(name));
        }
        Ok(password)
    }
}

/// Words the violations of the password policy as errors about `field`.
pub(crate) fn policy_errors(
    field: &'static str,
    violations: Vec<PolicyViolation>,
) -> Vec<FieldError> {
    violations
        .into_iter()
        .map(|violation| {
            let kind = match violation {
                PolicyViolation::TooShort { min } => FieldErrorKind::TooShort { min },
                PolicyViolation::Common
                | PolicyViolation::RepeatsIdentifier
                | PolicyViolation::Refused(_)
                | PolicyViolation::Breached => FieldErrorKind::PasswordPolicy,
            };
            FieldError::new(field, kind, violation.to_string())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_password_is_missing_at_sign_in_only() {
        let mut form = Form::from_texts([("password".to_owned(), String::new())]);
        assert!(form.password("password").is_ok());
        let mut form = Form::from_texts([("password".to_owned(), String::new())]);
        assert_eq!(form.sign_in_password("password").err(), Some(InvalidField));
        assert_eq!(form.into_errors(), [FieldError::missing("password")]);
    }

    #[test]
    fn an_overlong_password_is_rejected() {
        let mut form = Form::from_texts([("password".to_owned(), "x".repeat(4097))]);
        assert!(form.password("password").is_err());
        assert_eq!(form.into_errors(), [FieldError::too_long("password", 4096)]);
    }
}
