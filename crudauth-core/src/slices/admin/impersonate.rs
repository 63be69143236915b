//! Acts as another account, for a limited time.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{AdminError, Administrator, Administrators};
use crate::model::{Account, AuthUser, ClientInfo};
use crate::notify::MessageKind;
use crate::slices::sessions::{OpenedSession, RenewedSession};
use crate::slices::sudo::SudoError;

/// The session of another account for an administrator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Impersonation<U: AuthUser> {
    /// The account.
    pub account: Account<U>,
    /// Its session, with which the administrator acts.
    pub session: OpenedSession,
    /// The administrator's own session, which has another token now and proves no factor.
    pub own: RenewedSession,
    /// Lifetime of the session.
    pub lifetime: Duration,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

impl<U: AuthUser> Administrators<U> {
    /// Opens a session of another account for a superuser, whose own session goes on under another
    /// token, without elevation and without the factors that it had proved.
    ///
    /// The session proves no factor, and its principal has the role
    /// [`Impersonator`](crate::principal::Role::Impersonator): no call of the library changes the
    /// account for it, or shows its credentials. It ends after its lifetime, by its owner, with the
    /// session of the superuser, and when the superuser is demoted. The owner gets a notice.
    ///
    /// # Errors
    /// [`AdminError::Off`] without the setting; [`AdminError::NotImpersonable`] for a superuser and a
    /// disabled account; [`AdminError::Proof`] for a caller without a session;
    /// [`AdminError::Ended`] if that session has ended meanwhile.
    pub async fn impersonate(
        &self,
        by: &Administrator<U>,
        id: &U::Id,
        client: ClientInfo,
    ) -> Result<Impersonation<U>, AdminError> {
        let sessions = self.tools.sessions.as_ref().filter(|_| self.config.impersonates);
        let sessions = sessions.ok_or(AdminError::Off)?;
        let (administrator, own) = by.session().ok_or(SudoError::NeedsSession)?;
        let account = self.target(id).await?;
        if account.is_superuser() || !account.is_active() {
            return Err(AdminError::NotImpersonable);
        }
        let lifetime = self.config.impersonation_lifetime;
        let begun = sessions.impersonate(&account, (administrator, own), client, lifetime).await?;
        let (session, own, ends_at) = begun.ok_or(AdminError::Ended)?;
        if self.config.notifies_of_impersonation {
            self.notify(MessageKind::Impersonated, &account);
        }
        Ok(Impersonation { account, session, own, lifetime, ends_at })
    }
}
