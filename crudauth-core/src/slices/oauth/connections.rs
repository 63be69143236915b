//! The connections of an account, for its owner.

use super::accounts::connection_of;
use super::provider::Identity;
use super::store::{Connecting, Connection, ConnectionId, Disconnecting};
use super::{OAuth, OAuthError};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, Proofs};
use crate::notify::MessageKind;
use crate::principal::{CurrentSession, Principal};
use crate::slices::sessions::RenewedSession;

impl<U: AuthUser> OAuth<U> {
    /// Returns the connections of the principal's account, the oldest first.
    ///
    /// # Errors
    /// [`OAuthError::NotOwner`], [`OAuthError::Store`].
    pub async fn connections(
        &self,
        principal: &Principal<U>,
    ) -> Result<Vec<Connection>, OAuthError> {
        let account = principal.owned_account()?;
        Ok(self.parts.connections.list(account).await?)
    }

    /// Removes a connection, unless it is the last way into the account. Sessions but the caller's,
    /// bearer tokens and API keys are revoked, because the connection may have opened them. The owner
    /// gets a notice.
    ///
    /// # Errors
    /// [`OAuthError`]; nothing changes then.
    pub async fn disconnect(
        &self,
        principal: &Principal<U>,
        connection: &ConnectionId,
    ) -> Result<Option<RenewedSession>, OAuthError> {
        let account = self.fresh_owner(principal)?;
        self.parts.callers.check(principal).await?;
        let store = &self.parts.connections;
        let event = self.kit.event(EventKind::ConnectionRemoved).account(account);
        let disconnect = store.disconnect(account, connection, event.at());
        let (event, disconnected) = self.kit.recording(event, disconnect).await?;
        match disconnected {
            Disconnecting::Done(account) => {
                self.kit.emit(event);
                self.notify(MessageKind::ConnectionRemoved, &account);
                let proofs = principal.session().map(CurrentSession::proofs);
                let proofs = Proofs { elevated_at: None, ..proofs.unwrap_or_default() };
                Ok(self.parts.callers.renew(principal, account.state(), proofs).await)
            }
            Disconnecting::NotFound => Err(OAuthError::NoConnection),
            Disconnecting::LastWayIn => Err(OAuthError::LastWayIn),
            Disconnecting::Changed => Err(OAuthError::Ended),
        }
    }

    /// Connects an account to the person that another system has stored for it: for accounts that move
    /// here. `person` needs an issuer and a subject, which are those of the provider's ID tokens
    /// (`https://github.com` and the number of the user for GitHub).
    ///
    /// Returns `false` if the person is connected already. The provider is not asked, and the owner gets
    /// no notice.
    ///
    /// # Errors
    /// [`OAuthError::UnknownProvider`]; [`OAuthError::AccountInactive`] for an account that is unknown or
    /// disabled; [`OAuthError::NotVerified`] for one without a verified address; [`OAuthError::Store`].
    pub async fn import(
        &self,
        account: &U::Id,
        provider: &str,
        person: &Identity,
    ) -> Result<bool, OAuthError> {
        self.provider(provider)?;
        let found = self.kit.accounts.by_id(account).await?;
        let account = found.filter(Account::is_active).ok_or(OAuthError::AccountInactive)?;
        let connection = connection_of(provider, person, self.kit.now());
        let event = self.kit.event(EventKind::ConnectionAdded).account(&account);
        let connect = self.parts.connections.connect(&account, &connection, false);
        let (event, connected) = self.kit.recording(event, connect).await?;
        match connected {
            Connecting::Done => {
                self.kit.emit(event);
                Ok(true)
            }
            Connecting::Taken => Ok(false),
            Connecting::NotAlone | Connecting::Changed => Err(OAuthError::NotVerified),
        }
    }

    /// Connects the owner's account to this person.
    pub(super) async fn connect_owner(
        &self,
        provider: &str,
        identity: &Identity,
        principal: &Principal<U>,
    ) -> Result<(), OAuthError> {
        let account = self.fresh_owner(principal)?;
        self.parts.callers.check(principal).await?;
        let connection = connection_of(provider, identity, self.kit.now());
        let store = &self.parts.connections;
        for _ in 0..2 {
            if let Some(owner) = store.find(&connection.id).await? {
                let is_own = owner.user.id() == account.user.id();
                return if is_own { Ok(()) } else { Err(OAuthError::ConnectedElsewhere) };
            }
            let event = self.kit.event(EventKind::ConnectionAdded).account(account);
            let connect = store.connect(account, &connection, false);
            let (event, connected) = self.kit.recording(event, connect).await?;
            match connected {
                Connecting::Done => {
                    self.kit.emit(event);
                    self.notify(MessageKind::ConnectionAdded, account);
                    return Ok(());
                }
                Connecting::Taken => store.forget_orphan(&connection.id).await?,
                Connecting::NotAlone | Connecting::Changed => return Err(OAuthError::Ended),
            }
        }
        Err(OAuthError::ConnectedElsewhere)
    }

    /// Returns the account, if the principal is its owner with a recent session.
    pub(super) fn fresh_owner<'p>(
        &self,
        principal: &'p Principal<U>,
    ) -> Result<&'p Account<U>, OAuthError> {
        let account = principal.owned_account()?;
        principal.session().ok_or(OAuthError::NotOwner)?;
        principal.check_fresh(self.config.max_sign_in_age, self.kit.now())?;
        Ok(account)
    }
}
