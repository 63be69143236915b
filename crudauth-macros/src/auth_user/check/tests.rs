//! The errors of a struct, in order.

use darling::Error;
use syn::{DeriveInput, parse_quote};

use super::*;
use crate::auth_user::parse;
use crate::support::messages;

fn errors_of(input: DeriveInput) -> Vec<String> {
    let mut errors = Error::accumulator();
    let declared = parse::declared(&input, &mut errors);
    check(&Model::of(&declared), &mut errors);
    messages(errors)
}

/// The only error of a valid user struct with this field added.
fn error_of(field: &str) -> String {
    let valid = "struct User { id: i64, email: String, username: String,";
    let mut errors = errors_of(syn::parse_str(&format!("{valid} {field} }}")).unwrap());
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn a_valid_struct_has_no_errors() {
    let input = parse_quote! {
        #[auth(table = "people")]
        struct User {
            #[auth(id)] key: i64,
            #[auth(email, column = "mail")] address: String,
            username: String,
            #[auth(register)] r#type: Option<String>,
            #[auth(default = "free")] plan: String,
            #[auth(default = -3)] points: i64,
            #[auth(role, default = "member", max_length = 20)] rank: String,
            #[auth(default)] tags: Tags,
            #[auth(default = now())] seen: Time,
            is_superuser: bool,
            updated_at: Option<Time>,
            #[auth(erase)] note: Option<String>,
            #[auth(erase = 0)] level: Option<i64>,
            #[auth(default, erase = "none")] state: State,
            #[auth(skip)] cache: Cache,
        }
    };
    assert_eq!(errors_of(input), [""; 0]);
}

#[test]
fn sign_up_cannot_set_a_protected_column_in_any_spelling() {
    for column in ["is_active", "IS_ACTIVE", "email_verified", "is_superuser"] {
        let error = error_of(&format!("#[auth(column = \"{column}\", register)] flag: bool"));
        assert!(
            error.starts_with("`register` does not apply to a column that the library"),
            "{error}"
        );
    }
    for column in ["token_version", "auth_epoch", "created_at"] {
        let error = error_of(&format!("#[auth(register)] {column}: i64"));
        assert!(error.ends_with("library maintains: remove `register`"), "{error}");
    }
    let privilege = error_of("#[auth(column = \"flag\", register)] is_superuser: bool");
    assert!(privilege.contains("is a privilege, which sign-up cannot set"), "{privilege}");
    let hash = error_of("#[auth(column = \"Hashed_Password\")] hash: String");
    assert!(hash.contains("cannot read the password hash"), "{hash}");
}

#[test]
fn sign_up_cannot_set_a_role() {
    let error = error_of("#[auth(role, register)] plan: String");
    assert!(error.contains("a role is a privilege, which sign-up cannot set"), "{error}");
    let error = error_of("#[auth(role)] a: Option<i32>, #[auth(role)] b: Option<i32>");
    assert_eq!(error, "`a` already holds the roles: remove `role` here");
}

#[test]
fn an_owner_cannot_change_an_identifier_or_a_privilege() {
    let error = error_of("#[auth(identifier, editable)] badge: Option<String>");
    assert_eq!(error, "a form cannot change an identifier: remove `editable`");
    let error = error_of("#[auth(role, editable)] rank: Option<i32>");
    assert!(error.contains("a role is a privilege, which its owner cannot set"), "{error}");
    let error = error_of("#[auth(editable)] created_at: i64");
    assert!(error.ends_with("library maintains: remove `editable`"), "{error}");
    let error = error_of("#[auth(column = \"flag\", editable, default)] is_active: bool");
    assert!(error.contains("is a privilege, which its owner cannot set"), "{error}");
    let error = error_of("#[auth(editable, default)] password: String");
    assert!(error.contains("only the hash of `password` is stored"), "{error}");
}

#[test]
fn no_column_stores_the_password_of_a_sign_up() {
    let error = error_of("#[auth(register)] password: String");
    assert!(error.contains("only the hash of `password` is stored"), "{error}");
}

#[test]
fn a_misspelt_argument_causes_no_further_errors() {
    let errors = errors_of(parse_quote!(
        struct User {
            id: i64,
            #[auth(emial)]
            address: String,
        }
    ));
    assert_eq!(errors, ["unknown argument `emial`: did you mean `email`?"]);
    let errors = errors_of(parse_quote!(
        #[auth(hashed_pasword = "hash")]
        struct User {
            id: i64,
            email: String,
            hash: String,
        }
    ));
    assert_eq!(errors, ["unknown argument `hashed_pasword`: did you mean `hashed_password`?"]);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let input = parse_quote! {
        #[auth(table = "my users")]
        struct User {
            email: i64,
            #[auth(register, register)] a: String,
            #[auth(column = "plan")] b: Option<String>,
            plan: String,
            #[auth(max_length = 0)] note: Option<String>,
        }
    };
    assert_eq!(errors_of(input).len(), 6);
}

#[test]
fn an_empty_list_after_an_argument_is_an_error() {
    let error = error_of("#[auth(register())] note: String");
    assert_eq!(error, "`register` takes no value: write `register`");
}

#[test]
fn the_compared_form_of_an_identifier_is_not_a_column_of_the_app() {
    let error = error_of("USERNAME_KEY: Option<String>");
    assert!(error.contains("holds the compared form of `username`"), "{error}");
}

#[test]
fn a_default_has_the_type_of_its_column() {
    for field in [
        "#[auth(default = 1)] a: String",
        "#[auth(default = \"1\")] a: i64",
        "#[auth(default = true)] a: i32",
        "#[auth(default = 0)] a: bool",
    ] {
        assert!(error_of(field).starts_with("the default is not of type"), "{field}");
    }
}

#[test]
fn a_key_that_is_a_name_is_one_error() {
    for fields in [
        "#[auth(id, username)] name: String",
        "#[auth(id, username, exact, max_length = 9)] name: String",
        "#[auth(id, email, username)] name: String",
        "#[auth(id, username)] name: String, email: String",
        "#[auth(id)] username: String",
        "#[auth(username)] id: String",
    ] {
        let errors = errors_of(syn::parse_str(&format!("struct User {{ {fields} }}")).unwrap());
        assert_eq!(errors, [KEY_IS_NO_NAME], "{fields}");
    }
}
