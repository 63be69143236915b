//! Verifies a password under the lockout.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{SignInError, SignInFlow, SignInRequest, device, find};
use crate::event::{Event, EventKind};
use crate::guard::{Network, SignInAttempt};
use crate::model::{Account, AuthUser, ClientAddress, PasswordHash};
use crate::password::Verdict;

/// Longer than the look-ups of a refused attempt take, shorter than a person notices.
pub(super) const QUANTUM: Duration = Duration::from_millis(20);

/// Waits for the next multiple of [`QUANTUM`] since `begun`.
pub(crate) async fn next_quantum(begun: Instant) {
    let quanta = begun.elapsed().as_micros() / QUANTUM.as_micros() + 1;
    sleep_until(begun + QUANTUM * u32::try_from(quanta).unwrap_or(u32::MAX)).await;
}

/// A guess of a secret, by what it is counted.
pub(crate) struct Guessed<'r> {
    /// The text that names the account.
    pub(crate) typed: &'r str,
    /// Device cookies that the client sent.
    pub(crate) devices: &'r [String],
    pub(crate) client: Option<ClientAddress>,
    pub(crate) is_cross_site: bool,
}

impl<U: AuthUser> SignInFlow<U> {
    /// Returns the account if the password is right and no counter locks the attempt.
    ///
    /// Refusals are returned at multiples of [`QUANTUM`] since before the look-up: what a row that
    /// was found or not costs the database is over by then.
    pub(super) async fn verify(&self, request: &SignInRequest) -> Result<Account<U>, SignInError> {
        let begun = Instant::now();
        let verified = self.verify_at_once(request).await;
        match &verified {
            Ok(_)
            | Err(
                SignInError::Store(_)
                | SignInError::TooMany { .. }
                | SignInError::NotVerified
                | SignInError::RefusedByApp(_),
            ) => {}
            Err(SignInError::Refused | SignInError::LockedOut { .. } | SignInError::Busy(_)) => {
                next_quantum(begun).await;
            }
        }
        verified
    }

    async fn verify_at_once(&self, request: &SignInRequest) -> Result<Account<U>, SignInError> {
        let kit = &self.0.kit;
        let found = find(&*kit.accounts, &request.identifier).await?;
        let account = found.as_ref().map(|(account, _)| account);
        let guessed = Guessed {
            typed: &request.identifier,
            devices: &request.devices,
            client: request.client.address,
            is_cross_site: request.is_cross_site,
        };
        let attempt = self.attempt(&guessed, account);
        if let Some(retry_after) = kit.lockout.known_lock(&attempt, kit.now()).await? {
            // Logged only: such an attempt costs a stranger nothing, and could be sent without end.
            self.rejected(EventKind::SignInLockedOut, request, account).log();
            return Err(SignInError::LockedOut { retry_after });
        }
        let _places = kit.hashing.reserve(attempt.holders())?;
        // A disabled account is refused in any case. Its right password must not cost less than a
        // wrong one: hashes of other systems are tried only after argon2id has failed.
        let active = found.as_ref().filter(|(account, _)| account.is_active());
        let stored = active.map(|(_, hash)| hash);
        let verdict = kit.hashing.verify(&request.password, stored).await?;
        let Some((account, hash)) = active.filter(|_| verdict != Verdict::Wrong) else {
            return Err(self.failed(request, &attempt, account).await);
        };
        if !kit.lockout.admit(&attempt, account, kit.now()).await? {
            // Guesses that ran at the same time used the counter up: a failure like any other, also
            // in what it costs.
            let _ = kit.hashing.equalize_timing(&request.password, hash).await;
            return Err(self.failed(request, &attempt, Some(account)).await);
        }
        if let Some(retry_after) =
            self.0.successes.exceeded(account, request.client.address).await?
        {
            kit.emit(self.rejected(EventKind::SignInLimited, request, Some(account)));
            return Err(SignInError::TooMany { retry_after });
        }
        if verdict == Verdict::RightOutdated {
            self.renew_hash(request, account, hash).await;
        }
        Ok(account.clone())
    }

    /// The counters of a guess.
    pub(crate) fn attempt(
        &self,
        guessed: &Guessed<'_>,
        account: Option<&Account<U>>,
    ) -> SignInAttempt {
        let kit = &self.0.kit;
        match (account, device::recognise(&kit.keys, guessed.devices, account)) {
            (Some(account), Some(device)) => {
                kit.lockout.attempt_from_device(account, &device, guessed.client)
            }
            _ => {
                let network = Network::of(guessed.client, guessed.is_cross_site);
                kit.lockout.attempt(guessed.typed, account, network)
            }
        }
    }

    /// Records a failure.
    async fn failed(
        &self,
        request: &SignInRequest,
        attempt: &SignInAttempt,
        account: Option<&Account<U>>,
    ) -> SignInError {
        let is_disabled = account.is_some_and(|account| !account.is_active());
        let kind = if is_disabled { EventKind::SignInDisabled } else { EventKind::SignInRejected };
        let kit = &self.0.kit;
        kit.emit(self.rejected(kind, request, account));
        match kit.lockout.record_failure(attempt, kit.now()).await {
            Ok(Some(retry_after)) => {
                kit.emit(self.rejected(EventKind::SignInLockedOut, request, account));
                SignInError::LockedOut { retry_after }
            }
            Ok(None) => SignInError::Refused,
            Err(error) => error.into(),
        }
    }

    fn rejected(
        &self,
        kind: EventKind,
        request: &SignInRequest,
        account: Option<&Account<U>>,
    ) -> Event {
        let event = self.0.kit.event(kind).client(&request.client);
        match account {
            Some(account) => event.account(account),
            None => event,
        }
    }

    /// Stores the same password under the present parameters. A failure does not affect the sign-in.
    async fn renew_hash(&self, request: &SignInRequest, account: &Account<U>, old: &PasswordHash) {
        let kit = &self.0.kit;
        let Ok(new) = kit.hashing.hash(&request.password).await else { return };
        match kit.accounts.renew_hash(account.user.id(), old, &new).await {
            Ok(()) => kit.emit(kit.event(EventKind::PasswordHashRenewed).account(account)),
            Err(error) => error.log("renewing a password hash"),
        }
    }
}
