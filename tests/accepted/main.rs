//! Right uses of the macros: the compiler accepts them, without a warning. `ui` has the wrong uses.

mod account_shapes;
mod every_argument;
mod every_slice;
mod every_transport;
mod forty_columns;
mod from_a_macro;
mod handlers_of_any_name;
mod in_a_function;
mod mount_or_user;
mod own_transports;
mod roles_in_every_form;
mod scopes_in_every_form;
mod shadowed_names;
