//! The form by which people sign in, for a session as for tokens: OAuth 2's password form, of which
//! `client_id` and `client_secret` mean nothing here.

use crudauth_core::model::{FieldError, FieldErrorKind, Form, InvalidField};
use crudauth_core::password::Password;
use crudauth_core::slices::sign_in::Attempt;
use poem::Request;

use crate::http::config::HttpConfig;
use crate::http::cookie::cookies_of;
use crate::http::headers::{client, user_agent};

/// Who somebody says to be, and what they prove it by.
pub(super) struct Credentials {
    identifier: String,
    password: Password,
}

impl Credentials {
    /// Reads the form.
    pub(super) fn read(form: &mut Form) -> Result<Self, InvalidField> {
        let identifier = form.sign_in_identifier("username");
        let password = form.sign_in_password("password");
        Ok(Self { identifier: identifier?, password: password? })
    }

    /// The attempt to sign in by them, as the request makes it.
    pub(super) fn attempt(self, request: &Request, config: &HttpConfig) -> Attempt {
        let mut attempt = Attempt::new(self.identifier, &self.password);
        let devices = cookies_of(request, &config.cookies).devices();
        attempt.devices = devices.into_iter().map(str::to_owned).collect();
        attempt.opening.client = client(request, config);
        attempt.opening.user_agent = user_agent(request);
        attempt
    }
}

/// Notes a grant that is none of those.
pub(super) fn check_grant(form: &mut Form, known: &[&str]) {
    match form.optional_text("grant_type") {
        Ok(Some(grant)) if !known.contains(&&*grant) => {
            form.push_error(FieldError::new(
                "grant_type",
                FieldErrorKind::Pattern,
                "Input should be 'password'",
            ));
        }
        _ => {}
    }
}
