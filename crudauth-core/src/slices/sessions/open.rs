//! Opens a session for an account that has proved itself.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::store::Session;
use super::{CurrentSession, Sessions};
use crate::event::{Event, EventKind};
use crate::model::{
    Account, AccountState, AuthUser, ClientInfo, CsrfToken, Impersonator, Proofs, SessionDigest,
    SessionHandle, SessionToken,
};
use crate::principal::Principal;
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

/// A session with another token than before, to be sent to the client and forgotten.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RenewedSession {
    /// Value of the session cookie.
    pub token: SessionToken,
    /// Public id of the session, shown in lists.
    pub handle: SessionHandle,
    /// Whether the cookie outlives the browser.
    pub is_remembered: bool,
}

/// A session to be opened.
pub(crate) struct Opening<'a> {
    pub(crate) client: ClientInfo,
    pub(crate) is_remembered: bool,
    pub(crate) replaces: &'a [SessionToken],
    pub(crate) proofs: Proofs,
}

impl<U: AuthUser> Sessions<U> {
    /// Gives the principal's own session another token, so that the impersonations which began in it end.
    /// Returns `None` if the session has ended meanwhile.
    ///
    /// # Errors
    /// If the store fails.
    #[doc(hidden)]
    pub async fn end_impersonations(
        &self,
        principal: &Principal<U>,
    ) -> Result<Option<RenewedSession>, StoreError> {
        let Some(session) = principal.session() else { return Ok(None) };
        self.renew(session, principal.account().state(), session.proofs).await
    }

    /// Gives a session another token after its owner has proved more, or has changed the account. The
    /// former token opens nothing any more; the CSRF token stays. Returns `None` if the session has
    /// ended meanwhile, or was renewed by another request.
    ///
    /// The session under its new token is stored before the former one is removed, so a failure in
    /// between ends nothing.
    pub(crate) async fn renew(
        &self,
        session: &CurrentSession,
        state: AccountState,
        proofs: Proofs,
    ) -> Result<Option<RenewedSession>, StoreError> {
        let Some(renewed) = self.insert_again(session, state, proofs).await? else {
            return Ok(None);
        };
        let is_replaced = self.store.remove(&session.digest).await?;
        self.replaced(renewed, is_replaced).await
    }

    /// As [`renew`](Self::renew), with the event of it.
    pub(crate) async fn renew_with(
        &self,
        event: Event,
        session: &CurrentSession,
        state: AccountState,
        proofs: Proofs,
    ) -> Result<Option<RenewedSession>, StoreError> {
        let Some(renewed) = self.insert_again(session, state, proofs).await? else {
            return Ok(None);
        };
        let event = event.credential(&renewed.handle);
        let replace = self.store.remove(&session.digest);
        match self.kit.recording(event, replace).await {
            Ok((event, is_replaced)) => {
                if is_replaced {
                    self.kit.emit(event);
                }
                self.replaced(renewed, is_replaced).await
            }
            Err(error) => {
                self.replaced(renewed, false).await?;
                Err(error)
            }
        }
    }

    /// Stores a session under another token.
    async fn insert_again(
        &self,
        session: &CurrentSession,
        state: AccountState,
        proofs: Proofs,
    ) -> Result<Option<RenewedSession>, StoreError> {
        let now = self.kit.now();
        let found = self.store.find(&session.digest, now).await?;
        // A session in which an administrator acts goes on in no other form.
        let Some(stored) = found.filter(|found| found.impersonator.is_none()) else {
            return Ok(None);
        };
        // An insert forgets sessions of an earlier state.
        if stored.state != state && !self.store.rebind(&session.digest, state).await? {
            return Ok(None);
        }
        let token = SessionToken::generate();
        let digest = token.digest();
        let is_remembered = stored.is_remembered;
        self.store.insert(Session { digest, state, proofs, ..stored }, u32::MAX).await?;
        Ok(Some(RenewedSession { token, handle: digest.handle(), is_remembered }))
    }

    /// Takes the session under its new token away if the former one has ended meanwhile.
    async fn replaced(
        &self,
        renewed: RenewedSession,
        is_replaced: bool,
    ) -> Result<Option<RenewedSession>, StoreError> {
        if !is_replaced {
            self.store.remove(&renewed.token.digest()).await?;
        }
        Ok(is_replaced.then_some(renewed))
    }

    /// Opens a session after the password was verified, and revokes those that the client had so
    /// far.
    pub(crate) async fn open(
        &self,
        account: &Account<U>,
        client: ClientInfo,
        is_remembered: bool,
        replaces: &[SessionToken],
    ) -> Result<OpenedSession, StoreError> {
        let proofs = Proofs::of_password(self.kit.now());
        self.open_as(account, Opening { client, is_remembered, replaces, proofs }).await
    }

    /// Opens a session, and revokes those that the client had so far.
    pub(crate) async fn open_as(
        &self,
        account: &Account<U>,
        opening: Opening<'_>,
    ) -> Result<OpenedSession, StoreError> {
        let Opening { client, is_remembered, replaces, proofs } = opening;
        let lifetime = self.config.absolute_timeout;
        let (opened, session) = self.new_session(account, &client, is_remembered, lifetime);
        let digest = session.digest;
        let session = Session { proofs, ..session };
        let event = self.kit.event(EventKind::SignedIn).account(account).client(&client);
        let insert = self.insert(session, self.config.max_sessions, replaces);
        self.opening(event, digest, insert).await?;
        Ok(opened)
    }

    /// Opens a session of `account` for an administrator. It proves no factor, is not remembered, ends
    /// no other session of the account, and ends after `lifetime` or with the administrator's own one.
    ///
    /// The administrator's own session is replaced by one that proves nothing, since the pages of the
    /// account run beside it. Returns `None` if it has ended meanwhile.
    pub(crate) async fn impersonate(
        &self,
        account: &Account<U>,
        by: (&Account<U>, &CurrentSession),
        client: ClientInfo,
        lifetime: Duration,
    ) -> Result<Option<(OpenedSession, RenewedSession, DateTime<Utc>)>, StoreError> {
        let (administrator, own) = by;
        let lowered = self.insert_again(own, administrator.state(), Proofs::lowered()).await?;
        let Some(lowered) = lowered else { return Ok(None) };
        let (opened, session) = self.new_session(account, &client, false, Some(lifetime));
        let (digest, ends_at) = (session.digest, session.created_at + lifetime);
        let impersonator = Impersonator {
            account: administrator.user.id().to_string(),
            state: administrator.state(),
            session: lowered.token.digest(),
        };
        let session = Session { impersonator: Some(impersonator), ..session };
        let event = self.kit.event(EventKind::ImpersonationStarted).account(account);
        let event = event.actor(administrator).client(&client).credential(&opened.handle);
        let event = event.ending_at(ends_at);
        let begin = async {
            self.store.insert(session, u32::MAX).await?;
            self.kit.recording(event, self.store.remove(own.digest())).await
        };
        let begun = begin.await;
        if let Ok((event, true)) = begun {
            self.kit.emit(event);
            return Ok(Some((opened, lowered, ends_at)));
        }
        self.abandon(&digest).await;
        self.abandon(&lowered.token.digest()).await;
        begun.map(|_| None)
    }

    /// A session of the account that begins now, without proofs. It is not stored yet.
    fn new_session(
        &self,
        account: &Account<U>,
        client: &ClientInfo,
        is_remembered: bool,
        lifetime: Option<Duration>,
    ) -> (OpenedSession, Session<U::Id>) {
        let now = self.kit.now();
        let ends_at = lifetime.map(|lifetime| now + lifetime);
        let (token, csrf) = (SessionToken::generate(), CsrfToken::generate());
        let digest = token.digest();
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
            proofs: Proofs::default(),
            impersonator: None,
        };
        (OpenedSession { token, csrf, handle: digest.handle(), is_remembered }, session)
    }

    /// Runs the insert of a new session, and reports its event. The session is removed if it fails.
    async fn opening(
        &self,
        event: Event,
        digest: SessionDigest,
        insert: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let event = event.credential(&digest.handle());
        let (event, inserted) = self.kit.recording_some(event, insert).await;
        if let Err(error) = inserted {
            self.abandon(&digest).await;
            if event.is_recorded() {
                self.kit.emit(self.kit.event(EventKind::SessionRevoked).like(&event));
            }
            return Err(error);
        }
        self.kit.emit(event);
        Ok(())
    }

    async fn insert(
        &self,
        session: Session<U::Id>,
        max: u32,
        replaces: &[SessionToken],
    ) -> Result<(), StoreError> {
        self.store.insert(session, max).await?;
        for replaced in replaces {
            self.replace(&replaced.digest()).await?;
        }
        Ok(())
    }

    /// Removes a session that the client had so far.
    async fn replace(&self, digest: &SessionDigest) -> Result<(), StoreError> {
        let found = self.store.find(digest, self.kit.now()).await?;
        let is_removed = self.store.remove(digest).await?;
        if let Some(session) = found.filter(|_| is_removed) {
            self.end_impersonation(&session);
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
