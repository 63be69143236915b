//! Accounts: sign-up, passwords, and what an administrator does.

#[cfg(all(test, feature = "sqlite"))]
mod credential_tests;
pub(crate) mod credentials;
mod credentials_sql;
mod password;
mod register;
mod sign_up;
mod sql;
pub(crate) mod store;

pub use password::{PasswordError, Passwords};
pub use register::{Prepared, RegisterError, Registered, Registration};
pub use sign_up::SignUp;
