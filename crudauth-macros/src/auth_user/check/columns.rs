//! The rules for columns: each belongs to one field, and not to the library as well.

use darling::error::Accumulator;
use quote::ToTokens;

use super::super::model::{Field, Model, Role};
use super::super::parse::{Erased, LiteralKind};
use crate::support::naming::is_same_column;
use crate::support::{Name, mistake, reject};

/// Rules for all columns together.
pub(super) fn check(model: &Model<'_>, errors: &mut Accumulator) {
    let columns: Vec<_> = model.columns().collect();
    let keys: Vec<_> =
        model.identifiers().filter_map(|(_, field)| Some((field, field.own_key()?))).collect();
    for (at, field) in columns.iter().enumerate() {
        let name = field.column.as_str();
        let mut taken = |reason: String| {
            let message = format!("{reason}: write `#[auth(column = \"..\")]` with another name");
            errors.push(mistake(&field.column.span(), message));
        };
        let same = columns[..at].iter().find(|other| is_same_column(&other.column, name));
        if let Some(first) = same {
            taken(format!("`{}` and `{}` are the same column", first.name, field.name));
        }
        if let Some((owner, _)) = keys.iter().find(|(_, key)| is_same_column(key, name)) {
            taken(format!("`{name}` holds the compared form of `{}`", owner.name));
        }
        let is_identity = matches!(field.role, Role::Key | Role::Identifier(_));
        if is_identity && model.library.find(name).is_some() {
            taken(format!("the library fills `{name}`"));
        }
    }
    library(model, keys.iter().map(|(_, key)| key), errors);
}

/// Rejects a name that two columns of the library have.
fn library<'a>(
    model: &'a Model<'_>,
    keys: impl Iterator<Item = &'a Name>,
    errors: &mut Accumulator,
) {
    let names: Vec<_> = model.library.columns().map(|(_, name)| name).chain(keys).collect();
    for (at, name) in names.iter().enumerate() {
        if names[..at].iter().any(|other| is_same_column(other, name)) {
            let text = name.as_str();
            let message = format!("`{text}` is already a column of the library: use another name");
            errors.push(mistake(&name.span(), message));
        }
    }
}

/// Rejects a value that the column of a deleted account cannot have. Misplaced arguments are reported
/// elsewhere.
pub(super) fn erased(field: &Field<'_>, errors: &mut Accumulator) {
    if matches!(field.role, Role::Key | Role::Library(_) | Role::Identifier(_)) {
        return;
    }
    let Some(erase) = &field.arguments.erase else { return };
    let Erased::Literal(literal) = &erase.value else {
        if !field.is_optional() {
            let message = format!(
                "`{}` is not optional, so it cannot become NULL: write `erase = ..` with a literal, or \
                 make it an `Option`",
                field.name
            );
            errors.push(mistake(&erase.name, message));
        }
        return;
    };
    if field.arguments.unique.is_some() {
        let message = "deleted accounts would share the value of a unique column: write `erase` on an \
                       `Option`";
        errors.push(mistake(&literal.value, message));
    }
    let ty = field.value_type().to_token_stream().to_string();
    if LiteralKind::of_type(&ty).is_some_and(|kind| kind != literal.kind) {
        let message = format!("the value is not of type `{ty}`: write a literal of that type");
        errors.push(mistake(&literal.value, message));
    }
    if let (Some(chars), Some(max)) = (literal.chars(), field.max_length())
        && chars > max
    {
        let message = format!("the text is longer than `max_length = {max}`: shorten it");
        errors.push(mistake(&literal.value, message));
    }
}

/// Rejects a length for a type that is known not to be text.
pub(super) fn length(field: &Field<'_>, errors: &mut Accumulator) {
    if matches!(field.role, Role::Key | Role::Library(_)) {
        return;
    }
    if field.literal_kind().is_some_and(|kind| kind != LiteralKind::Text) {
        reject(&field.arguments.max_length, "`max_length` only applies to text", errors);
    }
}
