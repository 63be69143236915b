//! What a struct is told, in the order in which it is told.

use syn::{DeriveInput, parse_quote};

use super::*;
use crate::auth_user::parse;

/// What is wrong with a struct, in the order in which it is told.
fn told(input: DeriveInput) -> Vec<String> {
    let mut errors = Errors::default();
    let declared = parse::declared(&input, &mut errors);
    check(&Model::of(&declared), &mut errors);
    errors.messages()
}

/// The one mistake of a user with this field more.
fn told_of(field: syn::Field) -> String {
    let mut told =
        told(parse_quote!(struct User { id: i64, email: String, username: String, #field }));
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

fn field(text: &str) -> syn::Field {
    let input: DeriveInput = syn::parse_str(&format!("struct A {{ {text} }}")).unwrap();
    let syn::Data::Struct(data) = input.data else { unreachable!() };
    data.fields.into_iter().next().unwrap()
}

#[test]
fn a_right_struct_is_told_nothing() {
    let input = parse_quote! {
        #[auth(table = "people")]
        struct User {
            #[auth(id)] key: i64,
            #[auth(email, column = "mail")] address: String,
            username: String,
            #[auth(register)] r#type: Option<String>,
            #[auth(default = "free")] plan: String,
            #[auth(default = -3)] points: i64,
            #[auth(default)] tags: Tags,
            #[auth(default = now())] seen: Time,
            is_superuser: bool,
            updated_at: Option<Time>,
            note: Option<String>,
            #[auth(skip)] cache: Cache,
        }
    };
    assert_eq!(told(input), [""; 0]);
}

#[test]
fn a_protected_column_is_refused_in_every_spelling() {
    for column in ["is_active", "IS_ACTIVE", "email_verified", "is_superuser"] {
        let text = format!("#[auth(column = \"{column}\", register)] flag: bool");
        assert!(told_of(field(&text)).contains("is a privilege; a sign-up cannot set it"));
    }
    for column in ["token_version", "auth_epoch", "created_at"] {
        let text = format!("#[auth(register)] {column}: i64");
        assert!(told_of(field(&text)).contains("a sign-up cannot set it: drop `register`"));
    }
    let hash = told_of(field("#[auth(column = \"Hashed_Password\", register)] hash: String"));
    assert!(hash.contains("never shown to the app"));
}

#[test]
fn no_column_holds_a_password_as_it_was_typed() {
    let told = told_of(field("#[auth(register)] password: String"));
    assert!(told.contains("which no column holds"));
}

#[test]
fn a_misspelt_word_is_told_without_what_follows_from_it() {
    let told = told(parse_quote!(
        struct User {
            id: i64,
            #[auth(emial)]
            address: String,
        }
    ));
    assert_eq!(told, ["unknown word `emial`: did you mean `email`?"]);
}

#[test]
fn every_mistake_is_told_at_once() {
    let input = parse_quote! {
        #[auth(table = "my users")]
        struct User {
            email: i64,
            #[auth(register, register)] a: String,
            #[auth(column = "a")] b: Option<String>,
            plan: String,
        }
    };
    assert_eq!(told(input).len(), 5);
}

#[test]
fn the_columns_that_the_library_adds_are_not_the_apps() {
    let told = told_of(field("USERNAME_KEY: Option<String>"));
    assert!(told.contains("is where the library compares `username`"), "{told}");
}

#[test]
fn a_literal_of_another_kind_than_the_column_is_refused() {
    for text in [
        "#[auth(default = 1)] a: String",
        "#[auth(default = \"1\")] a: i64",
        "#[auth(default = true)] a: i32",
        "#[auth(default = 0)] a: bool",
    ] {
        assert!(told_of(field(text)).starts_with("no value of"), "{text}");
    }
}
