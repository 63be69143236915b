//! The form by which people sign in, for a session as for tokens: OAuth 2's password form, of which
//! `client_id` and `client_secret` mean nothing here.

use crudauth_core::model::{Form, Mistake, Rule};
use crudauth_core::password::{Password, read_password};
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
    /// Reads the form; `None` after noting what is wrong with it.
    pub(super) fn read(form: &mut Form) -> Option<Self> {
        let identifier = filled(form, "username");
        let password = match filled(form, "password") {
            Some(typed) => {
                let mut one = Form::from_texts([("password".to_owned(), typed)]);
                let password = read_password(&mut one, "password");
                one.into_mistakes().into_iter().for_each(|mistake| form.note(mistake));
                password
            }
            None => None,
        };
        Some(Self { identifier: identifier?, password: password? })
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
        Some(Some(grant)) if !known.contains(&&*grant) => {
            form.note(Mistake::new("grant_type", Rule::Pattern, "Input should be 'password'"));
        }
        _ => {}
    }
}

/// A field that must be there and not empty.
fn filled(form: &mut Form, name: &'static str) -> Option<String> {
    let text = form.login_text(name)?;
    if text.is_empty() {
        form.note(Mistake::new(name, Rule::Missing, "Field required"));
        return None;
    }
    Some(text)
}
