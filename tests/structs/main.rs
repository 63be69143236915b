//! User structs of many shapes: what each declares is stored, read back and shown, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod columns;
mod defaults;
mod elsewhere;
mod identifiers;
mod keys;
mod library_columns;
mod names;
mod shapes;
mod sign_up;
mod visitor;
mod wide;

use crudauth::{Account, Accounts, AuthUser, FieldError, Registered, SignUp};
use serde_json::Value;

/// Signs `form` up, which must be right, and reads the account back.
pub(crate) async fn added<U: AuthUser>(accounts: &Accounts<U>, form: &Value) -> Account<U> {
    let form = SignUp::from_json(form).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    match accounts.register(form).await.unwrap() {
        Registered::Added(id) => accounts.find(&id).await.unwrap().unwrap(),
        _ => panic!("the address is free"),
    }
}

/// What is wrong with a form.
pub(crate) fn mistakes<U: AuthUser>(form: &Value) -> Vec<FieldError> {
    SignUp::<U>::from_json(form).unwrap_err()
}
