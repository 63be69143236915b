//! User structs of many shapes: declared columns are stored, read back and shown, and no others.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod client;
mod columns;
mod defaults;
mod foreign_struct;
mod identifiers;
mod keys;
mod library_columns;
mod names;
mod shapes;
mod sign_up;
mod wide;

use crudauth::{Account, Accounts, AuthUser, Mistake, Registered, SignUp};
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
pub(crate) fn field_errors<U: AuthUser>(form: &Value) -> Vec<Mistake> {
    SignUp::<U>::from_json(form).unwrap_err()
}
