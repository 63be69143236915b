//! More columns than the largest tuple with trait implementations.

#![deny(warnings)]
#![allow(dead_code, reason = "the library reads the columns, the test does not")]

use crudauth::AuthUser;

#[derive(Clone, Debug, AuthUser)]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    column_0: Option<String>,
    #[auth(register)]
    column_1: i64,
    #[auth(register)]
    column_2: bool,
    #[auth(register)]
    column_3: String,
    #[auth(register)]
    column_4: Option<String>,
    #[auth(register)]
    column_5: i64,
    #[auth(register)]
    column_6: bool,
    #[auth(register)]
    column_7: String,
    #[auth(register)]
    column_8: Option<String>,
    #[auth(register)]
    column_9: i64,
    #[auth(register)]
    column_10: bool,
    #[auth(register)]
    column_11: String,
    #[auth(register)]
    column_12: Option<String>,
    #[auth(register)]
    column_13: i64,
    #[auth(register)]
    column_14: bool,
    #[auth(register)]
    column_15: String,
    #[auth(register)]
    column_16: Option<String>,
    #[auth(register)]
    column_17: i64,
    #[auth(register)]
    column_18: bool,
    #[auth(register)]
    column_19: String,
    #[auth(register)]
    column_20: Option<String>,
    #[auth(register)]
    column_21: i64,
    #[auth(register)]
    column_22: bool,
    #[auth(register)]
    column_23: String,
    #[auth(register)]
    column_24: Option<String>,
    #[auth(register)]
    column_25: i64,
    #[auth(register)]
    column_26: bool,
    #[auth(register)]
    column_27: String,
    #[auth(register)]
    column_28: Option<String>,
    #[auth(register)]
    column_29: i64,
    #[auth(register)]
    column_30: bool,
    #[auth(register)]
    column_31: String,
    #[auth(register)]
    column_32: Option<String>,
    #[auth(register)]
    column_33: i64,
    #[auth(register)]
    column_34: bool,
    #[auth(register)]
    column_35: String,
    #[auth(register)]
    column_36: Option<String>,
}

#[crudauth::routes(user = User, session, sessions, email)]
struct Auth;

#[test]
fn a_struct_may_have_forty_columns() {
    use crudauth::private::AuthUser;
    assert_eq!(User::SHAPE.columns.len(), 40);
    assert_eq!(User::SHAPE.written.len(), 37);
    let _ = |pool: sqlx::SqlitePool| Auth::builder(pool, "secret");
}
