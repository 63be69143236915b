//! Adds an account for an address without one, once its owner has used the link or the code.

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::{EmailLogin, EmailLoginError};
use crate::account_store::{Created, NewAccount, OpenInvitation};
use crate::event::EventKind;
use crate::form::FieldError;
use crate::guard::challenges::ChallengeRecord;
use crate::model::{AuthUser, ChallengeDigest, Contact, EmailAddress, OneTimeDigest, RedirectPath};
use crate::slices::accounts::{derived_account, preset, refused, username_column, usernames};
use crate::slices::recovery::ProvedLogin;
use crate::slices::recovery::store::UsedLogin;
use crate::store_error::StoreError;

/// The stored form of an address that may get an account.
#[derive(Serialize, Deserialize)]
pub(super) struct Invited {
    pub(super) invited: String,
    redirect_to: Option<String>,
}

/// The key of the link in the store of challenges. Both digests are of a random secret.
fn key_of(link: &OneTimeDigest) -> ChallengeDigest {
    ChallengeDigest::new(*link.as_bytes())
}

impl<U: AuthUser> EmailLogin<U> {
    /// Stores the address of a link that is about to be sent.
    pub(super) async fn remember(
        self,
        to: Contact,
        link: OneTimeDigest,
        redirect_to: Option<RedirectPath>,
    ) -> Result<(), StoreError> {
        let invited = Invited {
            invited: to.as_str().to_owned(),
            redirect_to: redirect_to.map(|path| path.as_str().to_owned()),
        };
        let created_at = self.0.kit.now();
        let expires_at = created_at + self.0.parts.recovery.login_lifetime(&to);
        let value = serde_json::to_vec(&invited).map_err(StoreError::failed)?;
        let digest = key_of(&link);
        let record = ChallengeRecord { digest, value, created_at, expires_at };
        self.0.parts.challenges.insert(record).await
    }

    /// Returns the address that a link was sent to when it had no account.
    pub(super) async fn invited(
        &self,
        link: &OneTimeDigest,
    ) -> Result<Option<Invited>, StoreError> {
        let found = self.0.parts.challenges.find(&key_of(link), self.0.kit.now()).await?;
        Ok(found.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// Adds an account for the address of a link, unless it has one by now.
    pub(super) async fn sign_up(
        &self,
        link: &OneTimeDigest,
    ) -> Result<ProvedLogin<U>, EmailLoginError> {
        let parts = &self.0.parts;
        let invited = self.invited(link).await?;
        let Invited { invited, redirect_to } = invited.ok_or(EmailLoginError::Invalid)?;
        // An address that only other software could have stored gets no account.
        let address = EmailAddress::parse(&invited).map_err(|_| EmailLoginError::Invalid)?;
        let is_address = |at: &usize| U::SHAPE.recovery == Some(*at);
        let local_part = invited.split('@').next().unwrap_or_default();
        let invitation = self.0.kit.accounts.invitation(&address, self.0.kit.now()).await?;
        for username in usernames::<U>(local_part, &parts.widths) {
            let event = self.0.kit.event(EventKind::RegisteredByMail);
            let new = self.new_account(&address, username.as_deref(), invitation.as_ref())?;
            let create = self.create(new, &address, link);
            let (event, created) = self.0.kit.recording(event, create).await?;
            match created {
                Some(Created::Added(id)) => {
                    parts.challenges.take(&key_of(link), self.0.kit.now()).await?;
                    self.0.kit.emit_registered(event, &id, invitation.is_some());
                    let account = self.0.kit.accounts.by_id(&id).await?;
                    let account = account.ok_or(EmailLoginError::Invalid)?;
                    return Ok(ProvedLogin { account, redirect_to });
                }
                Some(Created::Taken { identifiers })
                    if !identifiers.is_empty() && !identifiers.iter().any(is_address) => {}
                // By another use of the link, or by another sign-up.
                Some(Created::Taken { .. } | Created::InvitationEnded) => {
                    let token = parts.recovery.find_login(link).await?;
                    return Ok(parts.recovery.confirm_login(token).await?);
                }
                Some(Created::Conflict { field } | Created::Refused { field: Some(field) }) => {
                    return Err(incomplete(vec![refused(field)]));
                }
                Some(Created::Refused { field: None }) => {
                    return Err(incomplete(vec![refused("")]));
                }
                None => return Err(EmailLoginError::Used),
            }
        }
        let column = username_column::<U>().map_or("", |column| column.name);
        Err(incomplete(vec![refused(column)]))
    }

    fn new_account(
        &self,
        address: &EmailAddress,
        username: Option<&str>,
        invitation: Option<&OpenInvitation>,
    ) -> Result<NewAccount<U>, EmailLoginError> {
        let mut fields = Map::new();
        if let (Some(column), Some(username)) = (username_column::<U>(), username) {
            fields.insert(column.name.to_owned(), json!(username));
        }
        let invitation = preset(&mut fields, invitation);
        let widths = &self.0.parts.widths;
        let account = derived_account(address, fields, widths, self.0.kit.now());
        Ok(NewAccount { invitation, ..account.map_err(incomplete)? })
    }

    async fn create(
        &self,
        account: NewAccount<U>,
        address: &EmailAddress,
        link: &OneTimeDigest,
    ) -> Result<Option<Created<U::Id>>, EmailLoginError> {
        let parts = &self.0.parts;
        self.0.kit.admit_proved(&account).await?;
        let to = Contact::from(address.clone());
        let used = UsedLogin {
            digest: *link,
            bound_to: to.as_str().to_owned(),
            expires_at: account.created_at + parts.recovery.login_lifetime(&to),
        };
        Ok(parts.recovery.sign_up_by_login(account, used).await?)
    }
}

fn incomplete(errors: Vec<FieldError>) -> EmailLoginError {
    let fields: Vec<_> = errors.iter().map(|error| error.field.to_string()).collect();
    let fields = fields.join(", ");
    tracing::error!(fields, "a sign-up by mail lacks fields: give their columns a default");
    EmailLoginError::Incomplete(errors)
}
