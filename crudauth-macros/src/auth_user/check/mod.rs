//! The rules for a user struct. Every mistake is reported, at the token that makes it.

mod columns;
mod identifiers;
mod privileges;

use darling::error::Accumulator;
use quote::ToTokens;

use super::library::HASH;
use super::model::{Field, Model, Role};
use super::parse::SqlLiteral;
use crate::support::naming::is_plain;
use crate::support::{Name, mistake};

/// The field of the sign-up request that holds the password.
const PASSWORD: &str = "password";

/// An identifier changes with its owner, and sessions and tokens refer to the key.
pub(super) const KEY_IS_NO_NAME: &str = "the key cannot be a name to sign in with, because names change: \
     add a column for the key, such as `#[auth(id)] key: i64`, and leave the name a unique column";

/// The arguments of a column of the app's own.
const OF_THE_APP: [&str; 9] = [
    "column",
    "register",
    "editable",
    "default",
    "unique",
    "max_length",
    "role",
    "export",
    "erase",
];

pub(super) fn check(model: &Model<'_>, errors: &mut Accumulator) {
    let generics = model.declared.generics;
    if !generics.params.is_empty() {
        let message = "`AuthUser` cannot be derived for a generic struct: use concrete types";
        errors.push(mistake(generics, message));
    }
    plain(&model.table, "table", errors);
    let arguments = model.declared.arguments.as_ref();
    if let Some(schema) = arguments.and_then(|arguments| arguments.schema.as_ref()) {
        plain(&schema.value, "schema", errors);
    }
    if let Some(deleted) = arguments.and_then(|arguments| arguments.deleted_at.as_ref()) {
        plain(&deleted.value, "deleted_at", errors);
    }
    for (argument, name) in model.library.columns() {
        plain(name, argument, errors);
    }
    for field in &model.fields {
        self::arguments(field, errors);
    }
    for field in model.columns() {
        column(field, errors);
    }
    // Without the struct's arguments, a column may be one of the library's under another name.
    if model.declared.arguments.is_some() {
        model.columns().for_each(|field| unfilled(field, errors));
    }
    keys(model, errors);
    identifiers::check(model, errors);
    columns::check(model, errors);
    privileges::roles(model, errors);
}

/// Rejects a name that a database accepts only in quotes.
fn plain(name: &Name, argument: &str, errors: &mut Accumulator) {
    if !is_plain(name) {
        let message = format!(
            "`{}` is not a plain SQL name: write `#[auth({argument} = \"..\")]` with ASCII \
             letters, digits and `_`, and no digit first",
            name.as_str()
        );
        errors.push(mistake(&name.span(), message));
    }
}

/// Rejects arguments that exclude each other or do not apply to the field.
fn arguments(field: &Field<'_>, errors: &mut Accumulator) {
    let mut roles = field.arguments.roles();
    if let Some(first) = roles.next() {
        for other in roles {
            if first == "id" && other != "skip" {
                // All else that the field says is about the name.
                errors.push(mistake(other, KEY_IS_NO_NAME));
                return;
            }
            let message = format!("a field cannot have both `{first}` and `{other}`: remove one");
            errors.push(mistake(other, message));
        }
    }
    let (noun, applicable): (_, &[_]) = match &field.role {
        Role::Identifier(kind) => return identifiers::one(field, *kind, errors),
        Role::Skipped => ("a field with `skip`, which is not a column", &[]),
        Role::Key => ("the key, which is generated", &["column", "generate"]),
        Role::Library(_) => ("a column that the library maintains", &["column", "export"]),
        Role::Register | Role::Bound(_) | Role::Sql(_) | Role::Unfilled => {
            ("a field that is not an identifier", &OF_THE_APP)
        }
    };
    for argument in field.arguments.details() {
        if !applicable.iter().any(|name| argument == name) {
            let message = format!("`{argument}` does not apply to {noun}: remove `{argument}`");
            errors.push(mistake(argument, message));
        }
    }
}

fn column(field: &Field<'_>, errors: &mut Accumulator) {
    plain(&field.column, "column", errors);
    columns::length(field, errors);
    columns::erased(field, errors);
    editable(field, errors);
    match &field.role {
        Role::Library(argument) => library(field, argument, errors),
        Role::Register => register(field, errors),
        Role::Sql(literal) => sql_default(field, literal, errors),
        Role::Skipped | Role::Key | Role::Identifier(_) | Role::Bound(_) | Role::Unfilled => {}
    }
}

/// A column that the library maintains. The app may read it, except for the password hash.
fn library(field: &Field<'_>, argument: &str, errors: &mut Accumulator) {
    let column = field.column.as_str();
    if argument == HASH {
        let message = "the app cannot read the password hash: remove the field";
        errors.push(mistake(&field.column.span(), message));
    }
    if argument == "updated_at" && !field.is_optional() {
        let ty = field.ty.to_token_stream();
        let message = format!("`{column}` is NULL until the first change: write `Option<{ty}>`");
        errors.push(mistake(field.ty, message));
    }
}

fn register(field: &Field<'_>, errors: &mut Accumulator) {
    let Some(register) = &field.arguments.register else { return };
    if let Some(default) = &field.arguments.default {
        let message = "`register` and `default` both fill the column: remove one";
        errors.push(mistake(&default.name, message));
    }
    reserved(field, errors);
    privileges::settable(field, &register.name, "sign-up", errors);
}

fn editable(field: &Field<'_>, errors: &mut Accumulator) {
    let Some(editable) = &field.arguments.editable else { return };
    if !matches!(field.role, Role::Bound(_) | Role::Sql(_) | Role::Register | Role::Unfilled) {
        return;
    }
    if !matches!(field.role, Role::Register) {
        reserved(field, errors);
    }
    privileges::settable(field, &editable.name, "its owner", errors);
}

/// Rejects a field with the name of the password in the sign-up request, which is never stored.
fn reserved(field: &Field<'_>, errors: &mut Accumulator) {
    if field.name == PASSWORD {
        let message = "only the hash of `password` is stored: remove or rename the field";
        errors.push(mistake(field.ident, message));
    }
}

/// Rejects a literal that the type cannot read, where the type is well known.
fn sql_default(field: &Field<'_>, literal: &SqlLiteral, errors: &mut Accumulator) {
    if field.literal_kind().is_some_and(|kind| kind != literal.kind) {
        let ty = field.ty.to_token_stream();
        let message = format!("the default is not of type `{ty}`: write a literal of that type");
        errors.push(mistake(&literal.value, message));
    }
}

fn unfilled(field: &Field<'_>, errors: &mut Accumulator) {
    if !matches!(field.role, Role::Unfilled) || field.is_optional() {
        return;
    }
    if field.name == PASSWORD {
        return reserved(field, errors);
    }
    let message = format!(
        "sign-up does not fill `{}`: add `#[auth(register)]` or `#[auth(default = ..)]`, or make \
         it an `Option`",
        field.name
    );
    errors.push(mistake(field.ident, message));
}

fn keys(model: &Model<'_>, errors: &mut Accumulator) {
    let mut keys = model.keys();
    if let Some(first) = keys.next() {
        for second in keys {
            let fix = undo(second, "id");
            errors
                .push(mistake(second.ident, format!("`{}` is already the key: {fix}", first.name)));
        }
    } else if let Some((_, name)) = model.identifiers().find(|(_, field)| field.name == "id") {
        errors.push(mistake(name.ident, KEY_IS_NO_NAME));
    } else if model.declared.is_understood {
        let message = "the struct has no key: add `id: i64`, or mark a field with `#[auth(id)]`";
        errors.push(mistake(model.declared.ident, message));
    }
}

/// How to undo the role that this argument or the field's name gives.
fn undo(field: &Field<'_>, argument: &str) -> String {
    if field.name == argument {
        "rename this field".to_owned()
    } else {
        format!("remove `#[auth({argument})]` here")
    }
}

#[cfg(test)]
mod tests;
