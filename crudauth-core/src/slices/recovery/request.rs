//! Requests that send one-time tokens.

use super::store::Purpose;
use super::{Issue, Recovery};
use crate::event::EventKind;
use crate::model::{
    Account, AuthUser, Contact, EmailAddress, MailedCode, OneTimeToken, RecoverableByEmail,
    RedirectPath,
};
use crate::notify::MessageKind;
use crate::password::{Busy, Verdict};
use crate::principal::Principal;
use crate::slices::sudo::{Proof, SudoError};
use crate::store_error::StoreError;

/// Why a change of address was not started.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The password is wrong, or the account has none.
    #[error("the password is wrong")]
    WrongPassword,
    /// The account has a second factor, and the owner has not proved it.
    #[error(transparent)]
    SecondFactor(SudoError),
    /// The caller is a program.
    #[error("program credentials cannot change the address")]
    NotOwner,
    /// The account has that address already.
    #[error("the address is the current one")]
    SameAddress,
    /// The account has proved no address, and the policy of sign-ups refuses this one.
    #[error("the policy of sign-ups refuses the address")]
    SignUpClosed,
    /// The hashing queue is full.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

impl From<SudoError> for ChangeError {
    fn from(error: SudoError) -> Self {
        match error {
            SudoError::Store(error) => Self::Store(error),
            error => Self::SecondFactor(error),
        }
    }
}

impl<U: AuthUser> Recovery<U> {
    /// Sends a verification token, if an active account has that contact and has not verified it.
    /// Returns at once, and the same for every contact.
    pub fn start_verification(&self, contact: Contact, redirect_to: Option<RedirectPath>) {
        let recovery = self.clone();
        self.notifier.spawn("verification", async move {
            let token = OneTimeToken::generate();
            recovery.send_link(Purpose::Verify, contact, (token, None), redirect_to).await;
        });
    }

    /// Sends a reset token, if an active account has that contact. Returns at once, and the same for
    /// every contact.
    pub fn start_reset(&self, contact: Contact, redirect_to: Option<RedirectPath>) {
        let recovery = self.clone();
        self.notifier.spawn("reset", async move {
            let token = OneTimeToken::generate();
            recovery.send_link(Purpose::Reset, contact, (token, None), redirect_to).await;
        });
    }

    /// Sends a link that deletes the account, to its own contact. Returns at once.
    pub(crate) fn start_deletion(&self, account: &Account<U>) {
        let Some(contact) = account.contact() else { return };
        let recovery = self.clone();
        self.notifier.spawn("deletion", async move {
            let token = OneTimeToken::generate();
            recovery.send_link(Purpose::Delete, contact, (token, None), None).await;
        });
    }

    pub(super) async fn send_link(
        &self,
        purpose: Purpose,
        contact: Contact,
        (token, code): (OneTimeToken, Option<MailedCode>),
        redirect_to: Option<RedirectPath>,
    ) {
        let account = match self.find_by_contact(&contact).await {
            Ok(Some(account)) => account,
            Ok(None) => return self.kit.emit(self.kit.event(EventKind::LinkWithoutAccount)),
            Err(error) => return error.log("looking up an account"),
        };
        let is_verified = purpose == Purpose::Verify && account.is_verified();
        if !account.is_active() || is_verified {
            let event = self.kit.event(EventKind::LinkNotNeeded);
            return self.kit.emit(event.account(&account));
        }
        // The look-up went by the compared form. The message goes to the account's own contact, not
        // to another one that a database takes for it.
        if account.contact().as_ref() != Some(&contact) {
            return self.kit.emit(self.kit.event(EventKind::LinkWithoutAccount));
        }
        let Some(bound_to) = account.contact_key() else { return };
        // Counted only for links that would be sent, or strangers could use up the limit of an
        // address before its owner has an account.
        if !self.may_send(purpose, &contact).await {
            let event = self.kit.event(EventKind::LinkLimited);
            return self.kit.emit(event.account(&account));
        }
        let issue = Issue {
            purpose,
            account: account.user.id().clone(),
            state: account.state(),
            bound_to,
            to: contact,
            new_address: None,
            redirect_to,
            token,
            code,
        };
        if self.issue(issue).await {
            self.kit.emit(self.kit.event(EventKind::OneTimeTokenIssued).account(&account));
        }
    }
}

impl<U: AuthUser + RecoverableByEmail> Recovery<U> {
    /// Checks what needs neither the password nor a mail.
    ///
    /// # Errors
    /// [`ChangeError::NotOwner`], [`ChangeError::SameAddress`] and [`ChangeError::SignUpClosed`].
    pub fn check_change(
        &self,
        principal: &Principal<U>,
        new_address: &EmailAddress,
    ) -> Result<(), ChangeError> {
        let account = principal.owned_account().map_err(|_| ChangeError::NotOwner)?;
        let is_present = account.contact() == Some(new_address.clone().into());
        if is_present {
            return Err(ChangeError::SameAddress);
        }
        let may_move = account.is_verified() || self.kit.sign_up.admits_move(new_address);
        if may_move { Ok(()) } else { Err(ChangeError::SignUpClosed) }
    }

    /// Mails a link to `new_address` that moves the account there, and a notice to the present
    /// address, if it has one. Whether the new address is free is looked up after the answer, and no
    /// client is told.
    ///
    /// The proof is the password. An account with a second factor proves that as well, in an elevated
    /// session or in `proof`: its new address could reset the password.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing is sent then.
    pub async fn start_change(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
        new_address: EmailAddress,
        redirect_to: Option<RedirectPath>,
    ) -> Result<(), ChangeError> {
        self.check_change(principal, &new_address)?;
        let account = principal.account().clone();
        let found = self.kit.accounts.with_hash(account.user.id()).await?;
        let hash = found.map(|(_, hash)| hash);
        let password = proof.password.as_ref().ok_or(ChangeError::WrongPassword)?;
        if self.kit.hashing.verify(password, hash.as_ref()).await? == Verdict::Wrong {
            let event = self.kit.event(EventKind::AddressChangeRejected);
            self.kit.emit(event.account(&account));
            return Err(ChangeError::WrongPassword);
        }
        self.sudo.confirm_second_factor(principal, proof).await?;
        let recovery = self.clone();
        self.notifier.spawn("change of address", async move {
            recovery.send_change(account, new_address, redirect_to).await;
        });
        Ok(())
    }

    async fn send_change(
        &self,
        account: Account<U>,
        new_address: EmailAddress,
        redirect_to: Option<RedirectPath>,
    ) {
        self.kit.emit(self.kit.event(EventKind::AddressChangeRequested).account(&account));
        // In every case: a notice only for a free address would reveal which ones are.
        self.notifier.notify_account(MessageKind::EmailChangeRequested, &account);
        let to = Contact::from(new_address.clone());
        match self.find_by_contact(&to).await {
            Ok(None) => {}
            Ok(Some(_)) => {
                let event = self.kit.event(EventKind::LinkAddressTaken);
                return self.kit.emit(event.account(&account));
            }
            Err(error) => return error.log("looking up an account"),
        }
        if !self.may_send(Purpose::Change, &to).await {
            let event = self.kit.event(EventKind::LinkLimited);
            return self.kit.emit(event.account(&account));
        }
        // An account without an address, or with one that other software stored and today's rules
        // reject, gets one in this way.
        let bound_to = account.contact_key().unwrap_or_default();
        let issue = Issue {
            purpose: Purpose::Change,
            account: account.user.id().clone(),
            state: account.state(),
            bound_to,
            to,
            new_address: Some(new_address),
            redirect_to,
            token: OneTimeToken::generate(),
            code: None,
        };
        self.issue(issue).await;
    }
}
