//! What every flow is given.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::account_store::{AccountStore, NewAccount};
use crate::clock::Clock;
use crate::event::trail::Trail;
use crate::event::{Event, EventKind, Events};
use crate::guard::{Lockout, RateLimiter};
use crate::hooks::{HookError, Hooks};
use crate::model::{Account, AuthUser, ClientInfo, Contact, Identifier, KeyRing, Proofs, Username};
use crate::notify::Notifier;
use crate::password::{HashingPool, PasswordPolicy};
use crate::principal::ScopePolicyHandle;
use crate::sign_up_policy::{NotAdmitted, SignUpPolicy};
use crate::store_error::StoreError;

/// The shared parts of a mount. Clones share everything.
#[derive(Clone)]
pub struct Kit<U: AuthUser> {
    /// Accounts.
    pub accounts: Arc<dyn AccountStore<U>>,
    /// Keys derived from the app's secrets.
    pub keys: KeyRing,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Hashes and verifies passwords.
    pub hashing: HashingPool,
    /// Judges new passwords.
    pub policy: PasswordPolicy,
    /// Selects the scopes that accounts get.
    pub scopes: ScopePolicyHandle<U>,
    /// Counts uses against rate limits.
    pub limits: RateLimiter,
    /// Counts failed sign-ins.
    pub lockout: Lockout,
    /// Decides which people may sign up.
    pub sign_up: SignUpPolicy,
    /// Asks the app before a sign-up and a sign-in.
    pub hooks: Hooks<U>,
    /// Hands events to the app.
    pub events: Events,
    /// Keeps events; `None` without the slice `audit`.
    pub trail: Option<Trail<U>>,
    /// Sends messages; `None` if the mount has no way to send any.
    pub notifier: Option<Notifier>,
}

impl<U: AuthUser> Kit<U> {
    /// The present instant. One reading serves one decision.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Returns the account that has that recovery contact.
    pub(crate) async fn account_with(
        &self,
        contact: &Contact,
    ) -> Result<Option<Account<U>>, StoreError> {
        let at = U::SHAPE.recovery.unwrap_or_default();
        let key = contact.as_str();
        let mut found = self.accounts.by_identifier(at, key, key).await?;
        let alternate = U::SHAPE.identifiers.get(at).and_then(|column| column.alternate(key));
        if let (None, Some(other)) = (&found, alternate) {
            found = self.accounts.by_identifier(at, &other, key).await?;
        }
        Ok(found.map(|(account, _)| account))
    }

    /// An event of now, by the client of the current task.
    pub(crate) fn event(&self, kind: EventKind) -> Event {
        Event::new(kind, self.now())
    }

    /// Reports an event after its effect, unless it affected nothing. Every flow reports its outcome
    /// here and nowhere else.
    pub(crate) fn emit(&self, event: Event) {
        if event.has_effect() {
            event.log();
            self.events.publish(&event);
            if let Some(trail) = &self.trail
                && !event.is_recorded()
            {
                trail.append(&event);
            }
        }
    }

    /// Reports a new account, and the invitation that it consumed.
    pub(crate) fn emit_registered(&self, event: Event, id: &U::Id, is_invited: bool) {
        self.emit(event.account_id(id));
        if is_invited {
            self.emit(self.event(EventKind::InvitationAccepted).account_id(id));
        }
    }

    /// Runs the verb of a store that has this event as its effect, so that one transaction stores
    /// both. The flow still [emits](Self::emit) the returned event if the verb did something.
    pub(crate) async fn recording<T, E>(
        &self,
        event: Event,
        verb: impl Future<Output = Result<T, E>>,
    ) -> Result<(Event, T), E> {
        let (event, done) = self.recording_some(event, verb).await;
        Ok((event, done?))
    }

    /// As [`recording`](Self::recording), for several verbs, of which one may fail after the event was
    /// stored.
    pub(crate) async fn recording_some<F: Future>(
        &self,
        event: Event,
        verbs: F,
    ) -> (Event, F::Output) {
        match &self.trail {
            None => (event, verbs.await),
            Some(trail) => {
                let (is_recorded, done) = trail.record(&event, verbs).await;
                (event.recorded(is_recorded), done)
            }
        }
    }

    /// Asks the policy, and then the app, whether a sign-up may go on.
    pub(crate) async fn admit_sign_up(
        &self,
        identifiers: &[Option<Identifier>],
    ) -> Result<(), NotAdmitted> {
        if !self.sign_up.admits(identifiers) {
            self.emit(self.event(EventKind::SignUpClosed));
            return Err(NotAdmitted::Closed);
        }
        Ok(self.admit_wanted(identifiers).await?)
    }

    /// As [`admit_sign_up`](Self::admit_sign_up), for an account whose contact is proved, and perhaps
    /// invited.
    pub(crate) async fn admit_proved(&self, account: &NewAccount<U>) -> Result<(), NotAdmitted> {
        if account.invitation.is_some() {
            return Ok(self.admit_wanted(&account.identifiers).await?);
        }
        self.admit_sign_up(&account.identifiers).await
    }

    /// As [`admit_sign_up`](Self::admit_sign_up), for an account that the app wants, regardless
    /// of the policy.
    pub(crate) async fn admit_wanted(
        &self,
        identifiers: &[Option<Identifier>],
    ) -> Result<(), HookError> {
        let asked = self.hooks.before_sign_up(identifiers).await;
        if asked.as_ref().is_err_and(HookError::is_refusal) {
            self.emit(self.event(EventKind::SignUpRefused));
        }
        asked
    }

    /// Asks the app whether an account may get a username.
    pub(crate) async fn admit_username(
        &self,
        account: &Account<U>,
        name: &Username,
    ) -> Result<(), HookError> {
        let asked = self.hooks.before_username_change(account, name).await;
        if asked.as_ref().is_err_and(HookError::is_refusal) {
            self.emit(self.event(EventKind::UsernameRefused).account(account));
        }
        asked
    }

    /// Asks the app whether a client may sign in that has proved these factors.
    pub(crate) async fn admit_sign_in(
        &self,
        account: &Account<U>,
        client: &ClientInfo,
        proofs: Proofs,
    ) -> Result<(), HookError> {
        let asked = self.hooks.before_sign_in(account, client, proofs).await;
        if asked.as_ref().is_err_and(HookError::is_refusal) {
            self.emit(self.event(EventKind::SignInRefused).account(account).client(client));
        }
        asked
    }

    /// Waits until every event is kept, and every subscriber is done with it.
    pub async fn events_drained(&self) {
        self.events.drained().await;
        if let Some(trail) = &self.trail {
            trail.drained().await;
        }
    }

    /// Revokes every credential of a disabled account whose credential was just used, so that
    /// enabling the account brings none back.
    #[doc(hidden)]
    pub async fn revoke_disabled(&self, account: &Account<U>) -> Result<(), StoreError> {
        let event = self.event(EventKind::DisabledCredentialsRevoked).account(account);
        let revoke = self.accounts.revoke_disabled(account.user.id(), self.now());
        let (event, ()) = self.recording(event, revoke).await?;
        self.emit(event);
        Ok(())
    }
}

impl<U: AuthUser> std::fmt::Debug for Kit<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kit(..)")
    }
}
