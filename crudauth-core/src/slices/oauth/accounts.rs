//! Finds the account of a person, connects one by its address, or adds one.

use serde_json::{Value, json};

use super::provider::{Connected, Identity};
use super::store::{Connecting, ConnectionId, CreatedConnected, NewConnection};
use super::username::candidates;
use super::{OAuth, OAuthError};
use crate::account_store::{Created, NewAccount, OwnColumns};
use crate::event::Event;
use crate::form::{FieldError, FieldErrorKind, Form};
use crate::model::{
    Account, AuthUser, Contact, EmailAddress, IdentifierColumn, IdentifierKind, PasswordHash,
};
use crate::notify::MessageKind;
use crate::random::random;
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
                Some(account) => self.adopt(account, &connection).await?,
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
    ) -> Result<Option<Account<U>>, OAuthError> {
        if !account.is_active() {
            return Err(OAuthError::AccountInactive);
        }
        let store = &self.parts.connections;
        if !account.is_verified() {
            let claimed = store.claim(&account, connection, &unusable_hash()).await?;
            if let Some(account) = &claimed {
                let event = Event::warning("account taken over by the proved owner of its address");
                self.kit.emit(event.account(account));
                self.notify(MessageKind::ConnectionAdded, account);
            }
            return Ok(claimed);
        }
        match store.connect(&account, connection, true).await? {
            Connecting::Done => {
                self.kit.emit(Event::new("connection added by address").account(&account));
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
        for username in self.usernames(identity) {
            let new = self.new_account(identity, address, username.as_deref())?;
            let created = self.parts.connections.create(new, connection).await?;
            match created {
                CreatedConnected::Account(Created::Added(id)) => {
                    self.kit.emit(Event::new("registered with a provider").account_id(&id));
                    return Ok(self.kit.accounts.by_id(&id).await?);
                }
                CreatedConnected::Account(Created::Taken { identifiers })
                    if !identifiers.is_empty() && !identifiers.iter().any(is_address) => {}
                CreatedConnected::Account(Created::Taken { .. }) | CreatedConnected::Connected => {
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

    /// The usernames to be tried; one `None` for accounts without a username.
    fn usernames(&self, identity: &Identity) -> Box<dyn Iterator<Item = Option<String>> + Send> {
        let Some(column) = username_column::<U>() else { return Box::new(std::iter::once(None)) };
        let longest = self.width(column).unwrap_or(usize::MAX).min(column.longest());
        let names: Vec<_> = candidates(identity, longest).map(Some).collect();
        Box::new(names.into_iter())
    }

    fn width(&self, column: &IdentifierColumn) -> Option<usize> {
        self.parts.widths.get(column.column).copied()
    }

    /// Reads the fields of a new account like those of a form.
    fn new_account(
        &self,
        identity: &Identity,
        address: &EmailAddress,
        username: Option<&str>,
    ) -> Result<NewAccount<U>, OAuthError> {
        let columns = U::SHAPE.identifiers;
        let email = U::SHAPE.recovery_column();
        let is_too_long = email.and_then(|column| self.width(column));
        if is_too_long.is_some_and(|width| address.as_str().chars().count() > width) {
            return Err(OAuthError::EmailTooLong);
        }
        let mut fields = serde_json::Map::new();
        if let (Some(column), Some(username)) = (username_column::<U>(), username) {
            fields.insert(column.name.to_owned(), json!(username));
        }
        fields.extend((self.config.sign_up_fields)(identity));
        // The app cannot replace the proved address.
        if let Some(column) = email {
            fields.insert(column.name.to_owned(), json!(address.as_str()));
        }
        let body = Value::Object(fields).to_string();
        let mut form = Form::from_json(body.as_bytes()).map_err(|_| incomplete(""))?;
        for &(name, column) in U::SHAPE.asked {
            if let Some(&width) = self.parts.widths.get(column) {
                form.limit(name, width);
            }
        }
        let identifiers: Vec<_> = columns.iter().map(|column| form.identifier(column)).collect();
        form.read_blank_as_none();
        let own = U::sign_up(&mut form);
        let identifiers: Result<Vec<_>, _> = identifiers.into_iter().collect();
        let (Ok(identifiers), Ok(own)) = (identifiers, own) else {
            return Err(self.log_incomplete(form.into_errors()));
        };
        Ok(NewAccount {
            id: U::generate_id(),
            identifiers,
            hash: unusable_hash(),
            own: OwnColumns(own),
            security_stamp: i64::from_be_bytes(random()) & i64::MAX,
            created_at: self.kit.now(),
        })
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

fn username_column<U: AuthUser>() -> Option<&'static IdentifierColumn> {
    U::SHAPE.identifiers.iter().find(|column| column.kind == IdentifierKind::Username)
}

/// A hash that no password has. The random part keeps two accounts apart.
fn unusable_hash() -> PasswordHash {
    PasswordHash::new(format!("!{}", hex::encode(random::<16>())))
}

fn incomplete(field: &'static str) -> OAuthError {
    let error = FieldError::new(field, FieldErrorKind::Value, "Input is not accepted");
    OAuthError::Incomplete(vec![error])
}
