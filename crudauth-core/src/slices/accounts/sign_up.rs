//! What a visitor fills in to sign up.

use std::fmt;

use crate::model::{
    AuthUser, Contact, FieldError, FieldErrorKind, Form, Identifier, IdentifierKind, InvalidForm,
};
use crate::password::Password;

/// A sign-up, read and right as far as can be told without the store.
///
/// `Debug` shows neither the password nor the app's own values.
pub struct SignUp<U: AuthUser> {
    pub(crate) identifiers: Vec<Option<Identifier>>,
    pub(crate) password: Password,
    pub(crate) own: U::SignUp,
}

impl<U: AuthUser> SignUp<U> {
    /// Reads the fields of the shape out of a form; everything else in it is dropped.
    ///
    /// # Errors
    /// Every mistake that the form has.
    pub fn read(mut form: Form) -> Result<Self, Vec<FieldError>> {
        // All fields are taken before any mistake ends the reading, so that all are told.
        let columns = U::SHAPE.identifiers;
        let identifiers: Vec<_> = columns.iter().map(|column| form.identifier(column)).collect();
        let password = form.password("password");
        form.read_blank_as_none();
        let own = U::sign_up(&mut form);
        let identifiers: Result<Vec<_>, _> = identifiers.into_iter().collect();
        match (identifiers, password, own) {
            (Ok(identifiers), Ok(password), Ok(own)) => {
                form.finish()?;
                Ok(Self { identifiers, password, own })
            }
            _ => Err(form.into_errors()),
        }
    }

    /// The first identifier of that kind, as it will be shown.
    #[must_use]
    pub fn shown(&self, kind: IdentifierKind) -> Option<&str> {
        self.identifiers.get(U::SHAPE.position(kind)?)?.as_ref().map(Identifier::shown)
    }

    /// What its owner will sign in by: the first identifier that a login looks at.
    #[must_use]
    pub fn login_name(&self) -> Option<&str> {
        let columns = U::SHAPE.identifiers.iter().zip(&self.identifiers);
        let mut named = columns.filter(|(column, _)| column.is_login);
        named.find_map(|(_, identifier)| identifier.as_ref()).map(Identifier::shown)
    }

    /// Where messages will recover the account.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        self.identifiers.get(U::SHAPE.recovery?)?.clone()?.into_contact()
    }

    /// The texts that will name the account.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.identifiers.iter().flatten().map(Identifier::shown).collect()
    }

    /// Reads a JSON object, for tools that sign people up without HTTP.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn from_json(body: &serde_json::Value) -> Result<Self, Vec<FieldError>> {
        let form = Form::from_json(body.to_string().as_bytes()).map_err(|InvalidForm| {
            vec![FieldError::new("", FieldErrorKind::Type, "Input should be an object")]
        })?;
        Self::read(form)
    }
}

impl<U: AuthUser> fmt::Debug for SignUp<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignUp").field("identifiers", &self.identifiers).finish_non_exhaustive()
    }
}
