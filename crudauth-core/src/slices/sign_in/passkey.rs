//! Signs in by a passkey, alone or after another factor.

use super::finish::{CodeRequest, FinishError, Finished};
use super::{Entry, SignIn, SignInError, SignInFlow, SignedIn, Waiting, detached};
use crate::guard::Binding;
use crate::model::{Account, AuthUser, ClientInfo, Proofs, SessionToken};
use crate::slices::passkeys::PasskeyProof;

/// The client of a sign-in by passkey.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct PasskeySignIn {
    /// The client.
    pub client: ClientInfo,
    /// Device cookies that the client sent.
    pub devices: Vec<String>,
    /// Cookies of a trusted browser that the client sent: values of
    /// [`Finished::trust`](super::Finished::trust).
    pub trust_cookies: Vec<String>,
    /// Whether the session outlives the browser.
    pub is_remembered: bool,
    /// The sessions that the client had so far; they are revoked.
    pub replaces: Vec<SessionToken>,
    /// The browser that a challenge is bound to (default: a program without cookies).
    pub binding: Binding,
}

crate::opaque::opaque!(PasskeySignIn);

impl<U: AuthUser> SignInFlow<U> {
    /// Opens a session for the account of a verified passkey, or asks for its second factor. Once begun
    /// it runs to its end.
    ///
    /// # Errors
    /// [`SignInError::Refused`] for a disabled account; [`SignInError::NotVerified`];
    /// [`SignInError::Store`].
    pub async fn sign_in_by_passkey(
        &self,
        account: Account<U>,
        proof: PasskeyProof,
        request: PasskeySignIn,
    ) -> Result<SignIn<SignedIn<U>>, SignInError> {
        let flow = self.clone();
        detached(async move {
            if !proof.is_of(&account) {
                return Err(SignInError::Refused);
            }
            let now = flow.0.kit.now();
            let second_factor_at = proof.counts_as_both().then_some(now);
            let proofs = Proofs { passkey_at: Some(now), second_factor_at, ..Proofs::default() };
            let entry = Entry {
                client: request.client,
                devices: request.devices,
                trust_cookies: request.trust_cookies,
                is_remembered: request.is_remembered,
                replaces: request.replaces,
                binding: request.binding,
                proofs,
                redirect_to: None,
            };
            flow.enter_as(account, entry).await
        })
        .await
    }

    /// Finishes a sign-in by a passkey in place of a code. Once begun it runs to its end. Of any
    /// number of proofs at once for one challenge, one opens a session.
    ///
    /// # Errors
    /// [`FinishError`]; the client's former session stays valid then.
    pub async fn finish_by_passkey(
        &self,
        waiting: Waiting<U>,
        proof: PasskeyProof,
        request: CodeRequest,
    ) -> Result<Finished<U>, FinishError> {
        let flow = self.clone();
        detached(async move {
            // A passkey is no second factor after itself.
            let is_second = waiting.proofs.passkey_at.is_none();
            let may_finish = waiting.setup.is_none() && is_second && proof.is_of(&waiting.account);
            if !may_finish {
                return Err(FinishError::Ended);
            }
            flow.0.kit.admit_sign_in(&waiting.account, &request.client, waiting.proofs).await?;
            if !flow.take(&waiting).await? {
                return Err(FinishError::Ended);
            }
            let account = waiting.account.clone();
            let now = flow.0.kit.now();
            let proofs = Proofs { passkey_at: Some(now), ..waiting.proofs };
            let trust = flow.trust(&waiting.opens, &account, &request).await;
            let outcome = flow.open(&waiting.opens, proofs, account, request).await?;
            let redirect_to = waiting.opens.next();
            Ok(Finished { outcome, recovery_codes: None, redirect_to, trust })
        })
        .await
    }
}
