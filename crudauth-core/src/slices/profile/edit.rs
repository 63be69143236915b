//! Changes columns of an account.

use std::fmt;

use super::store::Edited;
use super::{EditError, Profiles};
use crate::event::EventKind;
use crate::model::{AuthUser, FieldError, FieldErrorKind, Form};
use crate::principal::Principal;

/// New values of columns with `#[auth(editable)]`, valid as far as that can be checked without the
/// store.
///
/// `Debug` does not show them.
pub struct ProfileEdit<U: AuthUser>(U::Edit);

impl<U: AuthUser> Profiles<U> {
    /// Reads an edit. Fields that are not editable are dropped, and a field that the form lacks
    /// leaves its column as it is.
    ///
    /// # Errors
    /// Every invalid field of the form.
    pub fn read(&self, mut form: Form) -> Result<ProfileEdit<U>, Vec<FieldError>> {
        for &(name, max) in &self.limits {
            form.limit(name, max);
        }
        form.read_blank_as_none();
        match U::edit(&mut form) {
            Ok(edit) => form.finish().map(|()| ProfileEdit(edit)),
            Err(_) => Err(form.into_errors()),
        }
    }

    /// Stores an edit, all of it or nothing.
    ///
    /// # Errors
    /// [`EditError`]; nothing is stored then.
    pub async fn edit(
        &self,
        principal: &Principal<U>,
        edit: ProfileEdit<U>,
    ) -> Result<(), EditError> {
        let account = principal.owned_account()?;
        let event = self.kit.event(EventKind::ProfileEdited).account(account);
        let change = self.store.edit(account, edit.0, event.at());
        let (event, edited) = self.kit.recording(event, change).await?;
        match edited {
            Edited::Stored => {
                self.kit.emit(event);
                Ok(())
            }
            Edited::Unchanged => Ok(()),
            Edited::Ended => Err(EditError::Ended),
            Edited::Taken { field } => Err(EditError::Taken(field)),
            Edited::Refused { field } => {
                let field = field.unwrap_or_default();
                let message = "Input is not accepted";
                let error = FieldError::new(field, FieldErrorKind::Value, message);
                Err(EditError::Invalid(vec![error]))
            }
        }
    }
}

impl<U: AuthUser> fmt::Debug for ProfileEdit<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProfileEdit(..)")
    }
}
