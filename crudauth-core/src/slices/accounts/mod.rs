//! Accounts: sign-up, passwords, and what an administrator does.
//!
//! Every mount has this slice.

mod admin;
mod claim_sql;
mod create_sql;
mod derived;
mod insert_sql;
mod keys_sql;
mod password;
#[cfg(all(test, feature = "sqlite"))]
mod password_tests;
mod refused_sql;
mod register;
mod sign_up;
mod sql;
mod superusers_sql;
mod usernames;
mod ways_in_sql;

pub use admin::Administration;
pub(crate) use create_sql::CreatedWith;
pub(crate) use derived::{derived_account, preset, refused, username_column, usernames};
pub(crate) use insert_sql::NewName;
pub use password::{Callers, PasswordError, Passwords};
pub use register::{Prepared, RegisterError, Registered, Registration};
pub use sign_up::SignUp;
pub(crate) use superusers_sql::Guarded;

use crate::guard::Action;

/// Sign-ups, by client network: 5 an hour by default.
pub const REGISTER: Action = Action::per_hour("register", 5);

/// Changes of password, right or wrong, by account: 5 an hour by default.
pub const CHANGE_PASSWORD: Action = Action::per_hour("change_password", 5);

/// First passwords, by account: 5 an hour by default.
pub const SET_PASSWORD: Action = Action::per_hour("set_password", 5);
