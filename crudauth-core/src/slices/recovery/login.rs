//! Links and codes that sign in, for the slice `email_login`.

use std::time::Duration;

use super::store::{OneTimeTokenRecord, Purpose, UsedLogin};
use super::{ConfirmError, Recovery};
use crate::account_store::{Created, NewAccount};
use crate::event::EventKind;
use crate::model::{
    Account, AuthUser, Contact, MailedCode, OneTimeDigest, OneTimeToken, PasswordHash, RedirectPath,
};
use crate::notify::{Delivery, MessageKind};
use crate::store_error::StoreError;

/// The secrets of one mail.
#[derive(Clone, Debug)]
pub(crate) struct LoginSecrets {
    pub(crate) token: OneTimeToken,
    pub(crate) code: MailedCode,
}

/// An account whose owner has proved its address.
pub(crate) struct ProvedLogin<U: AuthUser> {
    pub(crate) account: Account<U>,
    /// The page to go on to.
    pub(crate) redirect_to: Option<String>,
}

impl<U: AuthUser> Recovery<U> {
    /// Lifetime of a link and a code that sign in.
    pub(crate) fn login_lifetime(&self, to: &Contact) -> Duration {
        self.config.lifetime(Purpose::SignIn, to)
    }

    /// Mails a link and a code to the address of an active account. With an `invitation` also to an
    /// address without an account; the invitation is stored right before the mail. Returns at once, and
    /// the same for every address.
    pub(crate) fn start_login(
        &self,
        to: Contact,
        secrets: LoginSecrets,
        redirect_to: Option<RedirectPath>,
        invitation: Option<impl Future<Output = Result<(), StoreError>> + Send + 'static>,
    ) {
        let recovery = self.clone();
        self.notifier.spawn("sign-in", async move {
            if let Some(invitation) = invitation
                && matches!(recovery.find_by_contact(&to).await, Ok(None))
            {
                return recovery.invite(to, secrets, invitation).await;
            }
            let secrets = (secrets.token, Some(secrets.code));
            recovery.send_link(Purpose::SignIn, to, secrets, redirect_to).await;
        });
    }

    /// Mails a link and a code to an address without an account, if it may sign up. Without a mail
    /// nothing is stored, since nobody could know the code.
    async fn invite(
        &self,
        to: Contact,
        secrets: LoginSecrets,
        invitation: impl Future<Output = Result<(), StoreError>>,
    ) {
        match self.may_sign_up(&to).await {
            Ok(true) => {}
            Ok(false) => return self.kit.emit(self.kit.event(EventKind::SignUpClosed)),
            Err(error) => return error.log("looking up an invitation"),
        }
        if !self.may_send(Purpose::SignIn, &to).await {
            return self.kit.emit(self.kit.event(EventKind::LinkLimited));
        }
        if let Err(error) = invitation.await {
            return error.log("storing an invitation");
        }
        let (token, code) = (Some(secrets.token), Some(secrets.code));
        let (kind, expires_in) = (MessageKind::EmailLogin, self.login_lifetime(&to));
        self.notifier.push(Delivery { to, kind, token, code, expires_in }).await;
    }

    /// Whether the policy admits an address, or an invitation does.
    async fn may_sign_up(&self, to: &Contact) -> Result<bool, StoreError> {
        if self.kit.sign_up.admits_contact(to) {
            return Ok(true);
        }
        let Contact::Email(address) = to else { return Ok(false) };
        Ok(self.kit.accounts.invitation(address, self.kit.now()).await?.is_some())
    }

    /// Adds an account whose owner has proved its address by a token.
    pub(crate) async fn sign_up_by_login(
        &self,
        account: NewAccount<U>,
        token: UsedLogin,
    ) -> Result<Option<Created<U::Id>>, StoreError> {
        self.tokens.create_proved(account, token).await
    }

    /// Returns a token that signs in, with its account.
    pub(crate) async fn find_login(
        &self,
        token: &OneTimeDigest,
    ) -> Result<OneTimeTokenRecord<U>, ConfirmError> {
        self.find_digest(token, Purpose::SignIn).await
    }

    /// Consumes a token that signs in, and proves the address that it was sent to.
    ///
    /// An account whose address nobody had proved is taken from its first holder, who may be another
    /// person: the password, the sessions and everything else that the library stored are gone.
    pub(crate) async fn confirm_login(
        &self,
        token: OneTimeTokenRecord<U>,
    ) -> Result<ProvedLogin<U>, ConfirmError> {
        let unusable = PasswordHash::unusable();
        let prove = self.tokens.prove_contact(&token, &unusable, self.kit.now());
        let account = if token.account.is_verified() {
            prove.await?.ok_or(ConfirmError::Used)?
        } else {
            let event = self.kit.event(EventKind::AccountTakenOver).account(&token.account);
            let (event, proved) = self.kit.recording(event, prove).await?;
            let account = proved.ok_or(ConfirmError::Used)?;
            self.kit.emit(event);
            account
        };
        Ok(ProvedLogin { account, redirect_to: token.redirect_to })
    }
}
