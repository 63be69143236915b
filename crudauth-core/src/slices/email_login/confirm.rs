//! Signs in by the link or the code of a mail.

use std::time::Duration;

use tokio::time::Instant;

use super::request::Pending;
use super::{EmailLogin, EmailLoginError};
use crate::event::EventKind;
use crate::guard::binding::is_from;
use crate::guard::store::{LockRule, RateLimit, RateLimitOutcome};
use crate::guard::{Guess, SignInAttempt, Subject};
use crate::model::{
    Account, AuthUser, BrowserToken, ChallengeDigest, ChallengeToken, Contact, IdentifierKind, Mac,
    MailedCode, OneTimeDigest, OneTimeToken, Proofs,
};
use crate::slices::recovery::ConfirmError;
use crate::slices::sign_in::{Entry, Guessed, SignIn, SignedIn, detached, next_quantum};
use crate::store_error::StoreError;

/// Wrong codes for the addresses of one domain that have no account: 100 an hour, and for an hour then
/// only the link signs up. Each address has the limits of sign-in, but guesses can be spread over any
/// number of addresses.
const SPREAD: LockRule = LockRule {
    max_failures: 100,
    window: Duration::from_hours(1),
    base: Duration::from_hours(1),
    max: Duration::from_hours(1),
    escalation_window: Duration::ZERO,
};

/// What a client proves an address by. `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub enum EmailProof {
    /// The token of the link, in any browser.
    Link(String),
    /// The code, in the browser that asked for it.
    Code {
        /// The challenge of the request.
        challenge: String,
        /// The code as it was typed.
        code: String,
        /// The values of the cookie of the request.
        browsers: Vec<BrowserToken>,
    },
}

crate::opaque::opaque!(EmailProof);

/// A sign-in by mail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EmailSignIn<U: AuthUser> {
    /// The sign-in, which may need another factor.
    pub sign_in: SignIn<SignedIn<U>>,
    /// The page to go on to, if the request named one.
    pub redirect_to: Option<String>,
}

/// A challenge whose browser is the right one.
struct Asked {
    digest: ChallengeDigest,
    address: Contact,
    link: OneTimeDigest,
    code: Mac,
}

impl Asked {
    /// `None` for a form that another version of the app stored, or another slice.
    fn read(digest: ChallengeDigest, pending: &Pending) -> Option<Self> {
        let bytes = |text: &str| hex::decode(text).ok();
        Some(Self {
            digest,
            address: Contact::parse_stored(IdentifierKind::Email, &pending.address)?,
            link: OneTimeDigest::from_bytes(&bytes(&pending.link)?)?,
            code: Mac::from_bytes(&bytes(&pending.code)?)?,
        })
    }
}

impl<U: AuthUser> EmailLogin<U> {
    /// Opens a session for the owner of an address, or asks for the second factor. Once begun it runs
    /// to its end. The flow sets the proofs and the redirect of `entry`.
    ///
    /// Of any number of uses of a link and its code at once one signs in.
    ///
    /// # Errors
    /// [`EmailLoginError`]; the client's former session stays valid then.
    pub async fn confirm(
        &self,
        proof: EmailProof,
        entry: Entry,
    ) -> Result<EmailSignIn<U>, EmailLoginError> {
        let flow = self.clone();
        detached(async move { flow.confirm_at_once(proof, entry).await }).await
    }

    async fn confirm_at_once(
        &self,
        proof: EmailProof,
        entry: Entry,
    ) -> Result<EmailSignIn<U>, EmailLoginError> {
        let link = match proof {
            EmailProof::Link(token) => {
                OneTimeToken::parse(&token).ok_or(EmailLoginError::Invalid)?.digest()
            }
            EmailProof::Code { challenge, code, browsers } => {
                let asked = self.asked(&challenge, &browsers).await?;
                self.verify(&asked, &code, &entry).await?;
                asked.link
            }
        };
        let recovery = &self.0.parts.recovery;
        let proofs = Proofs { email_at: Some(self.0.kit.now()), ..Proofs::default() };
        let proved = match recovery.find_login(&link).await {
            Err(ConfirmError::Invalid) if self.0.config.creates_accounts => {
                self.sign_up(&link).await?
            }
            found => {
                let token = found?;
                // The sign-in asks again. One that the app refuses spends nothing and claims nothing.
                self.0.kit.admit_sign_in(&token.account, &entry.client, proofs).await?;
                recovery.confirm_login(token).await?
            }
        };
        let redirect_to = proved.redirect_to;
        let entry = Entry { proofs, redirect_to: redirect_to.clone(), ..entry };
        let sign_in = self.0.parts.sign_in.enter_as(proved.account, entry).await?;
        Ok(EmailSignIn { sign_in, redirect_to })
    }

    /// Returns the request that a challenge names, if this browser made it.
    async fn asked(
        &self,
        challenge: &str,
        browsers: &[BrowserToken],
    ) -> Result<Asked, EmailLoginError> {
        let token = ChallengeToken::parse(challenge).ok_or(EmailLoginError::Invalid)?;
        let digest = token.digest();
        let found = self.0.parts.challenges.find(&digest, self.0.kit.now()).await?;
        let pending = found.and_then(|value| serde_json::from_slice::<Pending>(&value).ok());
        let pending = pending.filter(|pending| is_from(pending.browser.as_deref(), browsers));
        let asked = pending.and_then(|pending| Asked::read(digest, &pending));
        asked.ok_or(EmailLoginError::Invalid)
    }

    /// Verifies a code under the lockout of sign-in. Refusals are returned as those of a password: a
    /// row that was found must not show in their time.
    async fn verify(
        &self,
        asked: &Asked,
        code: &str,
        entry: &Entry,
    ) -> Result<(), EmailLoginError> {
        let begun = Instant::now();
        let verified = self.verify_at_once(asked, code, entry).await;
        if let Err(EmailLoginError::WrongCode | EmailLoginError::LockedOut { .. }) = &verified {
            next_quantum(begun).await;
        }
        verified
    }

    async fn verify_at_once(
        &self,
        asked: &Asked,
        code: &str,
        entry: &Entry,
    ) -> Result<(), EmailLoginError> {
        let kit = &self.0.kit;
        let account = kit.account_with(&asked.address).await?;
        let guessed = Guessed {
            typed: asked.address.as_str(),
            devices: &entry.devices,
            client: entry.client.address,
            is_cross_site: false,
        };
        let attempt = self.0.parts.sign_in.attempt(&guessed, account.as_ref());
        if let Some(retry_after) = kit.lockout.known_lock(&attempt, kit.now()).await? {
            return Err(EmailLoginError::LockedOut { retry_after });
        }
        let is_last = self.count_attempt(asked).await?;
        let code = MailedCode::parse(code);
        let is_right = code.is_some_and(|code| code.is(&asked.code, &kit.keys, &asked.digest));
        let is_admitted = match &account {
            _ if !is_right => false,
            Some(account) => kit.lockout.admit(&attempt, account, kit.now()).await?,
            // Every address has a code, which nobody knows if no mail was sent.
            None => {
                let lock = kit.lockout.guess_lock(&self.spread(asked, None), kit.now()).await?;
                lock.is_none() && kit.lockout.admit_unknown(&attempt, kit.now()).await?
            }
        };
        if is_admitted {
            return Ok(());
        }
        if is_last {
            self.0.parts.challenges.take(&asked.digest, kit.now()).await?;
        }
        if self.0.config.creates_accounts {
            let spread = self.spread(asked, account.as_ref());
            kit.lockout.record_guess(&spread, kit.now()).await?;
        }
        Err(self.failed(&attempt, account.as_ref(), entry).await)
    }

    /// The counter of wrong codes for the addresses of a domain that have no account. An account has
    /// one of its own, which decides nothing, so that its guesses cost the same.
    fn spread(&self, asked: &Asked, account: Option<&Account<U>>) -> Guess {
        let (kind, counted) = match (account, asked.address.as_str().rsplit_once('@')) {
            (Some(account), _) => ("account", account.counter_key()),
            (None, domain) => ("domain", domain.map_or("", |(_, domain)| domain).to_owned()),
        };
        self.0.kit.lockout.guess("email_login", &[kind, &counted], SPREAD)
    }

    /// Counts an attempt, and returns `true` for the last one of the challenge.
    async fn count_attempt(&self, asked: &Asked) -> Result<bool, EmailLoginError> {
        let lifetime = self.0.parts.recovery.login_lifetime(&asked.address);
        let limit = RateLimit::new(self.0.config.max_attempts, lifetime);
        let challenge = hex::encode(asked.digest.as_bytes());
        let subject = Subject::Target(&challenge);
        match self.0.kit.limits.count("email_login_attempt", limit, subject).await?.outcome {
            RateLimitOutcome::Allowed { remaining } => Ok(remaining == 0),
            RateLimitOutcome::Exceeded { .. } => Err(EmailLoginError::Invalid),
        }
    }

    /// Records a failure.
    async fn failed(
        &self,
        attempt: &SignInAttempt,
        account: Option<&Account<U>>,
        entry: &Entry,
    ) -> EmailLoginError {
        let event = self.0.kit.event(EventKind::MailedCodeRejected).client(&entry.client);
        self.0.kit.emit(match account {
            Some(account) => event.account(account),
            None => event,
        });
        let locked: Result<_, StoreError> =
            self.0.kit.lockout.record_failure(attempt, self.0.kit.now()).await;
        match locked {
            Ok(Some(retry_after)) => EmailLoginError::LockedOut { retry_after },
            Ok(None) => EmailLoginError::WrongCode,
            Err(error) => error.into(),
        }
    }
}
