//! Makes, lists and revokes invitations.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{INVITE, Invitation, Invitations, InviteError};
use crate::event::{Event, EventKind};
use crate::form::{FieldError, FieldErrorKind, Form};
use crate::model::{AuthUser, Contact, EmailAddress, OneTimeToken};
use crate::notify::{Delivery, MessageKind};
use crate::slices::admin::Administrator;
use crate::store_error::StoreError;

impl<U: AuthUser> Invitations<U> {
    /// Mails an invitation, which replaces an earlier one of the address. `preset` has values of
    /// columns with `#[auth(register)]`, which the invited person cannot change. `by` is the
    /// inviting administrator; `None` for the application.
    ///
    /// The result is the same for every address: the owner of an account gets a notice, and an address
    /// that has had too many invitations no mail.
    ///
    /// # Errors
    /// [`InviteError`]; nothing is stored or sent then.
    pub async fn invite(
        &self,
        by: Option<&Administrator<U>>,
        address: EmailAddress,
        preset: Map<String, Value>,
    ) -> Result<(), InviteError> {
        self.check(&preset).map_err(InviteError::Invalid)?;
        let inner = &*self.0;
        let lifetime = inner.config.lifetime;
        let to = Contact::from(address.clone());
        // Before the earlier invitation is replaced: its link works on if this one is not sent.
        if !inner.notifier.may_send_link(INVITE, &to, lifetime).await {
            inner.kit.emit(self.event(EventKind::LinkLimited, by));
            return Ok(());
        }
        let token = OneTimeToken::generate();
        let created_at = inner.kit.now();
        let expires_at = created_at + lifetime;
        let invitation = Invitation { address, preset, created_at, expires_at };
        let digest = token.digest();
        let put = inner.store.put(&invitation, &digest);
        let event = self.event(EventKind::Invited, by);
        let (event, ()) = inner.kit.recording(event, put).await?;
        inner.kit.emit(event);
        let flow = self.clone();
        inner.notifier.spawn("invitation", async move { flow.send(to, token).await });
        Ok(())
    }

    /// Returns the 100 open invitations that expire first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self) -> Result<Vec<Invitation>, StoreError> {
        self.0.store.list(self.0.kit.now()).await
    }

    /// Revokes the invitation of an address. Returns `true` if there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn revoke(
        &self,
        by: Option<&Administrator<U>>,
        address: &EmailAddress,
    ) -> Result<bool, StoreError> {
        let event = self.event(EventKind::InvitationRevoked, by);
        let revoke = self.0.store.revoke(address);
        let (event, is_revoked) = self.0.kit.recording(event, revoke).await?;
        self.0.kit.emit(event.count(is_revoked.into()));
        Ok(is_revoked)
    }

    /// Mails the link, or a notice to the owner of an account.
    async fn send(&self, to: Contact, token: OneTimeToken) {
        let inner = &*self.0;
        let (kind, token, expires_in) = match inner.kit.account_with(&to).await {
            Ok(None) => (MessageKind::Invitation, Some(token), inner.config.lifetime),
            Ok(Some(_)) => (MessageKind::ExistingAccount, None, Duration::ZERO),
            Err(error) => return error.log("looking up an account"),
        };
        inner.notifier.push(Delivery { to, kind, token, code: None, expires_in }).await;
    }

    /// Reads a preset by the rules of a sign-up. Columns that it does not name may be missing.
    fn check(&self, preset: &Map<String, Value>) -> Result<(), Vec<FieldError>> {
        let asked = U::SHAPE.asked;
        let is_unknown = |name: &&String| asked.iter().all(|(known, _)| known != name);
        let message = "Invitations set no such column";
        let unknown = preset.keys().filter(is_unknown);
        let mut errors: Vec<_> = unknown
            .map(|name| FieldError::new(name.clone(), FieldErrorKind::Value, message))
            .collect();
        let json = Value::Object(preset.clone()).to_string();
        if json.chars().count() > Invitation::MAX_PRESET_CHARS.into() {
            return Err(vec![FieldError::too_long("preset", Invitation::MAX_PRESET_CHARS.into())]);
        }
        let Ok(mut form) = Form::from_json(json.as_bytes()) else { return Err(errors) };
        for (name, column) in asked {
            if let Some(&width) = self.0.widths.get(*column) {
                form.limit(name, width);
            }
        }
        form.read_blank_as_none();
        // The values are stored as they were sent, and read again when the account is added.
        let _ = U::sign_up(&mut form);
        let named = form.into_errors().into_iter().filter(|one| preset.contains_key(&*one.field));
        errors.extend(named);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// An event in the history of the administrator: the invited person has no account.
    fn event(&self, kind: EventKind, by: Option<&Administrator<U>>) -> Event {
        let event = self.0.kit.event(kind);
        match by.and_then(Administrator::account) {
            Some(administrator) => event.account(administrator).actor(administrator),
            None => event,
        }
    }
}
