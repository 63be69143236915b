//! A password out of a form, and what is told about it there.

use super::{MAX_BYTES, Password, PasswordPolicy, PolicyViolation};
use crate::model::{FieldError, FieldErrorKind, Form};

/// The password in the field `name`; `None` after noting what is wrong with it.
pub fn read_password(form: &mut Form, name: &'static str) -> Option<Password> {
    let typed = form.text(name)?;
    let password = Password::parse(&typed);
    if password.is_err() {
        form.push_error(FieldError::too_long(name, MAX_BYTES));
    }
    password.ok()
}

/// Judges a new password, and words what is wrong with it for the field that it was typed into.
pub(crate) async fn judge(
    policy: &PasswordPolicy,
    password: &Password,
    own: &[&str],
    field: &'static str,
) -> Result<(), Vec<FieldError>> {
    policy.judge(password, own).await.map_err(|violations| worded(violations, field))
}

/// The same without asking anybody else: what is refused here is refused by [`judge`], too.
pub(crate) fn check(
    policy: &PasswordPolicy,
    password: &Password,
    own: &[&str],
    field: &'static str,
) -> Result<(), Vec<FieldError>> {
    policy.check(password, own).map_err(|violations| worded(violations, field))
}

fn worded(violations: Vec<PolicyViolation>, field: &'static str) -> Vec<FieldError> {
    violations
        .into_iter()
        .map(|violation| {
            let rule = match violation {
                PolicyViolation::TooShort { min } => FieldErrorKind::TooShort { min },
                _ => FieldErrorKind::PasswordPolicy,
            };
            FieldError::new(field, rule, violation.to_string())
        })
        .collect()
}
