//! Opens a session for an account that has proved itself.

use super::Sessions;
use super::store::Session;
use crate::event::Event;
use crate::model::{
    Account, AuthUser, ClientInfo, CsrfToken, SessionDigest, SessionHandle, SessionToken,
};
use crate::store_error::StoreError;

/// The secrets of a new session, to be sent to the client and forgotten.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenedSession {
    /// Value of the session cookie.
    pub token: SessionToken,
    /// Value that unsafe requests send in `X-CSRF-Token`.
    pub csrf: CsrfToken,
    /// Public id of the session, shown in lists.
    pub handle: SessionHandle,
    /// Whether the cookie outlives the browser.
    pub is_remembered: bool,
}

impl<U: AuthUser> Sessions<U> {
    /// Opens a session, and revokes those that the client had so far.
    pub(crate) async fn open(
        &self,
        account: &Account<U>,
        client: ClientInfo,
        is_remembered: bool,
        replaces: &[SessionToken],
    ) -> Result<OpenedSession, StoreError> {
        let now = self.kit.now();
        let token = SessionToken::generate();
        let csrf = CsrfToken::generate();
        let digest = token.digest();
        let ends_at = self.config.absolute_timeout.map(|lifetime| now + lifetime);
        let session = Session {
            digest,
            account: account.user.id().clone(),
            state: account.state(),
            csrf: csrf.digest(),
            client: client.address,
            user_agent: client.stored_user_agent(),
            is_remembered,
            created_at: now,
            last_activity_at: now,
            expires_at: self.config.expiry(is_remembered, ends_at, now),
            ends_at,
        };
        if let Err(error) = self.insert(session, replaces).await {
            self.abandon(&digest).await;
            return Err(error);
        }
        let opened = OpenedSession { token, csrf, handle: digest.handle(), is_remembered };
        let event = Event::new("signed in").account(account).client(client.address);
        self.kit.emit(event.credential(&opened.handle));
        Ok(opened)
    }

    async fn insert(
        &self,
        session: Session<U::Id>,
        replaces: &[SessionToken],
    ) -> Result<(), StoreError> {
        self.store.insert(session, self.config.max_sessions).await?;
        for replaced in replaces {
            self.store.remove(&replaced.digest()).await?;
        }
        Ok(())
    }

    /// Removes a session whose sign-in failed: the client gets neither session. An insert whose
    /// answer was lost may have stored it.
    async fn abandon(&self, digest: &SessionDigest) {
        if let Err(error) = self.store.remove(digest).await {
            error.log("removing the session of a failed sign-in");
        }
    }
}
