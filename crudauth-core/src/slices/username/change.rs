//! Changes a username.

use super::store::Renamed;
use super::{UsernameError, Usernames};
use crate::event::EventKind;
use crate::model::{
    AuthUser, FieldError, FieldErrorKind, Form, HasUsername, Identifier, IdentifierColumn,
    IdentifierKind, InvalidField, Username,
};
use crate::notify::MessageKind;
use crate::principal::Principal;
use crate::slices::accounts::username_column;
use crate::slices::sudo::Proof;

/// The name of the field in a request.
const FIELD: &str = "new_username";

impl<U: AuthUser + HasUsername> Usernames<U> {
    /// Reads the field `new_username` of a form.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing, or not a username, or too long for the struct.
    pub fn read(&self, form: &mut Form) -> Result<Username, InvalidField> {
        let column = username_column::<U>().ok_or(InvalidField)?;
        let required = IdentifierColumn { name: FIELD, is_optional: false, ..*column };
        match form.identifier(&required)? {
            Some(Identifier::Username(name)) => Ok(name),
            _ => form.reject(FieldError::missing(FIELD)),
        }
    }

    /// Checks what needs neither a proof nor the store.
    ///
    /// # Errors
    /// [`UsernameError::NotOwner`], [`UsernameError::SameName`] and [`UsernameError::Invalid`].
    pub fn check(&self, principal: &Principal<U>, name: &Username) -> Result<(), UsernameError> {
        let account = principal.owned_account()?;
        if account.named(IdentifierKind::Username) == Some(name.as_str()) {
            return Err(UsernameError::SameName);
        }
        // Either form may be the longer one.
        let chars = [name.as_str(), name.key()].map(|form| form.chars().count());
        if chars.into_iter().any(|chars| chars > self.longest) {
            let error = FieldError::too_long(FIELD, self.longest);
            return Err(UsernameError::Invalid(vec![error]));
        }
        Ok(())
    }

    /// Gives the principal's account another username, after fresh proof. The owner gets a notice.
    ///
    /// The proof is an elevated session, or, in a mount without the slice `sudo`, all factors of the
    /// account. The application needs none. Another spelling of the present name is a change, too.
    ///
    /// # Errors
    /// [`UsernameError`]; nothing is stored then.
    pub async fn change(
        &self,
        principal: &Principal<U>,
        name: &Username,
        proof: &Proof,
    ) -> Result<(), UsernameError> {
        self.check(principal, name)?;
        self.sudo.confirm(principal, proof).await?;
        let account = principal.account();
        self.kit.admit_username(account, name).await?;
        self.callers.check(principal).await?;
        let event = self.kit.event(EventKind::UsernameChanged).account(account);
        let rename = self.store.rename(account, name, event.at());
        let (event, renamed) = self.kit.recording(event, rename).await?;
        match renamed {
            Renamed::Done => {}
            Renamed::Ended => return Err(UsernameError::Ended),
            Renamed::Taken => {
                let field = username_column::<U>().map_or("username", |column| column.name);
                return Err(UsernameError::Taken(field));
            }
            Renamed::Refused => {
                let message = "Input is not accepted";
                let error = FieldError::new(FIELD, FieldErrorKind::Value, message);
                return Err(UsernameError::Invalid(vec![error]));
            }
        }
        self.kit.emit(event);
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(MessageKind::UsernameChanged, account);
        }
        Ok(())
    }
}
