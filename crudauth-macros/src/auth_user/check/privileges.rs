//! The rules for privileges, which no form may set.

use darling::error::Accumulator;
use proc_macro2::Ident;

use super::super::model::{Field, Model};
use crate::support::mistake;
use crate::support::naming::is_same_column;

/// Names that mean a privilege to crudauth-py's front ends, whichever column they are in.
const PRIVILEGES: [&str; 4] = ["is_active", "is_superuser", "email_verified", "phone_verified"];

/// Rejects the argument by which sign-up or the owner could set a privilege.
pub(super) fn settable(
    field: &Field<'_>,
    argument: &Ident,
    setter: &str,
    errors: &mut Accumulator,
) {
    let message = if field.arguments.role.is_some() {
        format!("a role is a privilege, which {setter} cannot set: remove `{argument}`")
    } else if let Some(name) = PRIVILEGES.iter().find(|name| is_same_column(name, &field.name)) {
        format!(
            "`{name}` is a privilege, which {setter} cannot set: remove `{argument}`, or rename the \
             field"
        )
    } else {
        return;
    };
    errors.push(mistake(argument, message));
}

/// Rejects a second column with roles.
pub(super) fn roles(model: &Model<'_>, errors: &mut Accumulator) {
    let mut roles = model.role_columns();
    let Some((_, first)) = roles.next() else { return };
    for (second, _) in roles {
        let message = format!("`{}` already holds the roles: remove `role` here", first.name);
        errors.push(mistake(&second.name, message));
    }
}
