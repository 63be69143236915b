//! Lists sessions for their owner, and revokes them.

use chrono::{DateTime, Utc};

use super::store::Session;
use super::{CurrentSession, Sessions};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, Device, SessionDigest, SessionHandle};
use crate::principal::{OwnerError, Principal};
use crate::store_error::StoreError;

/// A session as its owner sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedSession {
    /// Public id.
    pub handle: SessionHandle,
    /// Program that opened it.
    pub device: Device,
    /// Address that it was opened from.
    pub client: Option<String>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last active, to the minute.
    pub last_activity_at: DateTime<Utc>,
    /// Whether it is the caller's own session.
    pub is_current: bool,
    /// Key of the administrator who acts in it, as text, if the owner does not.
    pub impersonator: Option<String>,
}

impl<U: AuthUser> Sessions<U> {
    /// Returns the valid sessions of the principal's account, the most recently active first. None
    /// is current for the [application](Principal::application).
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn list(&self, principal: &Principal<U>) -> Result<Vec<ListedSession>, OwnerError> {
        let sessions = self.valid(principal.owned_account()?).await?;
        let current = principal.session().map(CurrentSession::digest);
        let listed = |session: Session<U::Id>| ListedSession {
            is_current: current == Some(&session.digest),
            handle: session.handle(),
            device: Device::from_user_agent(session.user_agent.as_deref()),
            client: session.client.map(|client| client.to_string()),
            created_at: session.created_at,
            last_activity_at: session.last_activity_at,
            impersonator: session.impersonator.map(|by| by.account),
        };
        Ok(sessions.into_iter().map(listed).collect())
    }

    /// Revokes the caller's own session.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sign_out(&self, principal: &Principal<U>) -> Result<(), StoreError> {
        if let Some(session) = principal.session() {
            let by = principal.impersonator();
            let kind =
                if by.is_some() { EventKind::ImpersonationEnded } else { EventKind::SignedOut };
            let event = self.kit.event(kind).account(principal.account()).actor_of_key(by);
            let event = event.credential(&session.handle());
            let (event, removed) =
                self.kit.recording(event, self.store.remove(&session.digest)).await?;
            self.kit.emit(event.count(removed.into()));
        }
        Ok(())
    }

    /// Revokes one session of the principal's account. Returns `true` if there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke(
        &self,
        principal: &Principal<U>,
        handle: &SessionHandle,
    ) -> Result<bool, OwnerError> {
        let account = principal.owned_account()?;
        let sessions = self.valid(account).await?;
        let found = sessions.iter().find(|session| session.handle() == *handle);
        let by = found.and_then(|session| session.impersonator.as_ref());
        let kind = match by {
            Some(_) => EventKind::ImpersonationEnded,
            None => EventKind::SessionRevoked,
        };
        let event = self.kit.event(kind).account(account).credential(handle);
        let event = event.actor_of_key(by.map(|by| &*by.account));
        let (event, revoked) = match found {
            Some(session) => self.kit.recording(event, self.store.remove(&session.digest)).await?,
            None => (event, false),
        };
        if !revoked {
            self.ensure_still_valid(principal).await?;
        }
        self.kit.emit(event.count(revoked.into()));
        Ok(revoked)
    }

    /// Revokes every session of the principal's account. Returns how many there were.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_all(&self, principal: &Principal<U>) -> Result<u64, OwnerError> {
        self.revoke_except(principal, None).await
    }

    /// As [`revoke_all`](Self::revoke_all), but the caller's own session stays.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn revoke_others(&self, principal: &Principal<U>) -> Result<u64, OwnerError> {
        let own = principal.session().map(CurrentSession::digest);
        self.revoke_except(principal, own).await
    }

    /// Deletes every stored session of an account that is deleted next, whatever its state. Sessions
    /// in another store than the accounts would otherwise stay until they expire.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget(&self, account: &Account<U>) -> Result<(), StoreError> {
        for session in self.store.list(account.user.id(), self.kit.now()).await? {
            self.store.remove(&session.digest).await?;
        }
        Ok(())
    }

    /// Ends every session of an account. Returns how many there were. `kind` says at whose request.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn end_all(&self, account: &Account<U>, kind: EventKind) -> Result<u64, StoreError> {
        let event = self.kit.event(kind).account(account);
        let (event, ended) = self.kit.recording(event, self.remove_all(account, None)).await?;
        self.kit.emit(event.count(ended));
        Ok(ended)
    }

    async fn revoke_except(
        &self,
        principal: &Principal<U>,
        kept: Option<&SessionDigest>,
    ) -> Result<u64, OwnerError> {
        let account = principal.owned_account()?;
        self.ensure_still_valid(principal).await?;
        let event = self.kit.event(EventKind::SessionsRevoked).account(account);
        // The removal of the first session keeps the event of all.
        let remove = self.remove_all(account, kept);
        let (event, revoked) = self.kit.recording(event, remove).await?;
        self.kit.emit(event.count(revoked));
        Ok(revoked)
    }

    /// Removes every session of an account but `kept`. Returns how many there were.
    pub(crate) async fn remove_all(
        &self,
        account: &Account<U>,
        kept: Option<&SessionDigest>,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        for session in self.valid(account).await? {
            if kept != Some(&session.digest) && self.store.remove(&session.digest).await? {
                removed += 1;
                self.end_impersonation(&session);
            }
        }
        Ok(removed)
    }

    /// The sessions of an account that are bound to its present state.
    async fn valid(&self, account: &Account<U>) -> Result<Vec<Session<U::Id>>, StoreError> {
        let mut sessions = self.store.list(account.user.id(), self.kit.now()).await?;
        sessions.retain(|session| session.state == account.state());
        Ok(sessions)
    }

    /// Returns an error if the caller's own session has ended, for example by a change of password
    /// elsewhere: the sessions that are valid now are not the caller's to revoke.
    async fn ensure_still_valid(&self, principal: &Principal<U>) -> Result<(), OwnerError> {
        let Some(session) = principal.session() else { return Ok(()) };
        if self.is_valid(session).await? { Ok(()) } else { Err(OwnerError::Ended) }
    }
}
