//! Accounts that other slices add without a form, because their owner has proved the address.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::usernames::candidates;
use crate::account_store::{NewAccount, OpenInvitation, OwnColumns};
use crate::form::{FieldError, FieldErrorKind, Form};
use crate::model::{
    AuthUser, EmailAddress, IdentifierColumn, IdentifierKind, OneTimeDigest, PasswordHash,
};
use crate::random::random;

/// The longest text of each column of the live table.
pub(crate) type Widths = HashMap<String, usize>;

/// The usernames to be tried, made of this text; one `None` for accounts without a username.
pub(crate) fn usernames<U: AuthUser>(told: &str, widths: &Widths) -> Vec<Option<String>> {
    let Some(column) = username_column::<U>() else { return vec![None] };
    let longest = column.holds(widths);
    candidates(told, longest).map(Some).collect()
}

/// Reads a new account without a password from these fields, like those of a form.
///
/// # Errors
/// The fields that are missing or invalid.
pub(crate) fn derived_account<U: AuthUser>(
    address: &EmailAddress,
    mut fields: Map<String, Value>,
    widths: &Widths,
    now: DateTime<Utc>,
) -> Result<NewAccount<U>, Vec<FieldError>> {
    let columns = U::SHAPE.identifiers;
    // The app cannot replace the proved address.
    if let Some(column) = U::SHAPE.recovery_column() {
        fields.insert(column.name.to_owned(), json!(address.as_str()));
    }
    let body = Value::Object(fields).to_string();
    let mut form = Form::from_json(body.as_bytes()).map_err(|_| vec![refused("")])?;
    for &(name, column) in U::SHAPE.asked {
        if let Some(&width) = widths.get(column) {
            form.limit(name, width);
        }
    }
    let identifiers: Vec<_> = columns.iter().map(|column| form.identifier(column)).collect();
    form.read_blank_as_none();
    let own = U::sign_up(&mut form);
    let identifiers: Result<Vec<_>, _> = identifiers.into_iter().collect();
    let (Ok(identifiers), Ok(own)) = (identifiers, own) else { return Err(form.into_errors()) };
    Ok(NewAccount {
        id: U::generate_id(),
        identifiers,
        hash: PasswordHash::unusable(),
        own: OwnColumns(own),
        invitation: None,
        security_stamp: i64::from_be_bytes(random()) & i64::MAX,
        created_at: now,
    })
}

/// Adds the account by an open invitation: its values replace those of the account.
pub(crate) fn preset(
    fields: &mut Map<String, Value>,
    invitation: Option<&OpenInvitation>,
) -> Option<OneTimeDigest> {
    let invitation = invitation?;
    fields.extend(invitation.preset.clone());
    Some(invitation.token)
}

pub(crate) fn username_column<U: AuthUser>() -> Option<&'static IdentifierColumn> {
    U::SHAPE.identifiers.iter().find(|column| column.kind == IdentifierKind::Username)
}

/// The error of a field that the database refused.
pub(crate) fn refused(field: &'static str) -> FieldError {
    FieldError::new(field, FieldErrorKind::Value, "Input is not accepted")
}
