//! The form of a sign-in, for sessions and tokens: the password form of OAuth 2. `client_id` and
//! `client_secret` are ignored.

use crudauth_core::model::{FieldError, FieldErrorKind, Form, InvalidField};
use crudauth_core::password::Password;
use crudauth_core::slices::sign_in::{SignInError, SignInRequest};
use poem::Request;

use crate::http::config::HttpConfig;
use crate::http::cookie::cookies_of;
use crate::http::headers::client_info;
use crate::http::{Refusal, refusals};

/// Identifier and password of a sign-in.
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

    /// Creates the sign-in request.
    pub(super) fn into_request(self, request: &Request, config: &HttpConfig) -> SignInRequest {
        let mut sign_in = SignInRequest::new(self.identifier, self.password);
        let cookies = cookies_of(request, &config.cookies);
        sign_in.devices = cookies.devices().into_iter().map(str::to_owned).collect();
        sign_in.trust_cookies = cookies.trusts();
        sign_in.client = client_info(request, config);
        sign_in
    }
}

/// Rejects other grant types.
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

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::LockedOut { retry_after } => Self::locked_out(retry_after),
            SignInError::TooMany { retry_after } => Self::too_many_sign_ins(retry_after),
            SignInError::NotVerified => Self::not_verified(),
            SignInError::RefusedByApp(reason) => Self::refused_by_app(reason),
            SignInError::Busy(busy) => busy.into(),
            SignInError::Store(cause) => cause.into(),
            SignInError::Refused => Self::bad_credentials(),
        }
    }
}

refusals! {
    bad_credentials = UNAUTHORIZED, "bad-credentials", "Incorrect username or password";
}
