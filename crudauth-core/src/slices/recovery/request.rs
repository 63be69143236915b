//! Asking for a token.

use tracing::info;

use super::{Holder, Recovery};
use crate::guard::{Action, Subject};
use crate::model::{Account, AuthUser, Contact, Destination, EmailAddress};
use crate::notify::MessageKind;
use crate::password::{Busy, Password, Verdict};
use crate::ports::{Purpose, StoreError};
use crate::slices::sessions::Visitor;

/// Why a change of address was not begun.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The password is wrong, or the account has none.
    #[error("the password is wrong")]
    WrongPassword,
    /// Who asks is a program: addresses are for their owner to change.
    #[error("a program changes no address")]
    NotOwner,
    /// It is the account's address already.
    #[error("that is the address already")]
    SameAddress,
    /// Too many passwords are waiting to be verified.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error("the account store failed")]
    Store(#[from] StoreError),
}

impl<U: AuthUser> Recovery<U> {
    /// Sends a verification token, if an active account has that contact and has not proved it
    /// yet. Returns at once, and the same for everybody.
    pub fn start_verification(&self, contact: Contact, redirect_to: Option<Destination>) {
        self.start(Purpose::Verify, contact, redirect_to);
    }

    /// Sends a reset token, if an active account has that contact. Returns at once, and the same
    /// for everybody.
    pub fn start_reset(&self, contact: Contact, redirect_to: Option<Destination>) {
        self.start(Purpose::Reset, contact, redirect_to);
    }

    fn start(&self, purpose: Purpose, contact: Contact, redirect_to: Option<Destination>) {
        let recovery = self.clone();
        let what = match purpose {
            Purpose::Verify => "verification",
            Purpose::Reset | Purpose::Change => "reset",
        };
        self.0.outbox.enqueue(what, async move {
            let asked = match purpose {
                Purpose::Verify => Action::EmailVerifyRequest,
                Purpose::Reset | Purpose::Change => Action::PasswordResetRequest,
            };
            let action = asked.as_str();
            let account = match recovery.find(&contact).await {
                Ok(Some(account)) => account,
                Ok(None) => return info!(action, "nothing sent: no such account"),
                Err(error) => return error.log("looking up an account"),
            };
            let is_done = purpose == Purpose::Verify && account.is_verified();
            if !account.is_active() || is_done {
                return info!(action, account = %account.user.id(), "nothing sent: disabled or verified");
            }
            // Looked up by the compared form: the message goes to the account's own contact, and to
            // no other that a database takes for it.
            if account.contact().as_ref() != Some(&contact) {
                return info!(action, "nothing sent: no such account");
            }
            // Counted only for what would go out, or strangers could use up the allowance of
            // an address before its owner has an account.
            let target = Subject::Target(contact.as_str());
            if !recovery.0.throttle.allows(asked, target).await {
                return info!(action, account = %account.user.id(), "nothing sent: too many for one address");
            }
            info!(action, account = %account.user.id(), "token issued");
            let Some(holder) = Holder::of(&account) else { return };
            recovery.issue(purpose, holder, contact, None, redirect_to).await;
        });
    }

    /// Mails a link to `new_address` by which the account moves there, and tells the present
    /// address that this was asked for. Whether the new address is free is looked up after the
    /// answer, and told to nobody.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing is sent then.
    pub async fn start_change(
        &self,
        visitor: impl Into<Visitor<'_, U>>,
        password: &Password,
        new_address: EmailAddress,
        redirect_to: Option<Destination>,
    ) -> Result<(), ChangeError> {
        let account = visitor.into().owned().map_err(|_| ChangeError::NotOwner)?;
        let verdict = self.0.hashing.verify(password, Some(&account.hash)).await?;
        if verdict == Verdict::Wrong {
            info!(account = %account.user.id(), "change of address refused: wrong password");
            return Err(ChangeError::WrongPassword);
        }
        let Some(Contact::Email(present)) = account.contact() else {
            return Err(ChangeError::WrongPassword);
        };
        if present == new_address {
            return Err(ChangeError::SameAddress);
        }
        let (recovery, account) = (self.clone(), account.clone());
        self.0.outbox.enqueue("change-of-address mail", async move {
            recovery.change(account, new_address, redirect_to).await;
        });
        Ok(())
    }

    async fn change(
        &self,
        account: Account<U>,
        new_address: EmailAddress,
        redirect_to: Option<Destination>,
    ) {
        info!(account = %account.user.id(), "change of address asked for");
        // Whatever becomes of it: a notice only for a free address would tell which ones are.
        self.notify_account(MessageKind::EmailChangeRequested, &account);
        match self.find(&new_address.clone().into()).await {
            Ok(None) => {}
            Ok(Some(_)) => {
                return info!(account = %account.user.id(), "nothing sent: address taken");
            }
            Err(error) => return error.log("looking up an account"),
        }
        let target = Subject::Target(new_address.as_str());
        if !self.0.throttle.allows(Action::EmailChangeRequest, target).await {
            return info!("nothing sent: too many for one address");
        }
        let Some(holder) = Holder::of(&account) else { return };
        let to = new_address.clone().into();
        self.issue(Purpose::Change, holder, to, Some(new_address), redirect_to).await;
    }
}
