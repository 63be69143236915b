//! Every flow as a plain call, without HTTP: what it answers and what it does.

mod administrator;
mod passwords;
mod purge;
mod recovery;
mod sign_in;

use crudauth::{Account, Attempt, Password, Registered, SignInError, SignUp, SignedIn, Visit};
use crudauth_tests::{App, PASSWORD, User, sign_up};

/// A password that nothing refuses, to change to.
pub(crate) const NEW: &str = "another-strong-one";

pub(crate) fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// Adds an account and tells its key.
pub(crate) async fn register(app: &App, name: &str) -> i64 {
    let form = SignUp::<User>::from_json(&sign_up(name)).unwrap();
    match app.auth.accounts().register(form).await.unwrap() {
        Registered::Added(id) => id,
        _ => panic!("{name} is new"),
    }
}

pub(crate) async fn sign_in(
    app: &App,
    identifier: &str,
    typed: &str,
) -> Result<SignedIn<User>, SignInError> {
    app.auth.accounts().sign_in(Attempt::new(identifier, &password(typed))).await
}

/// Whether identifier and password open a session.
pub(crate) async fn opens(app: &App, identifier: &str, typed: &str) -> bool {
    match sign_in(app, identifier, typed).await {
        Ok(_) => true,
        Err(SignInError::Refused) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Signs in with [`PASSWORD`] and tells who that was.
pub(crate) async fn signed_in(app: &App, identifier: &str) -> SignedIn<User> {
    sign_in(app, identifier, PASSWORD).await.unwrap()
}

pub(crate) async fn visit(app: &App, session: &SignedIn<User>) -> Option<Visit<User>> {
    app.auth.accounts().authenticate(&session.session.token).await.unwrap()
}

pub(crate) async fn account(app: &App, id: i64) -> Account<User> {
    app.auth.accounts().find(&id).await.unwrap().unwrap()
}
