//! The form of a sign-up.

use std::fmt;

use crate::model::{
    AuthUser, Contact, FieldError, FieldErrorKind, Form, Identifier, IdentifierKind, InvalidForm,
    OneTimeDigest,
};
use crate::password::Password;

/// A sign-up whose fields are valid, as far as that can be checked without the store.
///
/// `Debug` shows neither the password nor the app's own values.
pub struct SignUp<U: AuthUser> {
    pub(crate) identifiers: Vec<Option<Identifier>>,
    pub(crate) password: Password,
    pub(crate) own: U::SignUp,
    /// Whether the app itself adds the account.
    pub(crate) is_by_the_app: bool,
    /// The token of the invitation that it accepts.
    pub(crate) invitation: Option<OneTimeDigest>,
}

impl<U: AuthUser> SignUp<U> {
    /// Reads the fields of the shape from a form, and drops all others.
    ///
    /// # Errors
    /// Every invalid field of the form.
    pub fn read(mut form: Form) -> Result<Self, Vec<FieldError>> {
        // All fields are read first, so that all errors are reported.
        let columns = U::SHAPE.identifiers;
        let identifiers: Vec<_> = columns.iter().map(|column| form.identifier(column)).collect();
        let password = form.password("password");
        form.read_blank_as_none();
        let own = U::sign_up(&mut form);
        let identifiers: Result<Vec<_>, _> = identifiers.into_iter().collect();
        match (identifiers, password, own) {
            (Ok(identifiers), Ok(password), Ok(own)) => {
                form.finish()?;
                Ok(Self { identifiers, password, own, is_by_the_app: false, invitation: None })
            }
            _ => Err(form.into_errors()),
        }
    }

    /// Marks a sign-up by an administrator or a command line: the
    /// [`SignUpPolicy`](crate::SignUpPolicy) is not asked.
    #[must_use]
    pub fn by_the_app(self) -> Self {
        Self { is_by_the_app: true, ..self }
    }

    /// Whether an invitation was found for it, so that its address is proved.
    #[must_use]
    pub const fn is_invited(&self) -> bool {
        self.invitation.is_some()
    }

    /// The first identifier of that kind, as displayed.
    #[must_use]
    pub fn shown(&self, kind: IdentifierKind) -> Option<&str> {
        self.identifiers.get(U::SHAPE.position(kind)?)?.as_ref().map(Identifier::shown)
    }

    /// The first identifier by which the owner can sign in.
    #[must_use]
    pub fn login_name(&self) -> Option<&str> {
        let columns = U::SHAPE.identifiers.iter().zip(&self.identifiers);
        let mut named = columns.filter(|(column, _)| column.is_login);
        named.find_map(|(_, identifier)| identifier.as_ref()).map(Identifier::shown)
    }

    /// The recovery contact.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        self.identifiers.get(U::SHAPE.recovery?)?.clone()?.into_contact()
    }

    /// The identifiers of the account, as displayed.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.identifiers.iter().flatten().map(Identifier::shown).collect()
    }

    /// Reads a JSON object, for tools that create accounts without HTTP.
    ///
    /// # Errors
    /// Every invalid field of the object.
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
