//! What columns are to each other, and words that are about a column.

use super::super::model::{Field, Model, Role};
use super::super::name::{Name, is_same_column};
use super::well_known;
use crate::support::Errors;

/// The longest text that every database keeps as one with a length.
const LONGEST: u16 = 4096;

/// Fields on one column, and on one that the library keeps to itself.
pub(super) fn check(model: &Model<'_>, errors: &mut Errors) {
    let columns: Vec<_> = model.columns().collect();
    let keys: Vec<_> =
        model.identifiers().filter_map(|(_, field)| Some((field, field.own_key()?))).collect();
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
        let is_key = |(_, key): &&(&Field<'_>, Name)| is_same_column(&key.text, name);
        if let Some((identifier, _)) = keys.iter().find(is_key) {
            let told = format!(
                "`{name}` is where the library compares `{}`: write `#[auth(column = \"..\")]` with \
                 another",
                identifier.name
            );
            errors.at(&field.column.tokens, told);
        }
        let is_the_librarys = model.library.find(name).is_some();
        if is_the_librarys && matches!(field.role, Role::Key | Role::Identifier(_)) {
            let told = format!("`{name}` is a column that the library fills: write another column");
            errors.at(&field.column.tokens, told);
        }
    }
    let library = model.library.names();
    let all: Vec<_> = library.chain(keys.iter().map(|(_, key)| key)).collect();
    for (at, name) in all.iter().enumerate() {
        if all[..at].iter().any(|one| is_same_column(&one.text, &name.text)) {
            let told = format!("`{}` is another column of the library's: write another", name.text);
            errors.at(&name.tokens, told);
        }
    }
}

/// Words about the content of a column, where it is not the app's own.
pub(super) fn words(field: &Field<'_>, errors: &mut Errors) {
    let words = &field.declared.words;
    if matches!(field.role, Role::Key | Role::Library(_)) {
        let kept = "is kept by the library";
        let length = words.max_length.iter().map(|(key, _)| key);
        for word in words.unique.iter().chain(length) {
            errors.at(word, format!("`{}` {kept}: drop `{word}`", field.column.text));
        }
    } else {
        length(field, errors);
    }
}

/// How long a text may be.
pub(super) fn length(field: &Field<'_>, errors: &mut Errors) {
    let Some((key, number)) = &field.declared.words.max_length else { return };
    let name = field.type_name();
    let is_other = |name: &String| well_known(name).is_some_and(|(is, _)| is != "text");
    if name.as_ref().is_some_and(is_other) {
        errors.at(key, format!("`{key}` is for texts: drop `{key}`"));
    }
    if !number.base10_parse::<u16>().is_ok_and(|number| (1..=LONGEST).contains(&number)) {
        errors
            .at(number, format!("a text may have 1 to {LONGEST} characters: write such a number"));
    }
}
