//! Every rule that a user struct can break; each mistake stands at the token that makes it.

use quote::ToTokens;

use super::model::{Field, HASH, Kind, Model, Role, is_same_column, library_column};
use super::parse::{Body, SqlLiteral};
use crate::support::{Errors, naming};

/// The sign-up's field for the password.
const PASSWORD: &str = "password";

pub(super) fn check(model: &Model<'_>, errors: &mut Errors) {
    if let Body::Other(tokens) = &model.declared.body {
        let told =
            "a user is a struct with named fields: write `struct User { id: i64, email: String }`";
        return errors.at(tokens, told);
    }
    if !model.declared.generics.params.is_empty() {
        let told = "a table is of one shape, so a user struct has no generics: write the types out";
        errors.at(model.declared.generics, told);
    }
    if !naming::is_plain(&model.table.text) {
        errors.at(&model.table.tokens, not_plain(&model.table.text, "table"));
    }
    for field in &model.fields {
        words(field, errors);
    }
    for field in model.columns() {
        column(field, errors);
    }
    keys(model, errors);
    identifiers(model, errors);
    collisions(model, errors);
}

fn not_plain(name: &str, word: &str) -> String {
    format!(
        "`{name}` is no plain name: write `#[auth({word} = \"..\")]` with letters, digits and `_` \
         only, and no digit first"
    )
}

/// Words that do not go together, whatever the column.
fn words(field: &Field<'_>, errors: &mut Errors) {
    let words = &field.declared.words;
    let roles = [&words.id, &words.email, &words.username];
    let mut roles = roles.into_iter().flatten();
    if let Some(skip) = &words.skip {
        let column = words.column.iter().map(|(key, _)| key);
        let default = words.default.iter().map(|(key, _)| key);
        for other in roles.chain(column).chain(&words.register).chain(default) {
            let told = format!("a field under `{skip}` is no column: drop `{other}` or `{skip}`");
            errors.at(other, told);
        }
    } else if let Some(first) = roles.next() {
        for other in roles {
            let told = "a field is the key or one kind of identifier";
            errors.at(other, format!("{told}: drop `{other}` or `{first}`"));
        }
    }
}

/// What one column may not be.
fn column(field: &Field<'_>, errors: &mut Errors) {
    if !naming::is_plain(&field.column.text) {
        errors.at(&field.column.tokens, not_plain(&field.column.text, "column"));
    }
    if let Some(column) = library_column(&field.column.text) {
        return library(field, column, errors);
    }
    match &field.role {
        Role::Key => {
            let told = "the key is made by the database or by the library";
            unwanted(field, told, told, errors);
        }
        Role::Identifier(_) => identifier(field, errors),
        Role::Register => register(field, errors),
        Role::Sql(literal) => sql_default(field, literal, errors),
        Role::Unfilled if field.declared.is_understood && !field.is_optional() => {
            unfilled(field, errors);
        }
        _ => {}
    }
}

/// Refuses `register` and `default` on a column, each for its reason.
fn unwanted(field: &Field<'_>, register: &str, default: &str, errors: &mut Errors) {
    let words = &field.declared.words;
    if let Some(key) = &words.register {
        errors.at(key, format!("{register}: drop `{key}`"));
    }
    if let Some((key, _)) = &words.default {
        errors.at(key, format!("{default}: drop `{key}`"));
    }
}

/// A column that the library keeps: it may be seen.
fn library(field: &Field<'_>, column: &str, errors: &mut Errors) {
    if column == HASH {
        let told = "the password hash is never shown to the app: drop the field";
        return errors.at(&field.column.tokens, told);
    }
    if matches!(field.role, Role::Key | Role::Identifier(_)) {
        let told = format!("`{column}` is a column that the library fills: write another column");
        return errors.at(&field.column.tokens, told);
    }
    let register = match column {
        "is_active" | "is_superuser" | "email_verified" => {
            format!("`{column}` is a privilege; a sign-up cannot set it")
        }
        _ => format!("`{column}` is kept by the library; a sign-up cannot set it"),
    };
    let default = format!("`{column}` is kept by the library, which fills it");
    unwanted(field, &register, &default, errors);
    if column == "updated_at" && !field.is_optional() {
        let ty = field.ty().to_token_stream();
        let told = format!("`{column}` is empty until the first change: write `Option<{ty}>`");
        errors.at(field.ty(), told);
    }
}

fn identifier(field: &Field<'_>, errors: &mut Errors) {
    let words = &field.declared.words;
    let register = format!("`{}` is an identifier, which every sign-up asks for", field.name);
    let default = "an identifier names one account, so it has no default";
    unwanted(field, &register, default, errors);
    reserved(field, errors);
    let told = match field.type_name() {
        _ if field.is_optional() => "an identifier cannot be optional",
        Some(name) if well_known(&name).is_some_and(|(is, _)| is != "text") => {
            "an identifier is a text"
        }
        _ => return,
    };
    let way_out = match words.email.as_ref().or(words.username.as_ref()) {
        Some(word) => format!("drop `{word}`"),
        None => format!(
            "rename the field and map it with `#[auth(column = \"{}\")]`",
            field.column.text
        ),
    };
    errors.at(field.ty(), format!("{told}: write `String`, or {way_out}"));
}

fn register(field: &Field<'_>, errors: &mut Errors) {
    let words = &field.declared.words;
    if let (Some(register), Some((default, _))) = (&words.register, &words.default) {
        let told = "a sign-up asks for it, so nothing is left to fill";
        errors.at(default, format!("{told}: drop `{default}` or `{register}`"));
    }
    reserved(field, errors);
}

/// The password goes through a sign-up under its own name, and never into a column.
fn reserved(field: &Field<'_>, errors: &mut Errors) {
    if field.name == PASSWORD {
        let told = "`password` is what a sign-up calls the password, which no column holds";
        errors.at(field.ident(), format!("{told}: drop the field, or rename it"));
    }
}

/// What a type with a well-known name holds: its name, and a literal of it.
fn well_known(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "String" => Some(("text", "\"..\"")),
        "bool" => Some(("truth", "false")),
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => Some(("number", "0")),
        _ => None,
    }
}

/// A literal that a type with a well-known name does not read back.
fn sql_default(field: &Field<'_>, literal: &SqlLiteral, errors: &mut Errors) {
    let Some(name) = field.type_name() else { return };
    let Some((wanted, example)) = well_known(&name) else { return };
    let (tokens, is) = match literal {
        SqlLiteral::Text(text) => (text.to_token_stream(), "text"),
        SqlLiteral::Integer(number) => (number.to_token_stream(), "number"),
        SqlLiteral::Boolean(truth) => (truth.to_token_stream(), "truth"),
    };
    if is != wanted {
        errors.at(tokens, format!("no value of `{name}`: write one, as in `default = {example}`"));
    }
}

fn unfilled(field: &Field<'_>, errors: &mut Errors) {
    let told = format!(
        "a sign-up cannot fill `{}`: add `#[auth(register)]` to ask for it, `#[auth(default = ..)]`, \
         or make it an `Option`",
        field.name
    );
    errors.at(field.ident(), told);
}

fn keys(model: &Model<'_>, errors: &mut Errors) {
    let mut keys = model.fields.iter().filter(|field| matches!(field.role, Role::Key));
    let Some(first) = keys.next() else {
        if model.declared.is_understood {
            let told = "no key: add `id: i64`, or mark the field that is one with `#[auth(id)]`";
            errors.at(model.declared.ident, told);
        }
        return;
    };
    for second in keys {
        let told = format!("`{}` is the key already: {}", first.name, drop_role(second, "id"));
        errors.at(second.ident(), told);
    }
}

fn identifiers(model: &Model<'_>, errors: &mut Errors) {
    let mut seen: Vec<(Kind, &Field<'_>)> = Vec::new();
    for (kind, field) in model.identifiers() {
        match seen.iter().find(|(other, _)| *other == kind) {
            Some((_, first)) => {
                let (first, word) = (&first.name, kind.word());
                let way_out = drop_role(field, word);
                let told = format!("`{first}` is the {word} identifier already: {way_out}");
                errors.at(field.ident(), told);
            }
            None => seen.push((kind, field)),
        }
    }
    if seen.is_empty() && model.declared.is_understood {
        let told = "nothing names an account: add `email: String` or `username: String`, or mark a \
                    field with `#[auth(email)]` or `#[auth(username)]`";
        errors.at(model.declared.ident, told);
    }
}

/// How a field stops being what `word` makes it.
fn drop_role(field: &Field<'_>, word: &str) -> String {
    match field.name == word {
        true => "rename this field".to_owned(),
        false => format!("drop `#[auth({word})]` here"),
    }
}

/// Fields on one column, and on the one that the library compares usernames in.
fn collisions(model: &Model<'_>, errors: &mut Errors) {
    let columns: Vec<_> = model.columns().collect();
    for (at, field) in columns.iter().enumerate() {
        let name = &field.column.text;
        if let Some(first) = columns[..at].iter().find(|one| is_same_column(&one.column.text, name))
        {
            let told = format!(
                "`{}` and `{}` are on one column: write `#[auth(column = \"..\")]` with another",
                first.name, field.name
            );
            errors.at(&field.column.tokens, told);
        }
        let compared = |(kind, one): &(Kind, &Field<'_>)| {
            *kind == Kind::Username && is_same_column(&format!("{}_key", one.column.text), name)
        };
        if let Some((_, username)) = model.identifiers().find(compared) {
            let told = format!(
                "`{name}` is where the library compares `{}`: write `#[auth(column = \"..\")]` with \
                 another",
                username.name
            );
            errors.at(&field.column.tokens, told);
        }
    }
}

#[cfg(test)]
mod tests {
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
                email: Option<String>,
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
}
