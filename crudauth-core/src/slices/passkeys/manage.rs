//! Lists, renames and removes passkeys.

use super::ceremony::to_base64url;
use super::sql::NAME_CHARS;
use super::store::{PasskeyId, Removed, StoredPasskey};
use super::{PasskeyError, Passkeys};
use crate::event::EventKind;
use crate::model::{Account, AuthUser, FieldError, FieldErrorKind, Proofs, is_invisible};
use crate::notify::MessageKind;
use crate::principal::{CurrentSession, Principal, Role};
use crate::slices::sessions::RenewedSession;
use crate::store_error::StoreError;

/// A removed passkey.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RemovedPasskey<U: AuthUser> {
    /// The account in its new state.
    pub account: Account<U>,
    /// The passkeys that are left, for the authenticators. `None` if the store failed after the
    /// removal.
    pub accepted: Option<AcceptedPasskeys>,
    /// The session of the caller, which has another token now.
    pub session: Option<RenewedSession>,
}

/// The passkeys that the app accepts of an account. A page passes them to
/// `PublicKeyCredential.signalAllAcceptedCredentials`, so that authenticators forget all others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcceptedPasskeys {
    /// The domain that passkeys are bound to.
    pub rp_id: String,
    /// The handle of the account, in base64url.
    pub user_handle: String,
    /// The ids of all its passkeys, in base64url.
    pub credential_ids: Vec<String>,
}

impl<U: AuthUser> Passkeys<U> {
    /// The passkeys of the principal's account, the oldest first.
    ///
    /// # Errors
    /// [`PasskeyError::NotOwner`], [`PasskeyError::Store`].
    pub async fn list(&self, principal: &Principal<U>) -> Result<Vec<StoredPasskey>, PasskeyError> {
        let account = principal.owned_account()?;
        Ok(self.store.list(account).await?)
    }

    /// All passkeys of one account, in the form for authenticators. `None` without any.
    #[must_use]
    pub fn accepted(&self, passkeys: &[StoredPasskey]) -> Option<AcceptedPasskeys> {
        Some(self.accepted_under(passkeys.first()?.user_handle, passkeys))
    }

    /// As [`accepted`](Self::accepted), after a change. The change stays if the store fails.
    pub(super) async fn accepted_now(
        &self,
        account: &Account<U>,
        user_handle: [u8; 16],
    ) -> Option<AcceptedPasskeys> {
        match self.store.list(account).await {
            Ok(passkeys) => Some(self.accepted_under(user_handle, &passkeys)),
            Err(error) => {
                error.log("listing passkeys after a change");
                None
            }
        }
    }

    fn accepted_under(
        &self,
        user_handle: [u8; 16],
        passkeys: &[StoredPasskey],
    ) -> AcceptedPasskeys {
        let ids = passkeys.iter().map(|passkey| to_base64url(&passkey.credential_id));
        AcceptedPasskeys {
            rp_id: self.party.id().to_owned(),
            user_handle: to_base64url(&user_handle),
            credential_ids: ids.collect(),
        }
    }

    /// Renames a passkey.
    ///
    /// # Errors
    /// [`PasskeyError::Invalid`], [`PasskeyError::NotFound`], [`PasskeyError::NotOwner`],
    /// [`PasskeyError::Store`].
    pub async fn rename(
        &self,
        principal: &Principal<U>,
        id: &PasskeyId,
        name: &str,
    ) -> Result<(), PasskeyError> {
        let account = principal.owned_account()?;
        let name = valid_name(name).map_err(PasskeyError::Invalid)?;
        let event = self.kit.event(EventKind::PasskeyRenamed).account(account).credential(id);
        let rename = self.store.rename(account, id, &name);
        let (event, is_renamed) = self.kit.recording(event, rename).await?;
        if !is_renamed {
            return Err(PasskeyError::NotFound);
        }
        self.kit.emit(event);
        Ok(())
    }

    /// Removes a passkey. Every session but the caller's, every bearer token and every API key is
    /// revoked, and the owner gets a notice. An account without a password and a
    /// connection with a provider keeps its last passkey.
    ///
    /// # Errors
    /// [`PasskeyError`]; nothing changes then.
    pub async fn remove(
        &self,
        principal: &Principal<U>,
        id: &PasskeyId,
    ) -> Result<RemovedPasskey<U>, PasskeyError> {
        let account = principal.owned_account()?;
        self.check_fresh(principal).await?;
        let before = self.store.list(account).await?;
        let removed = before.iter().find(|passkey| passkey.id() == *id);
        let user_handle = removed.ok_or(PasskeyError::NotFound)?.user_handle;
        let keeps_last = self.needs_passkeys(principal).await?;
        self.callers.check(principal).await?;
        let now = self.kit.now();
        let event = self.kit.event(EventKind::PasskeyRemoved).account(account).credential(id);
        let remove = self.store.remove(account, id, keeps_last, now);
        let (event, removed) = self.kit.recording(event, remove).await?;
        let account = match removed {
            Removed::Done(account) => *account,
            Removed::Last => return Err(PasskeyError::LastWayIn),
            Removed::NotFound => return Err(PasskeyError::NotFound),
            Removed::AccountChanged => return Err(PasskeyError::Ended),
        };
        self.kit.emit(event);
        self.notify(MessageKind::PasskeyRemoved, &account);
        let accepted = self.accepted_now(&account, user_handle).await;
        let proofs = principal.session().map(CurrentSession::proofs).unwrap_or_default();
        let proofs = Proofs { passkey_at: None, elevated_at: None, ..proofs };
        let session = self.callers.renew(principal, account.state(), proofs).await;
        Ok(RemovedPasskey { account, accepted, session })
    }

    /// Removes all passkeys of an account, for a support desk that has identified the owner by other
    /// means. Returns their number. If there were any, the account's credentials are revoked, and the
    /// owner gets a notice.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn remove_all(&self, account: &Account<U>) -> Result<u64, StoreError> {
        let event = self.kit.event(EventKind::PasskeysRemoved).account(account);
        let remove = self.store.remove_all(account, event.at());
        let (event, removed) = self.kit.recording(event, remove).await?;
        self.kit.emit(event.count(removed));
        if removed > 0 {
            self.notify(MessageKind::PasskeyRemoved, account);
        }
        Ok(removed)
    }

    /// Whether the account has no other way in.
    async fn needs_passkeys(&self, principal: &Principal<U>) -> Result<bool, PasskeyError> {
        if principal.role() == Role::Application {
            return Ok(false);
        }
        let account = principal.account();
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let Some((_, hash)) = found.filter(|(found, _)| found.state() == account.state()) else {
            return Err(PasskeyError::Ended);
        };
        Ok(!hash.is_usable())
    }
}

/// The name as it is stored.
pub(super) fn valid_name(name: &str) -> Result<String, Vec<FieldError>> {
    let name = name.trim();
    let is_hidden = |c: char| c != ' ' && (c.is_whitespace() || is_invisible(c));
    let error = if name.is_empty() {
        let message = "String should have at least 1 character";
        FieldError::new("name", FieldErrorKind::TooShort { min: 1 }, message)
    } else if name.chars().count() > usize::from(NAME_CHARS) {
        FieldError::too_long("name", usize::from(NAME_CHARS))
    } else if name.chars().any(is_hidden) {
        let message = "value contains an invisible character";
        FieldError::new("name", FieldErrorKind::Value, message)
    } else {
        return Ok(name.to_owned());
    };
    Err(vec![error])
}
