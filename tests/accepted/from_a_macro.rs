//! Types and values from a `macro_rules!`.

#![deny(warnings)]
#![allow(dead_code, reason = "the library reads the columns, the test does not")]

macro_rules! user {
    ($name:ident, $optional:ty, $default:expr, $table:literal) => {
        #[derive(Clone, Debug, crudauth::AuthUser)]
        #[auth(table = $table)]
        struct $name {
            id: i64,
            email: String,
            note: $optional,
            #[auth(default = $default)]
            plan: String,
        }
    };
}
user!(User, Option<String>, "free", "people");

#[test]
fn a_macro_may_write_the_struct() {
    use crudauth::private::AuthUser;
    assert_eq!(User::SHAPE.table, "people");
    assert_eq!(User::SHAPE.written, [""; 0]);
}
