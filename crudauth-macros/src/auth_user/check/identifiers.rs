//! The rules for identifiers and the recovery contact.

use darling::error::Accumulator;

use super::super::kind::Kind;
use super::super::model::{Field, Model};
use super::super::parse::LiteralKind;
use super::{KEY_IS_NO_NAME, plain, reserved, undo};
use crate::support::{mistake, reject};

/// Each identifier is a statement of its own, and a sign-in may run all of them.
const MAX: usize = 4;

/// Rules for all identifiers together.
pub(super) fn check(model: &Model<'_>, errors: &mut Accumulator) {
    let identifiers: Vec<_> = model.identifiers().collect();
    for (at, (kind, field)) in identifiers.iter().enumerate() {
        let same = identifiers[..at].iter().find(|(other, _)| other == kind && *kind != Kind::Code);
        if let Some((_, first)) = same {
            let argument = kind.argument();
            let fix = undo(field, argument);
            let message = format!("`{}` is already the {argument} identifier: {fix}", first.name);
            errors.push(mistake(field.ident, message));
        }
        if at == MAX {
            let message = format!("an account has at most {MAX} identifiers: remove one");
            errors.push(mistake(field.ident, message));
        }
    }
    one_recovers(&identifiers, errors);
    if model.declared.is_understood {
        one_is_required(model, &identifiers, errors);
    }
}

fn one_recovers(identifiers: &[(Kind, &Field<'_>)], errors: &mut Accumulator) {
    let contacts = identifiers.iter().filter(|(kind, _)| kind.is_contact());
    let mut marked = contacts.filter(|(_, field)| field.arguments.recovery.is_some());
    if let Some((_, first)) = marked.next() {
        for (_, field) in marked {
            let reason = format!("`{}` is already the recovery contact", first.name);
            reject(&field.arguments.recovery, reason, errors);
        }
    }
}

/// Every account must have an identifier to sign in with.
fn one_is_required(
    model: &Model<'_>,
    identifiers: &[(Kind, &Field<'_>)],
    errors: &mut Accumulator,
) {
    let mut required = identifiers.iter().filter(|(_, field)| !field.is_optional());
    let key = model
        .keys()
        .find(|key| Kind::marked(key.arguments).or_else(|| Kind::named(&key.name)).is_some());
    if let (true, Some(key)) = (identifiers.is_empty(), key) {
        // A second mark on the key is reported where it stands.
        if Kind::marked(key.arguments).is_none() {
            errors.push(mistake(key.ident, KEY_IS_NO_NAME));
        }
        return;
    }
    let message = if identifiers.is_empty() {
        "the struct has no identifier: add `email: String` or `username: String`, or mark a field \
         with `#[auth(email)]`, `#[auth(username)]`, `#[auth(phone)]` or `#[auth(identifier)]`"
    } else if !required.any(|(_, field)| field.arguments.no_login.is_none()) {
        "an account may have no identifier to sign in with: make one a `String` without `no_login`"
    } else {
        return;
    };
    errors.push(mistake(model.declared.ident, message));
}

/// Rules for one identifier.
pub(super) fn one(field: &Field<'_>, kind: Kind, errors: &mut Accumulator) {
    let name = &field.name;
    let arguments = field.arguments;
    reserved(field, errors);
    reject(&arguments.register, "sign-up always sets an identifier", errors);
    reject(&arguments.default, "an identifier is unique and has no default", errors);
    reject(&arguments.editable, "a form cannot change an identifier", errors);
    reject(&arguments.role, "an identifier holds no roles", errors);
    reject(&arguments.export, "an identifier is always exported", errors);
    reject(&arguments.erase, "an identifier is always erased", errors);
    reject(&arguments.unique, "an identifier is always unique", errors);
    if !kind.is_contact() {
        reject(&arguments.recovery, format!("`{name}` cannot receive messages"), errors);
    }
    if !kind.is_folded() {
        reject(&arguments.exact, format!("`{name}` is always compared as it is stored"), errors);
    } else if arguments.exact.is_some() {
        reject(&arguments.key, "`exact` compares the column itself", errors);
    }
    if !field.is_optional() {
        let reason = format!("`{name}` is not optional, so no account has a blank one");
        reject(&arguments.blank_is_null, reason, errors);
    } else if arguments.blank_is_null.is_some() {
        reject(
            &arguments.exact,
            "accounts without a value share a blank, which is not unique",
            errors,
        );
    }
    reject(&arguments.generate, format!("`{name}` is no key"), errors);
    if let Some(key) = &arguments.key {
        plain(&key.value, "key", errors);
    }
    text(field, errors);
}

/// Rejects an identifier of a type that is known not to be text.
fn text(field: &Field<'_>, errors: &mut Accumulator) {
    if field.literal_kind().is_none_or(|kind| kind == LiteralKind::Text) {
        return;
    }
    let fix = match field.arguments.roles().next() {
        Some(role) => format!("remove `{role}`"),
        None => {
            let column = field.column.as_str();
            format!("rename the field and add `#[auth(column = \"{column}\")]`")
        }
    };
    let message = format!("an identifier is text: write `String` or `Option<String>`, or {fix}");
    errors.push(mistake(field.ty, message));
}
