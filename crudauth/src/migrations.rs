//! The types that `crudauth::migrations!` accepts.

use crudauth_core::migrate::Migrations;
use crudauth_core::model::AuthUser;

/// A mount or a user struct. `#[crudauth::routes(..)]` implements it for a mount.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a mount nor a user struct",
    label = "expected a mount or a user struct",
    note = "use the struct under `#[crudauth::routes(..)]` for the tables of its slices, or the \
            struct with `#[derive(crudauth::AuthUser)]` for the tables of all slices"
)]
pub trait HasMigrations {
    /// The user struct.
    type User: AuthUser;

    /// The migrations.
    fn migrations() -> Migrations<Self::User>;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> HasMigrations for U {
    type User = U;

    fn migrations() -> Migrations<U> {
        Migrations::new()
    }
}
