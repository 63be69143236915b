//! Signing in by identifier and password.
//!
//! Unknown, disabled and known accounts are refused alike: the same answer after the same work.

mod attempt;
pub(crate) mod device;
mod ending;
#[cfg(all(test, feature = "sqlite"))]
mod grant_tests;
mod outcome;

use std::sync::Arc;

use crate::guard::Lockout;
use crate::guard::lockout::Names;
pub use attempt::Attempt;
use ending::{Ending, IntoSession};
pub use outcome::Granted;
pub use outcome::{SignInError, SignedIn};
use tracing::{Instrument, info, warn};

use crate::model::Scopes;
use crate::model::{Account, AuthUser, ClientAddress, KeyRing, lookups};
use crate::password::{Busy, HashingPool, Password, Verdict};
use crate::ports::{AccountStore, Clock, Entropy, StoreError};
use crate::slices::bearer::Tokens;
use crate::slices::sessions::Sessions;

/// Signs people in.
pub struct SignIn<U: AuthUser>(Arc<Parts<U>>);

struct Parts<U: AuthUser> {
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
        Self(Arc::new(Parts { accounts, sessions, lockout, hashing, keys, clock, entropy }))
    }

    /// Signs somebody in, or counts a miss.
    ///
    /// Once begun it goes on to its end, whatever becomes of the caller: whoever hangs up when the
    /// answer takes longer than a hit does would otherwise guess for nothing.
    ///
    /// # Errors
    /// [`SignInError`]; the session that the client had so far lives on then.
    pub async fn sign_in(&self, attempt: Attempt) -> Result<SignedIn<U>, SignInError> {
        let ending = IntoSession(Arc::clone(&self.0.sessions));
        let (account, session, device) = self.run(attempt, ending).await?;
        Ok(SignedIn { account, session, device })
    }

    /// As [`sign_in`](Self::sign_in), for who wants bearer tokens instead of a session: the same
    /// lockout, the same work. `asked` are the scopes that they asked for, if any.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn grant(
        &self,
        tokens: &Arc<Tokens<U>>,
        attempt: Attempt,
        asked: Option<Scopes>,
    ) -> Result<Granted<U>, SignInError> {
        let ending = ending::IntoGrant { tokens: Arc::clone(tokens), asked };
        let (account, issued, device) = self.run(attempt, ending).await?;
        Ok(Granted { account, issued, device })
    }

    async fn run<E: Ending<U>>(
        &self,
        attempt: Attempt,
        ending: E,
    ) -> Result<(Account<U>, E::Opened, String), SignInError> {
        let this = Self(Arc::clone(&self.0));
        let judging = async move { this.judge(attempt, ending).await };
        match tokio::spawn(judging.in_current_span()).await {
            Ok(result) => result,
            // The runtime is shutting down, or a store has panicked.
            Err(error) => Err(SignInError::Store(StoreError::Failed(Box::new(error)))),
        }
    }

    async fn judge<E: Ending<U>>(
        &self,
        attempt: Attempt,
        ending: E,
    ) -> Result<(Account<U>, E::Opened, String), SignInError> {
        let client = attempt.opening.client;
        let found = find(&*self.0.accounts, &attempt.identifier).await?;
        let device = self.device_of(&attempt, found.as_ref());
        let names = self.0.lockout.names(
            &attempt.identifier,
            found.as_ref(),
            client,
            attempt.is_from_stranger,
            device.as_ref(),
        );
        let standing = self.0.lockout.standing(&names, self.0.clock.now()).await?;
        if let Some(retry_after) = standing.refusal() {
            warn!(account = %id(found.as_ref()), client = ?client, "sign-in refused: locked out");
            return Err(SignInError::LockedOut { retry_after });
        }
        // A disabled account is refused anyhow; its right password would be told by costing less
        // than a wrong one, since hashes of other systems are looked at only after a miss.
        let able = found.as_ref().filter(|account| account.is_active());
        let stored = able.map(|account| &account.hash);
        let verdict = self.0.hashing.verify(&attempt.password, stored).await?;
        let account = match found {
            Some(account) if verdict != Verdict::Wrong && account.is_active() => account,
            found => return Err(self.missed(&names, found.as_ref(), client).await),
        };
        let (unless, rule) = (names.judged(), self.0.lockout.rule());
        let opened = ending.open(&account, attempt.opening, &unless, &rule).await?;
        let Some(opened) = opened else {
            // Guesses that ran beside this attempt used the tries up, or the password has changed:
            // a miss like any other, also in what it costs.
            let _ = self.0.hashing.spend_like_a_miss(&attempt.password, &account.hash).await;
            return Err(self.missed(&names, Some(&account), client).await);
        };
        if standing.has_history() {
            // They are in, whether or not what was counted before is cleared.
            let forgiven = self.0.lockout.forgive(&names, &account, self.0.clock.now()).await;
            if let Err(error) = forgiven {
                error.log("clearing misses");
            }
        }
        if verdict == Verdict::RightOutdated {
            self.renew_hash(&account, &attempt.password).await;
        }
        E::log(&account, client, &opened);
        let device = self.remember_device(&attempt.devices, &account);
        Ok((account, opened, device))
    }

    /// Counts a miss.
    async fn missed(
        &self,
        names: &Names,
        account: Option<&Account<U>>,
        client: Option<ClientAddress>,
    ) -> SignInError {
        let is_disabled = account.is_some_and(|account| !account.is_active());
        warn!(account = %id(account), client = ?client, is_disabled, "sign-in refused");
        match self.0.lockout.miss(names, self.0.clock.now()).await {
            Ok(Some(retry_after)) => SignInError::LockedOut { retry_after },
            Ok(None) => SignInError::Refused,
            Err(error) => error.into(),
        }
    }

    /// The cookie by which this device is known again for that account.
    #[must_use]
    pub fn remember_device(&self, cookies: &[impl AsRef<str>], account: &Account<U>) -> String {
        device::extend(&self.0.keys, &*self.0.entropy, cookies, account)
    }

    fn device_of(&self, attempt: &Attempt, account: Option<&Account<U>>) -> Option<device::Known> {
        device::recognise(&self.0.keys, &attempt.devices, account?)
    }

    /// Stores the same password under today's parameters. It failing costs nobody their sign-in.
    async fn renew_hash(&self, account: &Account<U>, password: &Password) {
        let renewed = match self.0.hashing.hash(password).await {
            Ok(hash) => self.0.accounts.renew_hash(account.user.id(), &account.hash, &hash).await,
            Err(Busy { .. }) => return,
        };
        match renewed {
            Ok(()) => info!(account = %account.user.id(), "password hash renewed"),
            Err(error) => error.log("renewing a password hash"),
        }
    }
}

/// The account that a text names: the first that one of its readings finds. Each is looked up,
/// whatever the others find, so that known and unknown names cost the same.
///
/// # Errors
/// If the store fails.
pub async fn find<U: AuthUser>(
    accounts: &dyn AccountStore<U>,
    typed: &str,
) -> Result<Option<Account<U>>, StoreError> {
    let mut first = None;
    for (at, key) in lookups::<U>(typed) {
        let found = accounts.by_identifier(at, &key).await?;
        first = first.or(found);
    }
    Ok(first)
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
