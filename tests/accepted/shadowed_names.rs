//! Keywords as columns, and names that the generated code uses as well.

#![deny(warnings)]
#![allow(dead_code, non_camel_case_types, reason = "keywords name columns and structs")]

use crudauth::AuthUser;

mod p {
    pub(crate) fn values() -> i64 {
        1
    }
}

fn call() -> i64 {
    p::values()
}

fn row() -> i64 {
    2
}

type Result<T> = Option<T>;
type str = String;

#[derive(Clone, Debug, AuthUser)]
struct r#async {
    id: i64,
    email: str,
    #[auth(register)]
    r#type: String,
    #[auth(register)]
    select: bool,
    #[auth(default = call())]
    call: i64,
    #[auth(default = row())]
    row: i64,
    #[auth(default = p::values())]
    values: i64,
    #[auth(default)]
    form: Result<String>,
    #[auth(column = "default")]
    r#self_: Option<String>,
}

#[crudauth::routes(user = r#async, session, email)]
struct r#struct;

#[test]
fn columns_may_have_names_that_the_generated_code_uses() {
    use crudauth::private::AuthUser;
    assert_eq!(r#async::SHAPE.table, "asyncs");
    assert_eq!(r#async::SHAPE.written, ["type", "select", "call", "row", "values", "form"]);
    let _ = |pool: sqlx::PgPool| r#struct::builder(pool, "secret");
}
