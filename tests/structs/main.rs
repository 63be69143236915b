//! User structs of many shapes: declared columns are stored, read back and shown, and no others.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod client;
mod columns;
mod defaults;
mod foreign_struct;
mod identifiers;
mod keys;
mod library_columns;
mod names;
mod optional_address;
mod profile;
mod refused;
mod roles;
mod shapes;
mod sign_up;
mod username;
mod wide;

use crudauth::{
    Account, Accounts, AuthUser, FieldError, Password, Registered, SignInRequest, SignUp,
};
use crudauth_tests::PASSWORD;
use serde_json::Value;

/// Signs up with a valid form and reads the account back.
pub(crate) async fn register<U: AuthUser>(accounts: &Accounts<U>, form: &Value) -> Account<U> {
    let form = SignUp::from_json(form).unwrap_or_else(|field_errors| panic!("{field_errors:?}"));
    match accounts.register(form).await.unwrap() {
        Registered::Added(id) => accounts.find(&id).await.unwrap().unwrap(),
        _ => panic!("the address is free"),
    }
}

/// The field errors of a form.
pub(crate) fn field_errors<U: AuthUser>(form: &Value) -> Vec<FieldError> {
    SignUp::<U>::from_json(form).unwrap_err()
}

/// Executes every statement that names the user table.
pub(crate) async fn passes_every_statement<U: AuthUser>(
    accounts: &Accounts<U>,
    address: &str,
    id: &U::Id,
) {
    let old = Password::parse(PASSWORD).unwrap();
    let new = Password::parse("a-new-one").unwrap();
    let token = accounts
        .sign_in(SignInRequest::new(address, old.clone()))
        .await
        .unwrap()
        .done()
        .unwrap()
        .session
        .token;
    let principal = accounts.authenticate(&token).await.unwrap().unwrap();
    assert_eq!(accounts.sessions().list(&principal).await.unwrap().len(), 1);
    accounts.change_password(&principal, &old, &new).await.unwrap();
    assert!(accounts.authenticate(&token).await.unwrap().is_some());
    assert!(accounts.disable(id).await.unwrap());
    assert!(accounts.authenticate(&token).await.unwrap().is_none());
    assert!(accounts.enable(id).await.unwrap());
    assert!(accounts.delete(id).await.unwrap());
    assert!(accounts.find(id).await.unwrap().is_none());
}
