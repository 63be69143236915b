//! Sign-in, by identifier and password or by an account that another slice has proved.
//!
//! Unknown, disabled and known accounts are refused alike: the same answer after the same work.

mod challenge;
mod device;
mod finish;
#[cfg(all(test, feature = "sqlite"))]
mod flow_tests;
mod outcome;
mod passkey;
mod request;
mod second_factor;
mod successes;
#[cfg(all(test, feature = "sqlite"))]
mod timing_tests;
mod verify;

use std::sync::Arc;
use std::time::Duration;

pub use crate::guard::Binding;
pub use challenge::{Challenge, Waiting};
pub use finish::{CodeRequest, FinishError, Finished, Outcome};
pub use outcome::{SignIn, SignInError, SignedIn, TokensIssued};
pub use passkey::PasskeySignIn;
pub use request::{Entry, SignInRequest};
use second_factor::SecondFactor;
use successes::Successes;
use tracing::Instrument;
pub(crate) use verify::{Guessed, next_quantum};

use crate::account_store::AccountStore;
use crate::guard::Action;
use crate::guard::challenges::ChallengeStore;
use crate::guard::store::RateLimit;
use crate::kit::Kit;
use crate::model::{
    Account, AuthUser, ClientInfo, PasswordHash, Proofs, Scopes, in_this_client, lookups,
};
use crate::notify::MessageKind;
use crate::slices::bearer::BearerTokens;
use crate::slices::mfa::Mfa;
use crate::slices::passkeys::PasskeyFactor;
use crate::slices::sessions::{Opening, Sessions};
use crate::store_error::StoreError;
use crate::task;
use challenge::{Next, Opens};

/// Sign-ins with the right password, by account and client network: 300 a minute by default, counted
/// in each process.
pub const SIGN_IN: Action = Action::new("sign_in", RateLimit::new(300, Duration::from_mins(1)));

/// Signs clients in.
pub struct SignInFlow<U: AuthUser>(Arc<Parts<U>>);

struct Parts<U: AuthUser> {
    kit: Kit<U>,
    sessions: Arc<Sessions<U>>,
    tokens: Arc<BearerTokens<U>>,
    successes: Successes,
    second_factor: Option<SecondFactor<U>>,
    /// Whether owners get a notice of a sign-in from an unknown device.
    notifies_of_devices: bool,
}

impl<U: AuthUser> Parts<U> {
    fn new(kit: Kit<U>, sessions: Arc<Sessions<U>>, tokens: Arc<BearerTokens<U>>) -> Self {
        let successes = Successes::new(&kit.limits, Arc::clone(&kit.clock));
        let (second_factor, notifies_of_devices) = (None, false);
        Self { kit, sessions, tokens, successes, second_factor, notifies_of_devices }
    }
}

impl<U: AuthUser> SignInFlow<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, sessions: Arc<Sessions<U>>, tokens: Arc<BearerTokens<U>>) -> Self {
        Self(Arc::new(Parts::new(kit, sessions, tokens)))
    }

    /// Sends owners a notice of a sign-in from an unknown device.
    #[doc(hidden)]
    #[must_use]
    pub fn with_device_notices(self) -> Self {
        let Parts { kit, sessions, tokens, .. } = &*self.0;
        let parts = Parts::new(kit.clone(), Arc::clone(sessions), Arc::clone(tokens));
        Self(Arc::new(Parts { notifies_of_devices: true, ..parts }))
    }

    /// Asks accounts for their second factor: the codes of `mfa` if the mount has authenticators, and
    /// `passkeys` if it has those.
    #[doc(hidden)]
    #[must_use]
    pub fn with_second_factor(
        self,
        (mfa, has_mfa): (Arc<Mfa<U>>, bool),
        passkeys: Option<PasskeyFactor<U>>,
        challenges: Arc<dyn ChallengeStore>,
    ) -> Self {
        let Parts { kit, sessions, tokens, .. } = &*self.0;
        let parts = Parts::new(kit.clone(), Arc::clone(sessions), Arc::clone(tokens));
        let second_factor = Some(SecondFactor { mfa, has_mfa, passkeys, challenges });
        let notifies_of_devices = self.0.notifies_of_devices;
        Self(Arc::new(Parts { second_factor, notifies_of_devices, ..parts }))
    }

    /// Whether the mount has authenticators.
    #[doc(hidden)]
    #[must_use]
    pub fn has_mfa(&self) -> bool {
        self.0.second_factor.as_ref().is_some_and(|second| second.has_mfa)
    }

    /// Verifies a password and opens a session.
    ///
    /// Once begun it runs to its end, even if the caller goes away: a client that hangs up when the
    /// answer takes longer than a success would otherwise guess without being counted.
    ///
    /// # Errors
    /// [`SignInError`]; the client's former session stays valid then.
    pub async fn sign_in(
        &self,
        request: SignInRequest,
    ) -> Result<SignIn<SignedIn<U>>, SignInError> {
        let flow = self.clone();
        detached(async move {
            let account = flow.verify(&request).await?;
            let proofs = Proofs::of_password(flow.0.kit.now());
            let opens = Opens::Session { is_remembered: request.is_remembered, next: None };
            let from = (&request.client, &request.binding, &*request.trust_cookies);
            let proofs = match flow.challenge(&account, opens, from, proofs).await? {
                Next::Open(proofs) => proofs,
                Next::Challenge(challenge) => return Ok(SignIn::Challenge(challenge)),
            };
            flow.notify_of_device(&request.devices, &account);
            let device = flow.remember_device(&request.devices, &account);
            let SignInRequest { client, is_remembered, replaces, .. } = request;
            let sessions = &flow.0.sessions;
            let session = if proofs.skipped_second_factor {
                let opening = Opening { client, is_remembered, replaces: &replaces, proofs };
                sessions.open_as(&account, opening).await?
            } else {
                sessions.open(&account, client, is_remembered, &replaces).await?
            };
            Ok(SignIn::Done(SignedIn { account, session, device }))
        })
        .await
    }

    /// Verifies a password and issues bearer tokens: the same lockout, the same work. `requested`
    /// are the scopes that the client asks for, if any.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn issue_tokens(
        &self,
        request: SignInRequest,
        requested: Option<Scopes>,
    ) -> Result<SignIn<TokensIssued<U>>, SignInError> {
        let flow = self.clone();
        detached(async move {
            let account = flow.verify(&request).await?;
            let proofs = Proofs::of_password(flow.0.kit.now());
            let opens = Opens::tokens(requested.as_ref());
            let from = (&request.client, &request.binding, &[] as &[String]);
            if let Next::Challenge(challenge) =
                flow.challenge(&account, opens, from, proofs).await?
            {
                return Ok(SignIn::Challenge(challenge));
            }
            flow.notify_of_device(&request.devices, &account);
            let device = flow.remember_device(&request.devices, &account);
            let tokens = &flow.0.tokens;
            let issued = tokens.issue(&account, requested.as_ref(), request.client).await?;
            Ok(SignIn::Done(TokensIssued { account, issued, device }))
        })
        .await
    }

    /// Opens a session for an account that another slice has proved, without a password.
    ///
    /// # Errors
    /// [`SignInError::Refused`] for a disabled account; [`SignInError::Store`].
    pub async fn enter(
        &self,
        account: Account<U>,
        client: ClientInfo,
        binding: &Binding,
    ) -> Result<SignIn<SignedIn<U>>, SignInError> {
        let entry = Entry { client, binding: binding.clone(), ..Entry::default() };
        self.open_or_ask(account, entry).await
    }

    /// As [`enter`](Self::enter), for a client with cookies and a page to go on to.
    ///
    /// # Errors
    /// As [`enter`](Self::enter); the client's former session stays valid then.
    pub async fn enter_as(
        &self,
        account: Account<U>,
        entry: Entry,
    ) -> Result<SignIn<SignedIn<U>>, SignInError> {
        let devices = entry.devices.clone();
        let entered = self.open_or_ask(account, entry).await?;
        if let SignIn::Done(done) = &entered {
            self.notify_of_device(&devices, &done.account);
        }
        Ok(entered)
    }

    /// Opens a session, or asks for the second factor.
    async fn open_or_ask(
        &self,
        account: Account<U>,
        entry: Entry,
    ) -> Result<SignIn<SignedIn<U>>, SignInError> {
        if !account.is_active() {
            return Err(SignInError::Refused);
        }
        let Entry { client, devices, is_remembered, replaces, proofs, .. } = entry;
        let opens = Opens::Session { is_remembered, next: entry.redirect_to };
        let from = (&client, &entry.binding, &*entry.trust_cookies);
        let proofs = match self.challenge(&account, opens, from, proofs).await? {
            Next::Open(proofs) => proofs,
            Next::Challenge(challenge) => return Ok(SignIn::Challenge(challenge)),
        };
        let device = self.remember_device(&devices, &account);
        let opening = Opening { client, is_remembered, replaces: &replaces, proofs };
        let session = self.0.sessions.open_as(&account, opening).await?;
        Ok(SignIn::Done(SignedIn { account, session, device }))
    }

    /// Sends a notice if the account has not signed in on the device.
    fn notify_of_device(&self, cookies: &[impl AsRef<str>], account: &Account<U>) {
        let kit = &self.0.kit;
        if let Some(notifier) = &kit.notifier
            && self.0.notifies_of_devices
            && device::recognise(&kit.keys, cookies, Some(account)).is_none()
        {
            notifier.notify_account(MessageKind::NewDevice, account);
        }
    }

    /// The cookie by which the device is recognised at the next sign-in of that account.
    #[must_use]
    pub fn remember_device(&self, cookies: &[impl AsRef<str>], account: &Account<U>) -> String {
        device::extend(&self.0.kit.keys, cookies, account)
    }
}

/// Runs a flow in a task of its own.
pub(crate) async fn detached<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    flow: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    match task::run(Box::pin(in_this_client(flow).in_current_span())).await {
        Ok(result) => result,
        // The runtime is shutting down, or a store has panicked.
        Err(error) => Err(StoreError::failed(error).into()),
    }
}

/// Returns the account that a text names: the first one that its readings find. Every reading is
/// looked up, whatever the others find, so that known and unknown names cost the same.
///
/// # Errors
/// If the store fails.
pub async fn find<U: AuthUser>(
    accounts: &dyn AccountStore<U>,
    typed: &str,
) -> Result<Option<(Account<U>, PasswordHash)>, StoreError> {
    let mut first = None;
    for (at, key) in lookups::<U>(typed) {
        let found = accounts.by_identifier(at, &key, typed).await?;
        first = first.or(found);
    }
    Ok(first)
}

impl<U: AuthUser> Clone for SignInFlow<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> std::fmt::Debug for SignInFlow<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInFlow(..)")
    }
}
