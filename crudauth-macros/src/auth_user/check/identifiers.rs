//! What names an account, and what recovers it.

use super::super::kind::Kind;
use super::super::model::{Field, Model, Role};
use super::{columns, drop_role, not_plain, reserved, unwanted, well_known};
use crate::support::{Errors, naming};

/// A statement is rendered for each, and a sign-in may look in each.
const MOST: usize = 4;

/// What all of them together may not be.
pub(super) fn check(model: &Model<'_>, errors: &mut Errors) {
    let mut seen: Vec<(Kind, &Field<'_>)> = Vec::new();
    for (kind, field) in model.identifiers() {
        match seen.iter().find(|(other, _)| *other == kind && kind != Kind::Code) {
            Some((_, first)) => {
                let (first, word) = (&first.name, kind.word());
                let way_out = drop_role(field, word);
                let told = format!("`{first}` is the {word} identifier already: {way_out}");
                errors.at(field.ident(), told);
            }
            None => seen.push((kind, field)),
        }
        if seen.len() == MOST + 1 {
            let told = format!("an account has at most {MOST} identifiers: drop one");
            errors.at(field.ident(), told);
        }
    }
    recovery(&seen, errors);
    let is_everybodys =
        |field: &Field<'_>| field.declared.words.no_login.is_none() && !field.is_optional();
    if model.declared.is_understood && !seen.iter().any(|(_, field)| is_everybodys(field)) {
        let told = match seen.first() {
            None => {
                "nothing names an account: add `email: String` or `username: String`, or mark a \
                 field with `#[auth(email)]`, `#[auth(username)]`, `#[auth(phone)]` or \
                 `#[auth(identifier)]`"
            }
            Some(_) => "nobody could sign in: one identifier must be a `String` without `no_login`",
        };
        errors.at(model.declared.ident, told);
    }
}

/// One thing recovers an account.
fn recovery(seen: &[(Kind, &Field<'_>)], errors: &mut Errors) {
    let said = seen.iter().filter(|(kind, _)| kind.is_contact());
    let mut said =
        said.filter_map(|(_, field)| Some((field, field.declared.words.recovery.as_ref()?)));
    if let Some((first, _)) = said.next() {
        for (_, word) in said {
            let told = format!("`{}` recovers the account already: drop `{word}` here", first.name);
            errors.at(word, told);
        }
    }
}

/// What one of them may not be.
pub(super) fn one(field: &Field<'_>, errors: &mut Errors) {
    let Role::Identifier(kind) = field.role else { return };
    let words = &field.declared.words;
    let register = format!("`{}` is an identifier, which every sign-up asks for", field.name);
    let default = "an identifier names one account, so it has no default";
    unwanted(field, &register, default, errors);
    reserved(field, errors);
    if let Some(unique) = &words.unique {
        errors.at(unique, format!("an identifier is unique anyway: drop `{unique}`"));
    }
    if let (Some(recovery), false) = (&words.recovery, kind.is_contact()) {
        let told = "no message reaches it, so it recovers nothing";
        errors.at(recovery, format!("{told}: drop `{recovery}`"));
    }
    if let (Some(exact), true) = (&words.exact, !kind.is_folded()) {
        let told = "it is compared as it is shown anyway";
        errors.at(exact, format!("{told}: drop `{exact}`"));
    } else if let (Some(exact), Some((key, _))) = (&words.exact, &words.key) {
        let told = "what is compared as it is shown needs no column beside it";
        errors.at(key, format!("{told}: drop `{key}` or `{exact}`"));
    }
    if let Some((_, name)) = &words.key
        && !naming::is_plain(&name.value())
    {
        errors.at(name, not_plain(&name.value(), "key"));
    }
    columns::length(field, errors);
    text(field, kind, errors);
}

/// An identifier is a text.
fn text(field: &Field<'_>, kind: Kind, errors: &mut Errors) {
    let told = match field.type_name() {
        Some(name) if well_known(&name).is_some_and(|(is, _)| is != "text") => {
            "an identifier is a text"
        }
        _ => return,
    };
    let words = &field.declared.words;
    let said = [&words.email, &words.username, &words.phone, &words.identifier];
    let way_out = match said.into_iter().flatten().next() {
        Some(word) => format!("drop `{word}`"),
        None => format!(
            "rename the field and map it with `#[auth(column = \"{}\")]`",
            field.column.text
        ),
    };
    let wanted = if kind.is_contact() { "`String` or `Option<String>`" } else { "`String`" };
    errors.at(field.ty(), format!("{told}: write {wanted}, or {way_out}"));
}

/// Words that say something about identifiers, on a field that is none.
pub(super) fn words_elsewhere(field: &Field<'_>, errors: &mut Errors) {
    let words = &field.declared.words;
    let flags = [&words.recovery, &words.no_login, &words.exact].into_iter().flatten();
    for word in flags.chain(words.key.iter().map(|(key, _)| key)) {
        let told = "is for identifiers: add `email`, `username`, `phone` or `identifier`";
        errors.at(word, format!("`{word}` {told}, or drop it"));
    }
}
