//! Requests that mail a link and a code.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::EmailLogin;
use crate::guard::binding::{Binding, stored as bound_to};
use crate::guard::challenges::ChallengeRecord;
use crate::model::{
    AuthUser, BrowserToken, ChallengeToken, Contact, MailedCode, OneTimeToken, RedirectPath,
};
use crate::slices::recovery::LoginSecrets;
use crate::store_error::StoreError;

/// A sign-in by mail that has begun, whether or not an account has the address.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EmailLoginStarted {
    /// Names the request when the client sends the code.
    pub challenge: ChallengeToken,
    /// Lifetime of the link and the code.
    pub expires_in: Duration,
    /// The value of the cookie that binds the code to the browser; `None` for other clients.
    pub browser: Option<BrowserToken>,
}

/// The stored form of a request. It is the same for every address, so a guess of its code costs the
/// same.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) address: String,
    /// Digest of the token in the link.
    pub(super) link: String,
    /// Keyed hash of the code.
    pub(super) code: String,
    /// Digest of the cookie.
    pub(super) browser: Option<String>,
}

impl<U: AuthUser> EmailLogin<U> {
    /// Mails a link and a code, if an active account has that address, or may get one. The result is
    /// the same for every address, and the mail is sent in the background.
    ///
    /// # Errors
    /// If the store of challenges fails.
    pub async fn request(
        &self,
        to: impl Into<Contact>,
        redirect_to: Option<RedirectPath>,
        binding: &Binding,
    ) -> Result<EmailLoginStarted, StoreError> {
        let (inner, to) = (&*self.0, to.into());
        let secrets =
            LoginSecrets { token: OneTimeToken::generate(), code: MailedCode::generate() };
        let challenge = ChallengeToken::generate();
        let digest = challenge.digest();
        let browser = binding.token();
        let pending = Pending {
            address: to.as_str().to_owned(),
            link: hex::encode(secrets.token.digest().as_bytes()),
            code: hex::encode(secrets.code.stored(&inner.kit.keys, &digest).as_bytes()),
            browser: bound_to(browser.as_ref()),
        };
        let now = inner.kit.now();
        let expires_in = inner.parts.recovery.login_lifetime(&to);
        let value = serde_json::to_vec(&pending).map_err(StoreError::failed)?;
        let expires_at = now + expires_in;
        let record = ChallengeRecord { digest, value, created_at: now, expires_at };
        inner.parts.challenges.insert(record).await?;
        let invitation = inner.config.creates_accounts.then(|| {
            self.clone().remember(to.clone(), secrets.token.digest(), redirect_to.clone())
        });
        inner.parts.recovery.start_login(to, secrets, redirect_to, invitation);
        Ok(EmailLoginStarted { challenge, expires_in, browser })
    }
}
