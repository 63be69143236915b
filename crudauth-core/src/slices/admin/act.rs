//! Actions of administrators: after fresh proof, and reported with their name.

use std::error::Error;

use chrono::{DateTime, Utc};
use tracing::error;

use super::store::{Demoted, Suspended};
use super::{AdminError, Administrators, Suspension};
use crate::event::{Event, EventKind};
use crate::model::{Account, AuthUser, PasswordHash};
use crate::notify::MessageKind;
use crate::principal::{CurrentSession, Principal, Role};
use crate::slices::sudo::Proof;
use crate::store_error::StoreError;

/// The hash that no password has.
const UNUSABLE: &str = "!forced";

/// A caller with the right to act on accounts; [`Administrators::authorize`] returns it.
#[derive(Clone, Debug)]
pub struct Administrator<U: AuthUser>(Principal<U>);

impl<U: AuthUser> Administrator<U> {
    /// The account of the caller; `None` for the application.
    pub(crate) fn account(&self) -> Option<&Account<U>> {
        (self.0.role() != Role::Application).then(|| self.0.account())
    }

    /// The account of the caller with its session, if the caller has one.
    pub(super) fn session(&self) -> Option<(&Account<U>, &CurrentSession)> {
        self.account().zip(self.0.session())
    }
}

impl<U: AuthUser> Administrators<U> {
    /// Checks that the caller is a superuser with fresh proof: an elevated session, or, in a mount
    /// without the slice `sudo`, all factors of the caller's account. The application passes.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn authorize(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
    ) -> Result<Administrator<U>, AdminError> {
        let caller = principal.owned_account()?;
        if principal.role() != Role::Application {
            if !caller.is_superuser() {
                return Err(AdminError::NotSuperuser);
            }
            self.sudo.confirm(principal, proof).await?;
            self.callers.check(principal).await?;
        }
        Ok(Administrator(principal.clone()))
    }

    /// Disables an account: its sessions, tokens and API keys are revoked for good, and its owner
    /// gets a notice without the reason. A purge enables it at `ends_at`.
    ///
    /// # Errors
    /// [`AdminError`]; nothing changes then.
    pub async fn disable(
        &self,
        by: &Administrator<U>,
        id: &U::Id,
        reason: &str,
        ends_at: Option<DateTime<Utc>>,
    ) -> Result<(), AdminError> {
        let suspension = Suspension {
            reason: reason.chars().take(Suspension::MAX_CHARS.into()).collect(),
            actor: by.0.account().user.id().to_string(),
            created_at: self.kit.now(),
            ends_at,
        };
        let event = self.event(EventKind::DisabledByAdministrator, by).account_id(id);
        let (event, suspended) =
            self.kit.recording(event, self.store.suspend(id, &suspension)).await?;
        match suspended {
            Suspended::Done(account) => {
                self.kit.emit(event);
                self.notify(MessageKind::AccountDisabled, &account);
                Ok(())
            }
            Suspended::NotFound => Err(AdminError::NotFound),
            Suspended::LastSuperuser => Err(AdminError::LastSuperuser),
            Suspended::AlreadyDisabled => Err(AdminError::AlreadyDisabled),
        }
    }

    /// Enables an account again, for every cause: a deletion by its owner is withdrawn. Its owner signs
    /// in again.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn enable(&self, by: &Administrator<U>, id: &U::Id) -> Result<(), AdminError> {
        let account = self.target(id).await?;
        let event = self.event(EventKind::EnabledByAdministrator, by).account(&account);
        let enable = self.kit.accounts.set_active(id, true, event.at());
        let (event, is_enabled) = self.kit.recording(event, enable).await?;
        if !is_enabled {
            return Err(AdminError::NotFound);
        }
        self.kit.emit(event);
        Ok(())
    }

    /// Signs an account out everywhere, and ends its trust in browsers. Returns how many sessions and
    /// tokens there were.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn end_sessions(&self, by: &Administrator<U>, id: &U::Id) -> Result<u64, AdminError> {
        let account = self.target(id).await?;
        let event = self.event(EventKind::SessionsEndedByAdministrator, by).account(&account);
        // The first change keeps the event of all.
        let (event, ended) = self.kit.recording_some(event, self.remove_sessions(&account)).await;
        if ended.is_ok() || event.is_recorded() {
            self.kit.emit(event);
        }
        Ok(ended?)
    }

    async fn remove_sessions(&self, account: &Account<U>) -> Result<u64, StoreError> {
        let mut ended = 0;
        if let Some(mfa) = &self.tools.mfa {
            mfa.forget_trusts(account).await?;
        }
        if let Some(sessions) = &self.tools.sessions {
            ended += sessions.remove_all(account, None).await?;
        }
        if let Some(tokens) = &self.tools.tokens {
            ended += tokens.remove_all(account, self.kit.now()).await?;
        }
        Ok(ended)
    }

    /// Takes the password from an account and sends its owner a link to choose a new one. Sessions,
    /// tokens and API keys are revoked; connections end when the link is used.
    ///
    /// # Errors
    /// [`AdminError`]; [`AdminError::NoContact`] if no link can be sent: nothing changes then.
    pub async fn force_password_change(
        &self,
        by: &Administrator<U>,
        id: &U::Id,
    ) -> Result<(), AdminError> {
        let account = self.target(id).await?;
        let (recovery, contact) = self.reachable(&account)?;
        let unusable = PasswordHash::new(UNUSABLE.to_owned());
        let event = self.event(EventKind::PasswordChangeForced, by).account(&account);
        let change = self.kit.accounts.set_password(&account, &unusable, event.at());
        let (event, changed) = self.kit.recording(event, change).await?;
        changed.ok_or(AdminError::Ended)?;
        self.kit.emit(event);
        recovery.start_reset(contact, None);
        Ok(())
    }

    /// Sends the owner of an account a link to choose a new password.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn send_reset(&self, by: &Administrator<U>, id: &U::Id) -> Result<(), AdminError> {
        let account = self.target(id).await?;
        let (recovery, contact) = self.reachable(&account)?;
        self.kit.emit(self.event(EventKind::ResetRequestedByAdministrator, by).account(&account));
        recovery.start_reset(contact, None);
        Ok(())
    }

    /// Removes a lost second factor, and passkeys if they are second factors, after the caller has
    /// identified the owner by other means. Every credential is revoked, and the owner gets a notice of
    /// each kind of factor. Returns `true` if there was one.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn remove_factor(
        &self,
        by: &Administrator<U>,
        id: &U::Id,
    ) -> Result<bool, AdminError> {
        let account = self.target(id).await?;
        let event = self.event(EventKind::FactorRemovedByAdministrator, by).account(&account);
        let (event, removed) = self.kit.recording_some(event, self.remove_factors(account)).await;
        if event.is_recorded() || removed.as_ref().is_ok_and(|&is_removed| is_removed) {
            self.kit.emit(event);
        }
        Ok(removed?)
    }

    async fn remove_factors(&self, mut account: Account<U>) -> Result<bool, StoreError> {
        let now = self.kit.now();
        let mut is_removed = false;
        if let Some(mfa) = &self.tools.mfa
            && let Some(changed) = mfa.take_away(&account, now).await?
        {
            account = changed;
            self.notify(MessageKind::SecondFactorRemoved, &account);
            is_removed = true;
        }
        if let Some(passkeys) = self.tools.passkeys.as_ref().filter(|one| one.is_second_factor())
            && passkeys.remove_all(&account, now).await? > 0
        {
            self.notify(MessageKind::PasskeyRemoved, &account);
            is_removed = true;
        }
        Ok(is_removed)
    }

    /// Makes an account a superuser.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn promote(&self, by: &Administrator<U>, id: &U::Id) -> Result<(), AdminError> {
        self.target(id).await?;
        let event = self.event(EventKind::SuperuserPromoted, by).account_id(id);
        let promote = self.store.promote(id, self.kit.now());
        let (event, is_promoted) = self.kit.recording(event, promote).await?;
        if !is_promoted {
            return Err(AdminError::NotFound);
        }
        self.kit.emit(event);
        Ok(())
    }

    /// Takes the rights of a superuser from an account, unless it is the last active one.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn demote(&self, by: &Administrator<U>, id: &U::Id) -> Result<(), AdminError> {
        self.target(id).await?;
        let event = self.event(EventKind::SuperuserDemoted, by).account_id(id);
        let (event, demoted) =
            self.kit.recording(event, self.store.demote(id, self.kit.now())).await?;
        match demoted {
            Demoted::Done => {
                self.kit.emit(event);
                Ok(())
            }
            Demoted::NotFound => Err(AdminError::NotFound),
            Demoted::LastSuperuser => Err(AdminError::LastSuperuser),
        }
    }

    /// Enables up to 100 accounts after the end of their suspension. Returns how many. An account that
    /// cannot be enabled is logged, and stands in the way of no other.
    ///
    /// # Errors
    /// If the store is unavailable, or does not tell the accounts.
    pub async fn end_suspensions(&self) -> Result<u64, StoreError> {
        let mut enabled = 0;
        for account in self.store.ended(self.kit.now()).await? {
            let event = self.kit.event(EventKind::SuspensionEnded).account(&account);
            let end = self.store.end_suspension(&account, event.at());
            match self.kit.recording(event, end).await {
                Ok((event, true)) => {
                    self.kit.emit(event);
                    enabled += 1;
                }
                Ok((_, false)) => {}
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(cause) => error!(
                    account = %account.user.id(),
                    error = &cause as &dyn Error,
                    "suspension not ended"
                ),
            }
        }
        Ok(enabled)
    }

    pub(super) async fn target(&self, id: &U::Id) -> Result<Account<U>, AdminError> {
        self.kit.accounts.by_id(id).await?.ok_or(AdminError::NotFound)
    }

    fn event(&self, kind: EventKind, by: &Administrator<U>) -> Event {
        let event = self.kit.event(kind);
        match by.account() {
            Some(actor) => event.actor(actor),
            None => event,
        }
    }
}
