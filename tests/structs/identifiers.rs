//! Identifiers of every kind: comparison, validation and uniqueness.

use crudauth::{
    AuthUser, FieldError, FieldErrorKind, RegisterError, Registered, SignUp, migrations,
};
use crudauth_tests::{PASSWORD, SECRET, on_every_pool};
use serde_json::{Value, json};

use super::client::Client;
use super::{field_errors, register};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "staff", hashed_password = "pw", verified = "address_is_proved")]
struct Employee {
    id: i64,
    #[auth(identifier, max_length = 8)]
    employee_number: String,
    #[auth(exact)]
    username: String,
    #[auth(email, column = "mail", key = "mail_key")]
    address: String,
    phone: Option<String>,
    #[auth(register, unique, max_length = 12)]
    desk: Option<String>,
    address_is_proved: bool,
}

#[crudauth::routes(user = Employee, session)]
struct Staff;

fn form(number: &str, name: &str) -> Value {
    json!({
        "employee_number": number, "username": name, "address": format!("{name}@example.com"),
        "password": PASSWORD,
    })
}

fn with(mut form: Value, field: &str, value: &str) -> Value {
    form[field] = value.into();
    form
}

on_every_pool! {
    async fn an_account_signs_in_by_each_of_its_identifiers(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        let ada = with(form("E-17", "Ada"), "phone", "+1 (555) 01-00");
        let ada = register(staff.accounts(), &ada).await.user;
        assert_eq!(ada.phone.as_deref(), Some("+15550100"));
        assert!(!ada.address_is_proved);
        register(staff.accounts(), &form("E-18", "bob")).await;
        for typed in ["E-17", "Ada", "ADA@example.com", "+1 555 0100", "Ｅ-17"] {
            let found = staff.accounts().find_by_identifier(typed).await.unwrap();
            assert_eq!(found.map(|one| one.user.id), Some(ada.id), "{typed}");
            assert_eq!(Client::of(staff.routes()).login(typed).await.0, 200, "{typed}");
        }
        for typed in ["e-17", "ada", "ada", "+15550101", "", "E-1"] {
            let found = staff.accounts().find_by_identifier(typed).await.unwrap();
            assert!(found.is_none(), "{typed}");
        }
    }

    async fn every_identifier_is_unique_in_its_compared_form(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        register(staff.accounts(), &with(form("E-17", "ada"), "phone", "+15550100")).await;
        for (other, taken) in [
            (form(" E-17", "bob"), "employee_number"),
            (with(form("E-18", "bob"), "username", "ada"), "username"),
            (with(form("E-18", "bob"), "phone", "+1-555-0100"), "phone"),
        ] {
            let sign_up = SignUp::from_json(&other).unwrap();
            let refused = staff.accounts().register(sign_up).await;
            let Err(RegisterError::Taken(name)) = refused else { panic!("{refused:?}") };
            assert_eq!(name, taken);
        }
        let address = with(form("E-18", "bob"), "address", "ADA@example.com");
        let result = staff.accounts().register(SignUp::from_json(&address).unwrap()).await.unwrap();
        assert_eq!(result, Registered::AddressTaken);
        assert_eq!(database.count("staff").await, 1);
        // Case is significant where nothing folds it, on MySQL too.
        register(staff.accounts(), &with(form("e-17", "eve"), "username", "ADA")).await;
        // NULL phones do not conflict.
        register(staff.accounts(), &form("E-19", "cyd")).await;
    }

    async fn an_identifier_cannot_equal_another_kind_of_identifier(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        register(staff.accounts(), &with(form("E-17", "ada"), "phone", "+15550100")).await;
        for (other, taken) in [
            (form("ada", "eve"), "employee_number"),
            (form("E-18", "E-17"), "username"),
        ] {
            let refused = staff.accounts().register(SignUp::from_json(&other).unwrap()).await;
            let Err(RegisterError::Taken(name)) = refused else { panic!("{refused:?}") };
            assert_eq!(name, taken);
        }
        assert_eq!(database.count("staff").await, 1);
    }

    async fn a_blank_optional_identifier_is_none_and_two_do_not_conflict(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        for (name, typed) in [("ada", ""), ("bob", " "), ("cyd", "")] {
            let form = with(with(form(&format!("X-{name}"), name), "phone", typed), "desk", typed);
            let (status, body) = Client::of(staff.routes()).post("/register", &form).await;
            assert_eq!(status, 200, "{body}");
        }
        assert_eq!(database.count("staff WHERE phone IS NULL AND desk IS NULL").await, 3);
    }

    async fn of_two_sign_ups_at_once_one_gets_a_text_that_both_name(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        let rounds = 12;
        for round in 0..rounds {
            let text = format!("n{round}");
            // One names it as a username, the other as a number.
            let [by_name, by_number] =
                [form(&format!("A-{round}"), &text), form(&text, &format!("b{round}"))]
                    .map(|form| SignUp::from_json(&form).unwrap());
            let accounts = staff.accounts();
            let (one, other) =
                tokio::join!(accounts.register(by_name), accounts.register(by_number));
            let added = [&one, &other].into_iter().filter(|result| result.is_ok()).count();
            assert_eq!(added, 1, "{one:?} {other:?}");
            let refused = if one.is_ok() { other } else { one };
            assert!(matches!(refused, Err(RegisterError::Taken(_))), "{refused:?}");
        }
        assert_eq!(database.count("staff").await, rounds);
    }

    async fn an_identifier_is_found_by_its_whole_text(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        register(staff.accounts(), &with(form("E-17", "ada"), "phone", "+15550100")).await;
        // As other software may have stored it: not the form of any rule.
        database.execute("UPDATE staff SET username = 'Ada Lovelace'").await;
        let whole = staff.accounts().find_by_identifier("Ada Lovelace").await.unwrap();
        assert!(whole.is_some());
        for typed in ["Ada Lovelace ", "Ada Lovelace   ", "ada lovelace", " Ada Lovelace"] {
            let found = staff.accounts().find_by_identifier(typed).await.unwrap();
            assert!(found.is_none(), "{typed:?}");
        }
        // A stored blank at the end is a part of the text, whatever the database ignores.
        database.execute("UPDATE staff SET mail_key = 'ada@example.com '").await;
        let found = staff.accounts().find_by_identifier("ada@example.com").await.unwrap();
        assert!(found.is_none());
    }

    async fn a_unique_app_column_is_enforced(database, pool) {
        migrations!(Employee).run(&pool).await.unwrap();
        let staff = Staff::builder(pool, SECRET).build().await.unwrap();
        let ada = register(staff.accounts(), &with(form("E-17", "ada"), "desk", "by a window")).await;
        assert_eq!(ada.user.desk.as_deref(), Some("by a window"));
        let same = with(form("E-18", "bob"), "desk", "by a window");
        let result = staff.accounts().register(SignUp::from_json(&same).unwrap()).await;
        assert!(matches!(result, Err(RegisterError::Taken("desk"))), "{result:?}");
        let (status, body) = Client::of(staff.routes()).post("/register", &same).await;
        assert_eq!((status.as_u16(), &body["code"]), (422, &json!("taken")));
        for name in ["bob", "cyd"] {
            register(staff.accounts(), &form(&format!("X-{name}"), name)).await;
        }
        assert_eq!(database.count("staff").await, 3);
    }
}

fn only_error(form: &Value) -> FieldError {
    let mut errors = field_errors::<Employee>(form);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn identifier_errors_are_reported_at_their_field() {
    for (form, field, rule) in [
        (form("", "ada"), "employee_number", FieldErrorKind::Value),
        (form("E 17", "ada"), "employee_number", FieldErrorKind::Value),
        (form("a@b.com", "ada"), "employee_number", FieldErrorKind::Value),
        (form("+1555010", "ada"), "employee_number", FieldErrorKind::Value),
        (with(form("E-17", "ada"), "username", "+1-555-0100"), "username", FieldErrorKind::Value),
        (form("E-1234567", "ada"), "employee_number", FieldErrorKind::TooLong { max: 8 }),
        (with(form("E-17", "ada"), "phone", "5550100"), "phone", FieldErrorKind::Value),
        (
            with(form("E-17", "ada"), "desk", "thirteen chars"),
            "desk",
            FieldErrorKind::TooLong { max: 12 },
        ),
        (
            with(form("E-17", "ada"), "username", &"u".repeat(65)),
            "username",
            FieldErrorKind::TooLong { max: 64 },
        ),
    ] {
        let error = only_error(&form);
        assert_eq!((&*error.field, error.kind), (field, rule), "{form}");
    }
    let mut without_phone = form("E-17", "ada");
    without_phone["phone"] = Value::Null;
    assert!(SignUp::<Employee>::from_json(&without_phone).is_ok());
}
