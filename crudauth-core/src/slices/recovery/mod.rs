//! Recovery: verifying a contact, resetting a password, moving to another address.
//!
//! Each is a pair: a request that sends a one-time token, and a confirmation that consumes it. A
//! request returns before anything is looked up, so its answer and its time are the same for every
//! contact; the work is done in the background. A confirmation consumes the token in the transaction
//! of its effect, and signs nobody in.

mod config;
mod confirm;
mod consume_sql;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
#[cfg(all(test, feature = "sqlite"))]
mod limit_tests;
mod login;
mod login_sql;
mod request;
mod sql;
pub mod store;

use std::sync::Arc;

pub use config::{EmailConfig, RecoveryConfig};
pub use confirm::{ConfirmError, Confirmed, PasswordReset};
pub(crate) use login::{LoginSecrets, ProvedLogin};
pub use request::ChangeError;
pub use sql::TABLE;
use store::{NewOneTimeToken, OneTimeTokenStore, Purpose};

use crate::event::EventKind;
use crate::guard::Action;
use crate::kit::Kit;
use crate::model::{
    Account, AccountState, AuthUser, Contact, EmailAddress, MailedCode, OneTimeToken, RedirectPath,
};
use crate::notify::{Delivery, MessageKind, Notifier};
use crate::slices::sudo::Sudo;
use crate::store_error::StoreError;

/// Requests for a verification, by client network and by address: 5 an hour each by default. The
/// window of an address is at most the lifetime of the link.
pub const VERIFY_REQUEST: Action = Action::per_hour("email_verify_request", 5);

/// Requests for a reset, by client network and by address: 5 an hour each by default. The window of
/// an address is at most the lifetime of the link.
pub const RESET_REQUEST: Action = Action::per_hour("password_reset_request", 5);

/// Requests for a change of address, by client network, account and new address: 3 an hour each by
/// default.
pub const CHANGE_REQUEST: Action = Action::per_hour("email_change_request", 3);

/// Links that delete an account, by address: 3 an hour by default.
pub const DELETE_REQUEST: Action = Action::per_hour("account_delete_request", 3);

/// Requests for a mail that signs in, by client network and by address: 10 an hour each by default.
/// The window of an address is at most the lifetime of the link.
pub const LOGIN_REQUEST: Action = Action::per_hour("email_login_request", 10);

/// Confirmations, by client network: 30 an hour by default.
pub const CONFIRM: Action = Action::per_hour("confirm", 30);

/// Recovers accounts. Clones share everything.
pub struct Recovery<U: AuthUser> {
    kit: Kit<U>,
    notifier: Notifier,
    tokens: Arc<dyn OneTimeTokenStore<U>>,
    sudo: Arc<Sudo<U>>,
    config: Arc<RecoveryConfig>,
}

/// A token to be issued.
struct Issue<Id> {
    purpose: Purpose,
    account: Id,
    state: AccountState,
    bound_to: String,
    to: Contact,
    new_address: Option<EmailAddress>,
    redirect_to: Option<RedirectPath>,
    token: OneTimeToken,
    /// Only for [`Purpose::SignIn`].
    code: Option<MailedCode>,
}

impl<U: AuthUser> Recovery<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(
        kit: Kit<U>,
        (notifier, sudo): (Notifier, Arc<Sudo<U>>),
        tokens: Arc<dyn OneTimeTokenStore<U>>,
        config: RecoveryConfig,
    ) -> Self {
        Self { kit, notifier, tokens, sudo, config: Arc::new(config) }
    }

    /// Asks a new account to verify its contact. Returns at once.
    pub(crate) fn verify_new_account(&self, account: U::Id, to: Contact, state: AccountState) {
        let recovery = self.clone();
        self.notifier.spawn("verification", async move {
            if !recovery.may_send(Purpose::Verify, &to).await {
                let event = recovery.kit.event(EventKind::VerificationLimited);
                return recovery.kit.emit(event.account_id(&account));
            }
            let bound_to = to.as_str().to_owned();
            let issue = Issue {
                purpose: Purpose::Verify,
                account,
                state,
                bound_to,
                to,
                new_address: None,
                redirect_to: None,
                token: OneTimeToken::generate(),
                code: None,
            };
            recovery.issue(issue).await;
        });
    }

    /// Counts a message with a token, and returns `true` if it may be sent.
    async fn may_send(&self, purpose: Purpose, to: &Contact) -> bool {
        let action = match purpose {
            Purpose::Verify => VERIFY_REQUEST,
            Purpose::Reset => RESET_REQUEST,
            Purpose::Change => CHANGE_REQUEST,
            Purpose::Delete => DELETE_REQUEST,
            Purpose::SignIn => LOGIN_REQUEST,
        };
        let lifetime = self.config.lifetime(purpose, to);
        self.notifier.may_send_link(action, to, lifetime).await
    }

    /// Issues a token and sends it. Returns `false` if there is no such account any more, or a store
    /// failed: then nothing is sent.
    async fn issue(&self, issue: Issue<U::Id>) -> bool {
        let lifetime = self.config.lifetime(issue.purpose, &issue.to);
        let Issue { token, code, .. } = issue;
        let now = self.kit.now();
        let stored = NewOneTimeToken {
            digest: token.digest(),
            account: issue.account,
            purpose: issue.purpose,
            bound_to: issue.bound_to,
            new_address: issue.new_address,
            redirect_to: issue.redirect_to.map(|path| path.as_str().to_owned()),
            state: issue.state,
            created_at: now,
            expires_at: now + lifetime,
        };
        match self.tokens.issue(stored).await {
            Ok(true) => {}
            Ok(false) => {
                self.kit.emit(self.kit.event(EventKind::LinkWithoutAccount));
                return false;
            }
            Err(error) => {
                error.log("issuing a one-time token");
                return false;
            }
        }
        let kind = message_kind(issue.purpose, &issue.to);
        let token = Some(token);
        let delivery = Delivery { to: issue.to, kind, token, code, expires_in: lifetime };
        self.notifier.push(delivery).await;
        true
    }

    /// Returns the account that has that contact.
    async fn find_by_contact(&self, contact: &Contact) -> Result<Option<Account<U>>, StoreError> {
        self.kit.account_with(contact).await
    }
}

/// The message that carries a token of that purpose.
const fn message_kind(purpose: Purpose, to: &Contact) -> MessageKind {
    match (purpose, to) {
        (Purpose::Verify, Contact::Email(_)) => MessageKind::VerifyEmail,
        (Purpose::Verify, Contact::Phone(_)) => MessageKind::VerifyRecovery,
        (Purpose::Reset, _) => MessageKind::ResetPassword,
        (Purpose::Change, _) => MessageKind::ChangeEmail,
        (Purpose::Delete, _) => MessageKind::DeleteAccount,
        (Purpose::SignIn, _) => MessageKind::EmailLogin,
    }
}

impl<U: AuthUser> Clone for Recovery<U> {
    fn clone(&self) -> Self {
        Self {
            kit: self.kit.clone(),
            notifier: self.notifier.clone(),
            tokens: Arc::clone(&self.tokens),
            sudo: Arc::clone(&self.sudo),
            config: Arc::clone(&self.config),
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for Recovery<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recovery(..)")
    }
}
