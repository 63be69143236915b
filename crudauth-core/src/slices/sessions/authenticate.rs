//! Checks the session of a request.

use chrono::{DateTime, Utc};

use super::store::Session;
use super::{CurrentSession, Sessions};
use crate::event::{Event, EventKind};
use crate::model::{Account, AuthUser, CsrfToken, Impersonator, SessionDigest, SessionToken};
use crate::principal::{Principal, absolute_expiry};
use crate::store_error::StoreError;

impl<U: AuthUser> Sessions<U> {
    /// Returns the principal of a session cookie, if the session is valid.
    ///
    /// Extends the session, at most once a minute. If the account was disabled, by whatever means,
    /// every credential it has is revoked: enabling it again brings none of them back.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn authenticate(
        &self,
        token: &SessionToken,
    ) -> Result<Option<Principal<U>>, StoreError> {
        self.resume(&token.digest()).await
    }

    /// As [`authenticate`](Self::authenticate), for a session whose token was checked before.
    pub(crate) async fn resume(
        &self,
        digest: &SessionDigest,
    ) -> Result<Option<Principal<U>>, StoreError> {
        let now = self.kit.now();
        let Some((session, account)) = self.find(digest, now).await? else { return Ok(None) };
        if session.state != account.state() {
            return Ok(None);
        }
        // What few requests do is behind a pointer. The future of every request would have room for it
        // otherwise.
        if !account.is_active() {
            Box::pin(self.kit.revoke_disabled(&account)).await?;
            return Ok(None);
        }
        let ends_at = self.ends_at(&session);
        let may_go_on = match &session.impersonator {
            _ if ends_at.is_some_and(|ends_at| ends_at <= now) => false,
            Some(by) => Box::pin(self.may_impersonate(by, &account, now)).await?,
            None => true,
        };
        if !may_go_on {
            Box::pin(self.end(&session)).await?;
            return Ok(None);
        }
        let was_extended = self.extend(&session, now).await;
        let current = CurrentSession {
            digest: *digest,
            csrf: session.csrf,
            is_remembered: session.is_remembered,
            created_at: session.created_at,
            last_activity_at: session.last_activity_at,
            ends_at,
            was_extended,
            proofs: session.proofs,
            impersonator: session.impersonator,
        };
        Ok(Some(Principal::with_session(account, current)))
    }

    /// Returns `true` while the administrator's own session is valid and may act on the account; then
    /// it is extended, too. This costs the requests of an impersonated session another query, and
    /// others none.
    async fn may_impersonate(
        &self,
        by: &Impersonator,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Some((own, administrator)) = self.find(&by.session, now).await? else {
            return Ok(false);
        };
        // The own session of a changed account may go on, and an impersonation of before must not.
        let is_own = own.state == administrator.state()
            && by.state == administrator.state()
            && own.impersonator.is_none()
            && administrator.user.id().to_string() == by.account;
        let is_over = self.ends_at(&own).is_some_and(|ends_at| ends_at <= now);
        let may_act = administrator.is_active() && administrator.is_superuser();
        if !is_own || is_over || !may_act || account.is_superuser() {
            return Ok(false);
        }
        self.extend(&own, now).await;
        Ok(true)
    }

    /// Removes a session that may not go on.
    async fn end(&self, session: &Session<U::Id>) -> Result<(), StoreError> {
        let remove = self.store.remove(&session.digest);
        let Some(event) = self.end_of(session) else {
            remove.await?;
            return Ok(());
        };
        let (event, is_removed) = self.kit.recording(event, remove).await?;
        if is_removed {
            self.kit.emit(event);
        }
        Ok(())
    }

    /// The event of the end of a session, if an administrator acts in it.
    fn end_of(&self, session: &Session<U::Id>) -> Option<Event> {
        let by = session.impersonator.as_ref()?;
        let event = self.kit.event(EventKind::ImpersonationEnded).account_id(&session.account);
        Some(event.actor_of_key(Some(&by.account)).credential(&session.handle()))
    }

    /// Reports that a session was removed, if an administrator acted in it.
    pub(super) fn end_impersonation(&self, session: &Session<U::Id>) {
        if let Some(event) = self.end_of(session) {
            self.kit.emit(event);
        }
    }

    /// The absolute end of a session.
    fn ends_at(&self, session: &Session<U::Id>) -> Option<DateTime<Utc>> {
        absolute_expiry(session.created_at, session.ends_at, self.config.absolute_timeout)
    }

    /// Records activity, at most once a minute. Returns `true` if it was recorded.
    async fn extend(&self, session: &Session<U::Id>, now: DateTime<Utc>) -> bool {
        let was_extended = now - session.last_activity_at >= self.config.extension_interval();
        if was_extended {
            let expires_at = self.config.expiry(session.is_remembered, self.ends_at(session), now);
            // The session is valid all the same, and the next request tries again.
            if let Err(error) = self.store.touch(&session.digest, now, expires_at).await {
                error.log("extending a session");
            }
        }
        was_extended
    }

    /// Returns a session and its account, with one query if one database has both.
    async fn find(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session<U::Id>, Account<U>)>, StoreError> {
        if let Some(database) = self.store.beside_accounts() {
            return database.find_with_account(digest, now).await;
        }
        let Some(session) = self.store.find(digest, now).await? else { return Ok(None) };
        let account = self.kit.accounts.by_id(&session.account).await?;
        Ok(account.map(|account| (session, account)))
    }

    /// Returns `true` if `sent` is the CSRF token of the session.
    #[must_use]
    pub fn is_csrf_token(&self, session: &CurrentSession, sent: &str) -> bool {
        CsrfToken::parse(sent).is_some_and(|token| token.digest() == session.csrf)
    }

    /// Replaces the CSRF token of a session. Returns `None` if the session has ended or got another
    /// token meanwhile.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn renew_csrf_token(
        &self,
        session: &CurrentSession,
    ) -> Result<Option<CsrfToken>, StoreError> {
        let token = CsrfToken::generate();
        let replaced =
            self.store.replace_csrf(&session.digest, &session.csrf, &token.digest()).await?;
        Ok(replaced.then_some(token))
    }

    /// Returns `true` if the session still is valid: it is asked right before something lasting is
    /// stored on behalf of the session.
    pub(crate) async fn is_valid(&self, session: &CurrentSession) -> Result<bool, StoreError> {
        let found = self.find(&session.digest, self.kit.now()).await?;
        // The rows of an earlier state may still be there.
        Ok(found.is_some_and(|(session, account)| {
            account.is_active() && session.state == account.state()
        }))
    }

    /// Keeps a session valid after its own change of password. One in which an administrator acts ends.
    pub(crate) async fn rebind(
        &self,
        session: &CurrentSession,
        state: crate::model::AccountState,
    ) -> Result<(), StoreError> {
        if session.impersonator.is_none() {
            self.store.rebind(&session.digest, state).await?;
        }
        Ok(())
    }
}
