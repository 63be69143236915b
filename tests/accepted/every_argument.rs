//! Every argument, on every kind of type.

#![deny(warnings)]
#![allow(dead_code, reason = "the library reads the columns, the test does not")]

use crudauth::AuthUser;

#[derive(Clone, Debug, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
struct Plan(String);

impl Plan {
    fn free() -> Self {
        Self("free".to_owned())
    }
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "people")]
struct Person {
    #[auth(id)]
    number: i32,
    #[auth(email, column = "mail")]
    address: String,
    #[auth(username)]
    login: Box<str>,
    #[auth(register, export, erase)]
    full_name: Option<String>,
    #[auth(register, column = "born_on")]
    birthday: String,
    #[auth(default, export)]
    points: i64,
    #[auth(default = Plan::free())]
    plan: Plan,
    #[auth(default = "de", editable, max_length = 5, erase = "-----")]
    language: String,
    #[auth(default = -3, erase = -1)]
    level: i64,
    #[auth(default = true, erase = false)]
    is_new: bool,
    #[auth(editable, column = "remark")]
    note: Option<String>,
    #[auth(role, unique, erase)]
    rank: Option<i16>,
    is_superuser: bool,
    #[auth(export)]
    updated_at: Option<String>,
    #[auth(skip)]
    seen: u128,
}

#[test]
fn every_argument_works_on_every_kind_of_type() {
    use crudauth::private::{AuthUser, SqlDefault};
    let shape = Person::SHAPE;
    assert_eq!((shape.table, shape.id), ("people", "number"));
    assert_eq!(shape.columns.len(), 14);
    assert_eq!(shape.columns[1], "mail");
    assert_eq!(shape.written, ["full_name", "born_on", "points", "plan"]);
    assert_eq!(shape.editable, [("language", "language"), ("note", "remark")]);
    let erased = [
        ("full_name", None),
        ("language", Some(SqlDefault::Text("-----"))),
        ("level", Some(SqlDefault::Integer(-1))),
        ("is_new", Some(SqlDefault::Boolean(false))),
        ("rank", None),
    ];
    assert_eq!(shape.erased, erased);
    let names: Vec<_> = shape.identifiers.iter().map(|one| (one.name, one.column)).collect();
    assert_eq!(names, [("address", "mail"), ("login", "login")]);
}
