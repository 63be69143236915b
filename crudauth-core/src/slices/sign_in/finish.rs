//! Finishes a sign-in by a code.

use std::borrow::Cow;
use std::time::Duration;

use super::challenge::{Opens, Waiting};
use super::{SignInFlow, SignedIn, TokensIssued, detached, device};
use crate::event::EventKind;
use crate::guard::store::{LockRule, RateLimit, RateLimitOutcome};
use crate::guard::{Guess, Subject};
use crate::hooks::HookError;
use crate::model::{Account, AuthUser, ClientInfo, Proofs, Scopes, SessionToken};
use crate::slices::mfa::store::Guesser;
use crate::slices::mfa::{BrowserTrust, CodeError, Mfa, RecoveryCode, RightCode};
use crate::slices::sessions::Opening;
use crate::store_error::StoreError;

/// What a client sends with the code.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CodeRequest {
    /// The code of the authenticator, or a recovery code.
    pub code: String,
    /// The client.
    pub client: ClientInfo,
    /// Device cookies that the client sent.
    pub devices: Vec<String>,
    /// Cookies of a trusted browser that the client sent: values of [`Finished::trust`].
    pub trust_cookies: Vec<String>,
    /// The sessions that the client had so far; they are revoked.
    pub replaces: Vec<SessionToken>,
    /// Whether the owner trusts the browser: its later sign-ins are not asked for the second factor.
    /// No effect without [`trusted_browsers`](crate::slices::mfa::MfaConfig::trusted_browsers), after
    /// a recovery code, and for bearer tokens.
    pub trusts_browser: bool,
}

/// A finished sign-in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finished<U: AuthUser> {
    /// What the client gets.
    pub outcome: Outcome<U>,
    /// The recovery codes, if the sign-in has added the second factor; to be shown once.
    pub recovery_codes: Option<Vec<RecoveryCode>>,
    /// The page to go on to, if the sign-in began with one.
    pub redirect_to: Option<String>,
    /// The cookie of the trusted browser, if the owner trusts it.
    pub trust: Option<BrowserTrust>,
}

/// What a finished sign-in gives.
#[derive(Clone, Debug)]
pub enum Outcome<U: AuthUser> {
    /// A session.
    Session(Box<SignedIn<U>>),
    /// Bearer tokens.
    Tokens(Box<TokensIssued<U>>),
}

/// Wrong codes of the new devices of one client network: the 60th in 5 minutes locks it for 5 minutes.
const NETWORK: LockRule = LockRule {
    max_failures: 59,
    window: Duration::from_mins(5),
    base: Duration::from_mins(5),
    max: Duration::from_mins(5),
    escalation_window: Duration::from_mins(5),
};

/// Why a sign-in was not finished.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The challenge was used, or had too many wrong codes. The client begins again.
    #[error("the challenge has ended")]
    Ended,
    /// The code is not accepted; another one may be.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Too many wrong codes came from this client network. The challenge goes on.
    #[error("too many wrong codes; try again in {}s", .retry_after.as_secs())]
    LockedOut {
        /// Time until the lock ends.
        retry_after: Duration,
    },
    /// A hook of the app refuses, for a reason that the client gets. The challenge goes on.
    #[error("refused by the app: {0}")]
    RefusedByApp(Cow<'static, str>),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

/// What a right code has proved.
struct Proved<U: AuthUser> {
    /// The account in its present state.
    account: Account<U>,
    /// Those of an authenticator that was added.
    recovery_codes: Option<Vec<RecoveryCode>>,
    by_recovery_code: bool,
}

impl FinishError {
    const fn is_wrong_code(&self) -> bool {
        let Self::Code(error) = self else { return false };
        matches!(error, CodeError::Invalid | CodeError::ThreeNeeded { was_right: false })
    }
}

impl From<HookError> for FinishError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(reason) => Self::RefusedByApp(reason),
            HookError::Store(error) => Self::Store(error),
        }
    }
}

impl<U: AuthUser> SignInFlow<U> {
    /// Finishes a sign-in by a code. Once begun it runs to its end.
    ///
    /// The challenge is taken after the code was judged and before it is used up: of several right
    /// codes at once for one challenge, one is used up.
    ///
    /// # Errors
    /// [`FinishError`]; the client's former session stays valid then.
    pub async fn finish(
        &self,
        waiting: Waiting<U>,
        request: CodeRequest,
    ) -> Result<Finished<U>, FinishError> {
        let flow = self.clone();
        detached(async move { flow.finish_at_once(waiting, request).await }).await
    }

    async fn finish_at_once(
        &self,
        waiting: Waiting<U>,
        request: CodeRequest,
    ) -> Result<Finished<U>, FinishError> {
        let second = self.0.second_factor.as_ref().filter(|second| second.has_mfa);
        let second = second.ok_or(FinishError::Ended)?;
        self.0.kit.admit_sign_in(&waiting.account, &request.client, waiting.proofs).await?;
        let network = self.guess_of_network(&waiting.account, &request);
        if let Some(guess) = &network
            && let Some(retry_after) =
                self.0.kit.lockout.guess_lock(guess, self.0.kit.now()).await?
        {
            return Err(FinishError::LockedOut { retry_after });
        }
        let is_last = self.count_attempt(&second.mfa, &waiting).await?;
        match self.prove(&second.mfa, &waiting, &request.code).await {
            Ok(Proved { account, recovery_codes, by_recovery_code }) => {
                let redirect_to = waiting.opens.next();
                let mut trust = None;
                // A code that somebody found on paper works once.
                if !by_recovery_code {
                    trust = self.trust(&waiting.opens, &account, &request).await;
                }
                let outcome = self.open(&waiting.opens, waiting.proofs, account, request).await?;
                Ok(Finished { outcome, recovery_codes, redirect_to, trust })
            }
            Err(error) => {
                if is_last {
                    self.take(&waiting).await?;
                }
                if let Some(guess) = network.filter(|_| error.is_wrong_code()) {
                    self.0.kit.lockout.record_guess(&guess, self.0.kit.now()).await?;
                }
                Err(error)
            }
        }
    }

    /// The counter of wrong codes of the client's network. A device that has signed in to the account
    /// before has none, so that strangers in its network do not lock its owner out.
    fn guess_of_network(&self, account: &Account<U>, request: &CodeRequest) -> Option<Guess> {
        let address = request.client.address?;
        let known = device::recognise(&self.0.kit.keys, &request.devices, Some(account));
        if known.is_some() {
            return None;
        }
        Some(self.0.kit.lockout.guess("codes of", &[address.network()], NETWORK))
    }

    /// Trusts the browser if its owner wants it.
    pub(super) async fn trust(
        &self,
        opens: &Opens,
        account: &Account<U>,
        request: &CodeRequest,
    ) -> Option<BrowserTrust> {
        let is_wanted = request.trusts_browser && opens.is_session();
        let second = self.0.second_factor.as_ref().filter(|_| is_wanted)?;
        second.mfa.trust(account, &request.trust_cookies, &request.client).await
    }

    /// Counts an attempt, and returns `true` for the last one of the challenge.
    async fn count_attempt(&self, mfa: &Mfa<U>, waiting: &Waiting<U>) -> Result<bool, FinishError> {
        let config = mfa.config();
        let limit = RateLimit::new(config.max_attempts, config.challenge_lifetime);
        let challenge = hex::encode(waiting.digest.as_bytes());
        let subject = Subject::Target(&challenge);
        match self.0.kit.limits.count("mfa_attempt", limit, subject).await?.outcome {
            RateLimitOutcome::Allowed { remaining } => Ok(remaining == 0),
            RateLimitOutcome::Exceeded { .. } => {
                self.take(waiting).await?;
                Err(FinishError::Ended)
            }
        }
    }

    /// Verifies the code, takes the challenge and uses up the code.
    async fn prove(
        &self,
        mfa: &Mfa<U>,
        waiting: &Waiting<U>,
        code: &str,
    ) -> Result<Proved<U>, FinishError> {
        let account = &waiting.account;
        if let Some(secret) = &waiting.setup {
            let enrolled = mfa.enrol(account, secret, code).await?.ok_or(FinishError::Ended)?;
            self.take(waiting).await?;
            let recovery_codes = Some(enrolled.recovery_codes);
            let account = enrolled.account;
            return Ok(Proved { account, recovery_codes, by_recovery_code: false });
        }
        let guesser = Guesser::new(waiting.digest.as_bytes());
        let right = mfa.judge(account, code, &guesser).await?;
        if !self.take(waiting).await? {
            return Err(FinishError::Ended);
        }
        mfa.spend(account, &right, &guesser).await?;
        let by_recovery_code = matches!(right, RightCode::Recovery(_));
        Ok(Proved { account: account.clone(), recovery_codes: None, by_recovery_code })
    }

    /// Returns `true` if this call is the one that ends the challenge.
    pub(super) async fn take(&self, waiting: &Waiting<U>) -> Result<bool, StoreError> {
        let Some(second) = &self.0.second_factor else { return Ok(false) };
        let taken = second.challenges.take(&waiting.digest, self.0.kit.now()).await?;
        Ok(taken.is_some())
    }

    /// Gives the client what it wanted, after the second factor was proved.
    pub(super) async fn open(
        &self,
        opens: &Opens,
        before: Proofs,
        account: Account<U>,
        request: CodeRequest,
    ) -> Result<Outcome<U>, StoreError> {
        self.notify_of_device(&request.devices, &account);
        let device = self.remember_device(&request.devices, &account);
        self.0.kit.emit(self.0.kit.event(EventKind::SecondFactorProved).account(&account));
        match opens {
            Opens::Session { is_remembered, .. } => {
                let CodeRequest { client, replaces, .. } = request;
                let sessions = &self.0.sessions;
                let now = self.0.kit.now();
                let proofs = Proofs { second_factor_at: Some(now), ..before };
                let is_remembered = *is_remembered;
                let opening = Opening { client, is_remembered, replaces: &replaces, proofs };
                let session = sessions.open_as(&account, opening).await?;
                Ok(Outcome::Session(Box::new(SignedIn { account, session, device })))
            }
            Opens::Tokens { requested } => {
                let requested = requested.as_deref().map(Scopes::parse);
                let tokens = &self.0.tokens;
                let issued = tokens.issue(&account, requested.as_ref(), request.client).await?;
                Ok(Outcome::Tokens(Box::new(TokensIssued { account, issued, device })))
            }
        }
    }
}

impl std::fmt::Debug for CodeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeRequest").field("client", &self.client).finish_non_exhaustive()
    }
}
