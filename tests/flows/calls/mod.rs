//! Every flow as a plain call, without HTTP: its result and its effect.

mod administrator;
mod passwords;
mod purge;
mod recovery;
mod sign_in;

use crudauth::flow::Proof;
use crudauth::{
    Account, Password, Principal, Registered, SignInError, SignInRequest, SignUp, SignedIn,
};
use crudauth_tests::{App, PASSWORD, User, sign_up};

/// Another valid password.
pub(crate) const NEW: &str = "another-strong-one";

pub(crate) fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// The proof of an account without a second factor.
pub(crate) fn proof(text: &str) -> Proof {
    let mut proof = Proof::default();
    proof.password = Some(password(text));
    proof
}

/// Adds an account and returns its id.
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
    text: &str,
) -> Result<SignedIn<User>, SignInError> {
    let signed_in =
        app.auth.accounts().sign_in(SignInRequest::new(identifier, password(text))).await?;
    Ok(signed_in.done().unwrap())
}

/// Whether the sign-in succeeds.
pub(crate) async fn signs_in(app: &App, identifier: &str, text: &str) -> bool {
    match sign_in(app, identifier, text).await {
        Ok(_) => true,
        Err(SignInError::Refused) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Signs in with [`PASSWORD`].
pub(crate) async fn signed_in(app: &App, identifier: &str) -> SignedIn<User> {
    sign_in(app, identifier, PASSWORD).await.unwrap()
}

pub(crate) async fn principal(app: &App, session: &SignedIn<User>) -> Option<Principal<User>> {
    app.auth.accounts().authenticate(&session.session.token).await.unwrap()
}

pub(crate) async fn account(app: &App, id: i64) -> Account<User> {
    app.auth.accounts().find(&id).await.unwrap().unwrap()
}
