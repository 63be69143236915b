//! Finds the account of a person, connects one by its address, or adds one.

use serde_json::{Map, Value, json};

use super::provider::{Connected, Identity};
use super::store::{Connecting, ConnectionId, CreatedConnected, NewConnection};
use super::{OAuth, OAuthError};
use crate::account_store::{Created, NewAccount};
use crate::event::EventKind;
use crate::form::FieldError;
use crate::model::{Account, AuthUser, ClientInfo, Contact, EmailAddress, PasswordHash, Proofs};
use crate::notify::MessageKind;
use crate::slices::accounts::{derived_account, preset, refused, username_column, usernames};
use crate::store_error::StoreError;

/// Attempts to settle a race with other sign-ins of the same person.
const TRIES: usize = 5;

impl NewConnection {
    fn of(connected: &str, identity: &Identity, now: chrono::DateTime<chrono::Utc>) -> Self {
        let address = identity.email.clone();
        Self {
            id: ConnectionId::new(&identity.issuer, &identity.subject),
            provider: connected.to_owned(),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            address: address.filter(|address| address.chars().count() <= EmailAddress::MAX_CHARS),
            now,
        }
    }
}

impl<U: AuthUser> OAuth<U> {
    /// Returns the account of a person: by issuer and subject, else by a proved address, else a new
    /// one.
    pub(super) async fn account_of(
        &self,
        connected: &Connected,
        identity: &Identity,
        client: &ClientInfo,
    ) -> Result<Account<U>, OAuthError> {
        let connection = NewConnection::of(&connected.name, identity, self.kit.now());
        let store = &self.parts.connections;
        for _ in 0..TRIES {
            if let Some(account) = store.find(&connection.id).await? {
                if !account.is_active() {
                    return Err(OAuthError::AccountInactive);
                }
                store.record_use(&connection.id, connection.now).await?;
                return Ok(account);
            }
            let address = proved_address(identity)?;
            let contact = Contact::Email(address.clone());
            let settled = match self.kit.account_with(&contact).await? {
                Some(account) => self.adopt(account, &connection, client).await?,
                None => self.sign_up(identity, &address, &connection).await?,
            };
            if let Some(account) = settled {
                return Ok(account);
            }
            // Another sign-in was faster, or the row of a deleted account is in the way.
            store.forget_orphan(&connection.id).await?;
        }
        Err(StoreError::Unavailable("a sign-in with a provider found no end".into()).into())
    }

    /// Connects an account that has the person's proved address. Returns `None` if it has changed
    /// meanwhile.
    async fn adopt(
        &self,
        account: Account<U>,
        connection: &NewConnection,
        client: &ClientInfo,
    ) -> Result<Option<Account<U>>, OAuthError> {
        if !account.is_active() {
            return Err(OAuthError::AccountInactive);
        }
        // The sign-in asks again. An account that may not sign in is not connected either.
        self.kit.admit_sign_in(&account, client, Proofs::default()).await?;
        let store = &self.parts.connections;
        if !account.is_verified() {
            let event = self.kit.event(EventKind::AccountTakenOver).account(&account);
            let unusable = PasswordHash::unusable();
            let claim = store.claim(&account, connection, &unusable);
            let (event, claimed) = self.kit.recording(event, claim).await?;
            if let Some(account) = &claimed {
                self.kit.emit(event);
                self.notify(MessageKind::ConnectionAdded, account);
            }
            return Ok(claimed);
        }
        let event = self.kit.event(EventKind::ConnectionAddedByAddress).account(&account);
        let connect = store.connect(&account, connection, true);
        let (event, connected) = self.kit.recording(event, connect).await?;
        match connected {
            Connecting::Done => {
                self.kit.emit(event);
                self.notify(MessageKind::ConnectionAdded, &account);
                Ok(Some(account))
            }
            Connecting::NotAlone => Err(OAuthError::AlreadyConnected),
            Connecting::Taken | Connecting::Changed => Ok(None),
        }
    }

    /// Adds an account. Returns `None` if the person or the address has one meanwhile.
    async fn sign_up(
        &self,
        identity: &Identity,
        address: &EmailAddress,
        connection: &NewConnection,
    ) -> Result<Option<Account<U>>, OAuthError> {
        let is_address = |at: &usize| U::SHAPE.recovery == Some(*at);
        let invitation = self.kit.accounts.invitation(address, self.kit.now()).await?;
        for username in usernames::<U>(&told(identity), &self.parts.widths) {
            let mut fields = (self.config.sign_up_fields)(identity);
            let invitation = preset(&mut fields, invitation.as_ref());
            let new = self.new_account(address, username.as_deref(), fields)?;
            let new = NewAccount { invitation, ..new };
            self.kit.admit_proved(&new).await?;
            let event = self.kit.event(EventKind::RegisteredWithProvider);
            let create = self.parts.connections.create(new, connection);
            let (event, created) = self.kit.recording(event, create).await?;
            match created {
                CreatedConnected::Account(Created::Added(id)) => {
                    self.kit.emit_registered(event, &id, invitation.is_some());
                    return Ok(self.kit.accounts.by_id(&id).await?);
                }
                CreatedConnected::Account(Created::Taken { identifiers })
                    if !identifiers.is_empty() && !identifiers.iter().any(is_address) => {}
                CreatedConnected::Account(Created::Taken { .. } | Created::InvitationEnded)
                | CreatedConnected::Connected => {
                    return Ok(None);
                }
                CreatedConnected::Account(
                    Created::Conflict { field } | Created::Refused { field: Some(field) },
                ) => return Err(incomplete(field)),
                CreatedConnected::Account(Created::Refused { field: None }) => {
                    return Err(incomplete(""));
                }
            }
        }
        let column = username_column::<U>().map_or("", |column| column.name);
        Err(incomplete(column))
    }

    /// Reads the fields of a new account like those of a form.
    fn new_account(
        &self,
        address: &EmailAddress,
        username: Option<&str>,
        told: Map<String, Value>,
    ) -> Result<NewAccount<U>, OAuthError> {
        let widths = &self.parts.widths;
        let email = U::SHAPE.recovery_column();
        let is_too_long = email.and_then(|column| widths.get(column.column));
        if is_too_long.is_some_and(|width| address.as_str().chars().count() > *width) {
            return Err(OAuthError::EmailTooLong);
        }
        let mut fields = Map::new();
        if let (Some(column), Some(username)) = (username_column::<U>(), username) {
            fields.insert(column.name.to_owned(), json!(username));
        }
        fields.extend(told);
        derived_account(address, fields, widths, self.kit.now())
            .map_err(|errors| self.log_incomplete(errors))
    }

    fn log_incomplete(&self, errors: Vec<FieldError>) -> OAuthError {
        let fields: Vec<_> = errors.iter().map(|error| error.field.to_string()).collect();
        let fields = fields.join(", ");
        tracing::error!(
            fields,
            "a sign-up with a provider lacks fields: set `OAuthConfig::sign_up_fields`"
        );
        OAuthError::Incomplete(errors)
    }

    pub(super) fn notify(&self, kind: MessageKind, account: &Account<U>) {
        if let Some(notifier) = &self.kit.notifier {
            notifier.notify_account(kind, account);
        }
    }
}

pub(super) fn connection_of(
    provider: &str,
    identity: &Identity,
    now: chrono::DateTime<chrono::Utc>,
) -> NewConnection {
    NewConnection::of(provider, identity, now)
}

/// The address of a person, if the provider has verified it and it is one.
fn proved_address(identity: &Identity) -> Result<EmailAddress, OAuthError> {
    // Other white space makes another address: it must not become the one that it resembles.
    let told = identity.email.as_deref().map(str::trim_ascii).filter(|told| !told.is_empty());
    let told = told.ok_or(OAuthError::EmailMissing)?;
    if !identity.is_email_verified {
        return Err(OAuthError::EmailUnverified);
    }
    EmailAddress::parse(told).map_err(|_| {
        let is_too_long = told.chars().count() > EmailAddress::MAX_CHARS;
        if is_too_long { OAuthError::EmailTooLong } else { OAuthError::EmailMissing }
    })
}

/// The text that a username is made of.
fn told(identity: &Identity) -> String {
    let local_part = identity.email.as_deref().and_then(|email| email.split('@').next());
    let told = ["preferred_username", "given_name", "name"];
    let told = told.into_iter().find_map(|claim| identity.text(claim)).or(local_part);
    // Directories name people by an address, which is not for everyone to read.
    told.unwrap_or_default().split('@').next().unwrap_or_default().to_owned()
}

fn incomplete(field: &'static str) -> OAuthError {
    OAuthError::Incomplete(vec![refused(field)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_made_of_the_first_claim() {
        let email = Some("a.l+x@example.com".to_owned());
        for (claims, expected) in [
            (json!({ "preferred_username": "Al.Liddell", "name": "x" }), "Al.Liddell"),
            (json!({ "preferred_username": "al@corp.example" }), "al"),
            (json!({ "given_name": "Alice", "name": "x" }), "Alice"),
            (json!({ "name": "Alice Liddell" }), "Alice Liddell"),
            (json!({}), "a.l+x"),
        ] {
            let claims = claims.as_object().cloned().unwrap_or_default();
            let identity = Identity { claims, email: email.clone(), ..Identity::default() };
            assert_eq!(told(&identity), expected);
        }
    }
}
