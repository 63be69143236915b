//! Account shapes: identifiers, recovery contact, names of columns.

#![deny(warnings)]
#![allow(dead_code, reason = "the library reads the columns, the test does not")]

use crudauth::{AuthUser, Recoverable, RecoverableByEmail};

#[derive(Clone, Debug, AuthUser)]
struct Named {
    id: i64,
    username: String,
}

/// Recovered by a phone number, which cannot be used to sign in.
#[derive(Clone, Debug, AuthUser)]
struct Called {
    id: i64,
    username: String,
    #[auth(no_login)]
    phone: Option<String>,
}

/// Recovered by a phone number in spite of an email address.
#[derive(Clone, Debug, AuthUser)]
#[auth(verified = "is_confirmed")]
struct Both {
    id: i64,
    email: String,
    #[auth(recovery, exact)]
    phone: String,
}

/// Two codes, and a username that is compared as it is displayed.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "staff", hashed_password = "pw", created_at = "hired_at", verified = "email_ok")]
struct Employee {
    id: i64,
    #[auth(identifier, max_length = 8)]
    employee_number: String,
    #[auth(identifier)]
    badge: Option<String>,
    #[auth(exact)]
    username: String,
    #[auth(email, key = "mail_key", column = "mail")]
    address: String,
    #[auth(register, unique, max_length = 20)]
    r#type: String,
    #[auth(unique)]
    car: Option<String>,
    hired_at: String,
}

fn recovers<U: Recoverable>() {}
fn mails<U: RecoverableByEmail>() {}

#[test]
fn identifiers_and_columns_are_named_by_attributes() {
    use crudauth::private::AuthUser;
    recovers::<Called>();
    recovers::<Both>();
    mails::<Employee>();
    assert_eq!(Named::SHAPE.recovery, None);
    assert_eq!(Named::SHAPE.companion.verified, None);
    assert_eq!(Called::SHAPE.recovery, Some(1));
    assert_eq!(Called::SHAPE.companion.verified, Some("phone_verified"));
    assert!(!Called::SHAPE.identifiers[1].is_login && Called::SHAPE.identifiers[1].is_optional);
    assert_eq!(Both::SHAPE.recovery, Some(1));
    assert_eq!(Both::SHAPE.companion.verified, Some("is_confirmed"));
    assert_eq!(Both::SHAPE.identifiers[1].key, "phone");
    let shape = Employee::SHAPE;
    let keys: Vec<_> = shape.identifiers.iter().map(|one| one.key).collect();
    assert_eq!(keys, ["employee_number", "badge", "username", "mail_key"]);
    assert_eq!(shape.identifiers[0].longest(), 8);
    assert_eq!(shape.unique, ["type", "car"]);
    assert_eq!((shape.companion.hash, shape.companion.created), ("pw", "hired_at"));
    assert_eq!(shape.companion.verified, Some("email_ok"));
}
