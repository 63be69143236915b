//! A sign-in that waits for a second factor: the first one was right, and the account has another, or
//! needs one.
//!
//! The client holds a token, and the store of challenges holds the account and the wanted credential.
//! Neither session nor bearer token exists before the second factor was right. A challenge of a
//! browser works only in that browser, by a cookie.

use std::fmt;
use std::time::Duration;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::second_factor::Needs;
use super::{SignInError, SignInFlow};
use crate::event::EventKind;
use crate::guard::binding::{Binding, is_from, stored as bound_to};
use crate::guard::challenges::ChallengeRecord;
use crate::model::{
    Account, AccountState, AuthUser, BrowserToken, ChallengeDigest, ChallengeToken, ClientInfo,
    Proofs, Scopes, Sealed,
};
use crate::slices::mfa::{Setup, TotpSecret};
use crate::store_error::StoreError;

/// An unfinished sign-in, as the client gets it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Challenge {
    /// Names the sign-in when the client sends the code.
    pub token: ChallengeToken,
    /// Lifetime of the challenge.
    pub expires_in: Duration,
    /// The value of the cookie that binds it to the browser; `None` for other clients.
    pub browser: Option<BrowserToken>,
    /// Whether a code of the authenticator, or a recovery code, finishes the sign-in.
    pub takes_code: bool,
    /// Whether a passkey of the account finishes it.
    pub takes_passkey: bool,
    /// The authenticator to be added, for an account that needs a second factor and has none.
    pub setup: Option<Setup>,
}

/// The credential that a finished sign-in gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Opens {
    Session {
        is_remembered: bool,
        /// The page to go on to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    Tokens {
        requested: Option<String>,
    },
}

impl Opens {
    pub(super) fn tokens(requested: Option<&Scopes>) -> Self {
        Self::Tokens { requested: requested.map(ToString::to_string) }
    }

    pub(super) const fn is_session(&self) -> bool {
        matches!(self, Self::Session { .. })
    }

    /// The page to go on to.
    pub(super) fn next(&self) -> Option<String> {
        match self {
            Self::Session { next, .. } => next.clone(),
            Self::Tokens { .. } => None,
        }
    }
}

/// The stored form. The secret of an authenticator to be added is encrypted.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Stored<U: AuthUser> {
    account: U::Id,
    state: AccountState,
    opens: Opens,
    password_at: Option<i64>,
    #[serde(default)]
    email_at: Option<i64>,
    #[serde(default)]
    passkey_at: Option<i64>,
    browser: Option<String>,
    setup: Option<String>,
}

/// A sign-in that waits for a code, as the store has it.
pub struct Waiting<U: AuthUser> {
    pub(super) digest: ChallengeDigest,
    pub(super) account: Account<U>,
    pub(super) opens: Opens,
    pub(super) proofs: Proofs,
    pub(super) setup: Option<TotpSecret>,
}

impl<U: AuthUser> Waiting<U> {
    /// Returns `true` if the sign-in opens a session, and `false` if it issues bearer tokens.
    #[must_use]
    pub fn opens_session(&self) -> bool {
        self.opens.is_session()
    }

    /// The key of the sign-in in the store.
    #[doc(hidden)]
    #[must_use]
    pub fn digest(&self) -> ChallengeDigest {
        self.digest
    }

    /// The account whose first factor was proved.
    #[must_use]
    pub fn account(&self) -> &Account<U> {
        &self.account
    }
}

/// What follows the first factor of a sign-in.
pub(super) enum Next {
    /// The wanted credential, with these proofs.
    Open(Proofs),
    /// The second factor.
    Challenge(Box<Challenge>),
}

impl<U: AuthUser> SignInFlow<U> {
    /// Every way in leads through here after its first factor. Asks the app, and returns a challenge
    /// if the account has a second factor or needs one. `proofs` are those of the client so far, and
    /// `trusts` its cookies of a trusted browser, which open no tokens: those outlast a session.
    pub(super) async fn challenge(
        &self,
        account: &Account<U>,
        opens: Opens,
        (client, binding, trusts): (&ClientInfo, &Binding, &[String]),
        proofs: Proofs,
    ) -> Result<Next, SignInError> {
        self.0.kit.admit_sign_in(account, client, proofs).await?;
        let Some(second) = &self.0.second_factor else { return Ok(Next::Open(proofs)) };
        let trusts = if opens.is_session() { trusts } else { &[] };
        let (takes_code, takes_passkey) = match second.needs(account, proofs, trusts).await? {
            Needs::Nothing => return Ok(Next::Open(proofs)),
            Needs::Trusted(trust) => {
                let event = self.0.kit.event(EventKind::SecondFactorSkipped).account(account);
                self.0.kit.emit(event.client(client).credential(&trust));
                return Ok(Next::Open(Proofs { skipped_second_factor: true, ..proofs }));
            }
            Needs::Factor { takes_code, takes_passkey } => (takes_code, takes_passkey),
        };
        let must_enrol = !takes_code && !takes_passkey;
        if must_enrol && !second.mfa.may_enrol(account) {
            return Err(SignInError::NotVerified);
        }
        // One secret for each challenge: a stranger who saw an earlier one does not share the factor.
        let setup = must_enrol.then(|| second.mfa.new_setup(account));
        let browser = binding.token();
        let keys = &self.0.kit.keys;
        let sealed =
            setup.as_ref().map(|setup| keys.seal(&account.counter_key(), setup.secret.as_bytes()));
        let sealed = sealed.transpose()?;
        let stored = Stored::<U> {
            account: account.user.id().clone(),
            state: account.state(),
            opens,
            password_at: proofs.password_at.map(|at| at.timestamp_millis()),
            email_at: proofs.email_at.map(|at| at.timestamp_millis()),
            passkey_at: proofs.passkey_at.map(|at| at.timestamp_millis()),
            browser: bound_to(browser.as_ref()),
            setup: sealed.map(|sealed| hex::encode(sealed.as_bytes())),
        };
        let token = ChallengeToken::generate();
        let now = self.0.kit.now();
        let expires_in = second.mfa.config().challenge_lifetime;
        let record = ChallengeRecord {
            digest: token.digest(),
            value: serde_json::to_vec(&stored).map_err(StoreError::failed)?,
            created_at: now,
            expires_at: now + expires_in,
        };
        second.challenges.insert(record).await?;
        let challenge = Challenge { token, expires_in, browser, takes_code, takes_passkey, setup };
        Ok(Next::Challenge(Box::new(challenge)))
    }

    /// Returns the sign-in that a token names, if it still waits, belongs to this browser, and its
    /// account has not changed.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn waiting(
        &self,
        token: &str,
        browsers: &[BrowserToken],
    ) -> Result<Option<Waiting<U>>, StoreError> {
        let kit = &self.0.kit;
        let (Some(second), Some(token)) = (&self.0.second_factor, ChallengeToken::parse(token))
        else {
            return Ok(None);
        };
        let digest = token.digest();
        let Some(value) = second.challenges.find(&digest, kit.now()).await? else {
            return Ok(None);
        };
        // A form that another version of the app stored cannot be finished here.
        let Ok(stored) = serde_json::from_slice::<Stored<U>>(&value) else { return Ok(None) };
        if !is_from(stored.browser.as_deref(), browsers) {
            return Ok(None);
        }
        let found = kit.accounts.by_id(&stored.account).await?;
        let Some(account) =
            found.filter(|found| found.state() == stored.state && found.is_active())
        else {
            second.challenges.take(&digest, kit.now()).await?;
            return Ok(None);
        };
        let sealed = stored.setup.and_then(|setup| hex::decode(setup).ok()).map(Sealed::from_bytes);
        let setup = sealed.and_then(|sealed| kit.keys.open(&account.counter_key(), &sealed));
        let setup = setup.map(TotpSecret::from_bytes);
        let instant = |millis: Option<i64>| millis.and_then(DateTime::from_timestamp_millis);
        let proofs = Proofs {
            password_at: instant(stored.password_at),
            email_at: instant(stored.email_at),
            passkey_at: instant(stored.passkey_at),
            ..Proofs::default()
        };
        Ok(Some(Waiting { digest, account, opens: stored.opens, proofs, setup }))
    }

    /// The authenticator to be added by that sign-in, for a page that has only the token.
    #[must_use]
    pub fn setup_of(&self, waiting: &Waiting<U>) -> Option<Setup> {
        let second = self.0.second_factor.as_ref()?;
        let secret = waiting.setup.clone()?;
        Some(second.mfa.setup_of(&waiting.account, secret))
    }
}

impl<U: AuthUser> fmt::Debug for Waiting<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("account", &self.account).finish_non_exhaustive()
    }
}
