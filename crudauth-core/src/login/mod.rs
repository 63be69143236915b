//! Signing in by identifier and password.
//!
//! Unknown, disabled and known accounts are refused alike: the same answer after the same work.

mod device;
mod lockout;

use std::sync::Arc;
use std::time::Duration;

pub use lockout::{Lockout, LockoutConfig};
use tracing::{info, warn};

use crate::model::{Account, AuthUser, Identifier, KeyRing};
use crate::password::{Busy, HashingPool, Password, Verdict};
use crate::ports::{AccountStore, Clock, Entropy, StoreError};
use crate::session::{OpenedSession, Opening, Sessions};

/// Someone wants to sign in.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// What was typed to name the account.
    pub identifier: &'a str,
    /// What was typed to prove it.
    pub password: &'a Password,
    /// What the device cookie says, if one was sent.
    pub device: Option<&'a str>,
    /// From where, and what session is wanted.
    pub opening: Opening,
}

/// Someone has signed in.
#[derive(Clone, Debug)]
pub struct SignedIn<U: AuthUser> {
    /// Who.
    pub account: Account<U>,
    /// The new session.
    pub session: OpenedSession,
    /// The device cookie to set: by it this device is known again when others lock the account.
    pub device: String,
}

/// Why nobody has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// Unknown, disabled, or the wrong password: nobody learns which.
    #[error("identifier or password is wrong")]
    Refused,
    /// Too many misses; the right password does not pass either.
    #[error("too many attempts; try again in {}s", .retry_after.as_secs())]
    LockedOut {
        /// How long it lasts.
        retry_after: Duration,
    },
    /// Too many passwords are waiting to be verified.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A store failed.
    #[error("a store failed")]
    Store(#[from] StoreError),
}

/// Signs people in.
pub struct SignIn<U: AuthUser> {
    accounts: Arc<dyn AccountStore<U>>,
    sessions: Arc<Sessions<U>>,
    lockout: Lockout,
    hashing: HashingPool,
    keys: KeyRing,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl<U: AuthUser> SignIn<U> {
    /// Wires the slice.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn AccountStore<U>>,
        sessions: Arc<Sessions<U>>,
        lockout: Lockout,
        hashing: HashingPool,
        keys: KeyRing,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { accounts, sessions, lockout, hashing, keys, clock, entropy }
    }

    /// Signs somebody in, or counts a miss.
    ///
    /// # Errors
    /// [`SignInError`]; the session that the client had so far lives on then.
    pub async fn sign_in(&self, attempt: Attempt<'_>) -> Result<SignedIn<U>, SignInError> {
        let client = attempt.opening.client;
        let found = self.find(attempt.identifier).await?;
        let device = self.device_of(&attempt, found.as_ref());
        let names = self.lockout.names(attempt.identifier, found.as_ref(), client, device.as_ref());
        let standing = self.lockout.standing(&names, self.clock.now()).await?;
        if let Some(retry_after) = standing.refusal() {
            warn!(account = id(found.as_ref()), client = ?client, "sign-in refused: locked out");
            return Err(SignInError::LockedOut { retry_after });
        }
        let stored = found.as_ref().map(|account| &account.hash);
        let verdict = self.hashing.verify(attempt.password, stored).await?;
        let account = match found {
            Some(account) if verdict != Verdict::Wrong && account.is_active() => account,
            found => {
                warn!(account = id(found.as_ref()), client = ?client, "sign-in refused");
                return Err(match self.lockout.miss(&names, self.clock.now()).await? {
                    Some(retry_after) => SignInError::LockedOut { retry_after },
                    None => SignInError::Refused,
                });
            }
        };
        let (unless, rule) = (names.judged(), self.lockout.rule());
        let opened = self.sessions.open(&account, attempt.opening, &unless, &rule).await?;
        let Some(session) = opened else {
            // Guesses that ran beside this attempt used the tries up.
            let standing = self.lockout.standing(&names, self.clock.now()).await?;
            let retry_after = standing.refusal().unwrap_or(rule.first);
            warn!(account = %account.user.id(), client = ?client, "sign-in refused: locked out");
            return Err(SignInError::LockedOut { retry_after });
        };
        if standing.has_misses() {
            self.lockout.forgive(&names, &account, self.clock.now()).await?;
        }
        if verdict == Verdict::RightOutdated {
            self.renew_hash(&account, attempt.password).await;
        }
        info!(account = %account.user.id(), client = ?client, session = session.handle, "signed in");
        let device = device::extend(&self.keys, &*self.entropy, attempt.device, &account);
        Ok(SignedIn { account, session, device })
    }

    /// The account that was named: the first that a reading of the text finds.
    async fn find(&self, typed: &str) -> Result<Option<Account<U>>, StoreError> {
        for (at, identifier) in Identifier::readings::<U>(typed) {
            if let Some(account) = self.accounts.by_identifier(at, identifier.key()).await? {
                return Ok(Some(account));
            }
        }
        Ok(None)
    }

    fn device_of(
        &self,
        attempt: &Attempt<'_>,
        account: Option<&Account<U>>,
    ) -> Option<device::Known> {
        device::recognise(&self.keys, attempt.device?, account?)
    }

    /// Stores the same password under today's parameters. It failing costs nobody their sign-in.
    async fn renew_hash(&self, account: &Account<U>, password: &Password) {
        let renewed = match self.hashing.hash(password).await {
            Ok(hash) => self.accounts.renew_hash(account.user.id(), &account.hash, &hash).await,
            Err(Busy { .. }) => return,
        };
        match renewed {
            Ok(()) => info!(account = %account.user.id(), "password hash renewed"),
            Err(error) => error.log("renewing a password hash"),
        }
    }
}

/// An account's key for the log.
fn id<U: AuthUser>(account: Option<&Account<U>>) -> String {
    account.map_or_else(|| "unknown".to_owned(), |account| account.user.id().to_string())
}

impl<U: AuthUser> std::fmt::Debug for SignIn<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn(..)")
    }
}
