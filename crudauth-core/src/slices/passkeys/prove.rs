//! Verifies passkeys: for a sign-in with nothing typed, and as a factor of an account that is known.

use super::ceremony::{Ceremony, CeremonyOptions, Purpose};
use super::relying_party::{Assertion, Refused};
use super::store::StoredPasskey;
use super::{PasskeyId, PasskeyProof, Passkeys, ProofError};
use crate::event::EventKind;
use crate::guard::Binding;
use crate::model::{Account, AuthUser, BrowserToken};
use crate::store_error::StoreError;

impl<U: AuthUser> Passkeys<U> {
    /// Begins a sign-in with nothing typed: the browser offers the passkeys that it has.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn start_sign_in(&self, binding: &Binding) -> Result<CeremonyOptions, StoreError> {
        let started = self.party.request(None)?;
        self.begin(Purpose::SignIn, started, None, None, binding).await
    }

    /// Returns the account of the passkey that has signed the challenge, active or disabled.
    ///
    /// # Errors
    /// [`ProofError`]; the challenge has ended then.
    pub async fn identify(
        &self,
        browsers: &[BrowserToken],
        answer: &str,
    ) -> Result<(Account<U>, PasskeyProof), ProofError> {
        let ceremony = self.take(Purpose::SignIn, answer, browsers).await?;
        let answer = Assertion::parse(answer)?;
        // Without a name, the handle of the account is mandatory (section 7.2, step 6).
        if answer.user_handle().is_none() {
            return Err(ProofError::Rejected);
        }
        self.verify(&ceremony, &answer, |_| true).await
    }

    /// Begins a proof by a passkey of this account, as a second factor or for `sudo`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn start_proof(
        &self,
        account: &Account<U>,
        binding: &Binding,
    ) -> Result<CeremonyOptions, StoreError> {
        let known = self.store.list(account).await?;
        let started = self.party.request(Some(&known))?;
        let owner = Some((account.user.id().clone(), account.state()));
        self.begin(Purpose::Prove, started, owner, None, binding).await
    }

    /// Verifies a passkey of this account.
    ///
    /// # Errors
    /// [`ProofError`]; the challenge has ended then.
    pub async fn prove(
        &self,
        account: &Account<U>,
        browsers: &[BrowserToken],
        answer: &str,
    ) -> Result<PasskeyProof, ProofError> {
        let ceremony = self.take(Purpose::Prove, answer, browsers).await?;
        if ceremony.account != Some((account.user.id().clone(), account.state())) {
            return Err(ProofError::Ended);
        }
        let answer = Assertion::parse(answer)?;
        let is_owner = |found: &Account<U>| found.counter_key() == account.counter_key();
        let (_, proof) = self.verify(&ceremony, &answer, is_owner).await?;
        Ok(proof)
    }

    async fn verify(
        &self,
        ceremony: &Ceremony<U>,
        answer: &Assertion,
        is_right: impl FnOnce(&Account<U>) -> bool,
    ) -> Result<(Account<U>, PasskeyProof), ProofError> {
        let id = PasskeyId::of(answer.credential_id());
        let Some((passkey, account)) = self.store.find(&id).await? else {
            return Err(ProofError::Unknown);
        };
        let is_of = |handle: &[u8]| handle == passkey.user_handle;
        if !is_right(&account) || !answer.user_handle().is_none_or(is_of) {
            return Err(self.rejected(EventKind::PasskeyOfAnotherAccount, &account, &id));
        }
        self.record_use(ceremony, answer, &passkey, &account).await?;
        let proof = PasskeyProof::of(&account, self.config.counts_as_both);
        Ok((account, proof))
    }

    /// Verifies the signature, and stores the new counter.
    async fn record_use(
        &self,
        ceremony: &Ceremony<U>,
        answer: &Assertion,
        passkey: &StoredPasskey,
        account: &Account<U>,
    ) -> Result<(), ProofError> {
        let id = passkey.id();
        let used = match self.party.verified(answer, &ceremony.state, passkey, self.kit.now()) {
            Ok(used) => used,
            Err(Refused::Invalid) => {
                return Err(self.rejected(EventKind::PasskeyRejected, account, &id));
            }
            Err(Refused::Copied) => {
                return Err(self.rejected(EventKind::PasskeyCopied, account, &id));
            }
        };
        if !self.store.record_use(account, &id, &used).await? {
            // Two uses at once, of which the other has the higher counter, or a removal meanwhile.
            return Err(self.rejected(EventKind::PasskeyUsedTwice, account, &id));
        }
        Ok(())
    }

    fn rejected(&self, kind: EventKind, account: &Account<U>, id: &PasskeyId) -> ProofError {
        self.kit.emit(self.kit.event(kind).account(account).credential(id));
        ProofError::Rejected
    }
}
