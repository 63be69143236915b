//! Every rule that a user struct can break; each mistake stands at the token that makes it.

mod columns;
mod identifiers;

use quote::ToTokens;

use super::library::{HASH, VERIFIED};
use super::model::{Field, Model, Role};
use super::name::is_same_column;
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
    library_names(model, errors);
    for field in &model.fields {
        words(field, errors);
    }
    for field in model.columns() {
        column(field, errors);
    }
    keys(model, errors);
    identifiers::check(model, errors);
    columns::check(model, errors);
}

pub(super) fn not_plain(name: &str, word: &str) -> String {
    format!(
        "`{name}` is no plain name: write `#[auth({word} = \"..\")]` with letters, digits and `_` \
         only, and no digit first"
    )
}

/// What the struct calls the library's columns.
fn library_names(model: &Model<'_>, errors: &mut Errors) {
    for (word, name) in &model.declared.library {
        if !naming::is_plain(&name.value()) {
            errors.at(name, not_plain(&name.value(), &word.to_string()));
        }
    }
}

/// Words that do not go together, whatever the column.
fn words(field: &Field<'_>, errors: &mut Errors) {
    let words = &field.declared.words;
    let roles = [&words.id, &words.email, &words.username, &words.phone, &words.identifier];
    let mut roles = roles.into_iter().flatten();
    if let Some(skip) = &words.skip {
        let texts = words.column.iter().chain(&words.key).map(|(key, _)| key);
        let default = words.default.iter().map(|(key, _)| key);
        let length = words.max_length.iter().map(|(key, _)| key);
        let flags =
            [&words.register, &words.recovery, &words.no_login, &words.exact, &words.unique];
        let flags = flags.into_iter().flatten();
        for other in roles.chain(texts).chain(flags).chain(default).chain(length) {
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
    match &field.role {
        Role::Key => {
            let told = "the key is made by the database or by the library";
            unwanted(field, told, told, errors);
        }
        Role::Identifier(_) => identifiers::one(field, errors),
        Role::Library(word) => library(field, word, errors),
        Role::Register => register(field, errors),
        Role::Sql(literal) => sql_default(field, literal, errors),
        Role::Unfilled if field.declared.is_understood && !field.is_optional() => {
            unfilled(field, errors);
        }
        _ => {}
    }
    if !matches!(field.role, Role::Identifier(_)) {
        identifiers::words_elsewhere(field, errors);
        columns::words(field, errors);
    }
}

/// Refuses `register` and `default` on a column, each for its reason.
pub(super) fn unwanted(field: &Field<'_>, register: &str, default: &str, errors: &mut Errors) {
    let words = &field.declared.words;
    if let Some(key) = &words.register {
        errors.at(key, format!("{register}: drop `{key}`"));
    }
    if let Some((key, _)) = &words.default {
        errors.at(key, format!("{default}: drop `{key}`"));
    }
}

/// A column that the library keeps: it may be seen.
fn library(field: &Field<'_>, word: &str, errors: &mut Errors) {
    let column = &field.column.text;
    if word == HASH {
        let told = "the password hash is never shown to the app: drop the field";
        return errors.at(&field.column.tokens, told);
    }
    let register = match word {
        "is_active" | "is_superuser" | VERIFIED => {
            format!("`{column}` is a privilege; a sign-up cannot set it")
        }
        _ => format!("`{column}` is kept by the library; a sign-up cannot set it"),
    };
    let default = format!("`{column}` is kept by the library, which fills it");
    unwanted(field, &register, &default, errors);
    if word == "updated_at" && !field.is_optional() {
        let ty = field.ty().to_token_stream();
        let told = format!("`{column}` is empty until the first change: write `Option<{ty}>`");
        errors.at(field.ty(), told);
    }
}

fn register(field: &Field<'_>, errors: &mut Errors) {
    let words = &field.declared.words;
    if let (Some(register), Some((default, _))) = (&words.register, &words.default) {
        let told = "a sign-up asks for it, so nothing is left to fill";
        errors.at(default, format!("{told}: drop `{default}` or `{register}`"));
    }
    reserved(field, errors);
    // What means a privilege to crudauth-py's front ends is none that a visitor fills in, whatever
    // column it is in.
    const PRIVILEGES: [&str; 4] = ["is_active", "is_superuser", "email_verified", "phone_verified"];
    if let Some(name) = PRIVILEGES.iter().find(|name| is_same_column(name, &field.name)) {
        let told = format!("`{name}` is a privilege; a sign-up cannot set it");
        errors.at(&words.register, format!("{told}: drop `register`, or rename the field"));
    }
}

/// The password goes through a sign-up under its own name, and never into a column.
pub(super) fn reserved(field: &Field<'_>, errors: &mut Errors) {
    if field.name == PASSWORD {
        let told = "`password` is what a sign-up calls the password, which no column holds";
        errors.at(field.ident(), format!("{told}: drop the field, or rename it"));
    }
}

/// What a type with a well-known name holds: its name, and a literal of it.
pub(super) fn well_known(name: &str) -> Option<(&'static str, &'static str)> {
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
    if field.name == PASSWORD {
        return reserved(field, errors);
    }
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

/// How a field stops being what `word` makes it.
pub(super) fn drop_role(field: &Field<'_>, word: &str) -> String {
    match field.name == word {
        true => "rename this field".to_owned(),
        false => format!("drop `#[auth({word})]` here"),
    }
}

#[cfg(test)]
mod tests;
