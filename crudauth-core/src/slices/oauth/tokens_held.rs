//! Tokens of a sign-in that waits for its second factor.
//!
//! A thief of the person at the provider must not choose whose data the app reads and writes there, so
//! the tokens are kept when the owner of the account is proved.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::OAuth;
use super::provider::{Identity, ProviderTokens};
use crate::guard::challenges::ChallengeRecord;
use crate::model::digest::sha256;
use crate::model::{Account, AuthUser, ChallengeDigest, Sealed};
use crate::slices::sign_in::Challenge;
use crate::store_error::StoreError;

/// Longest value that a store of challenges takes.
const MOST: usize = 16 * 1024;

/// The stored form. The tokens are encrypted.
#[derive(Serialize, Deserialize)]
struct Held {
    provider: String,
    issuer: String,
    subject: String,
    tokens: String,
}

impl<U: AuthUser> OAuth<U> {
    /// Holds tokens until the second factor of their sign-in is proved.
    pub(super) async fn hold_tokens(
        &self,
        challenge: &Challenge,
        identity: &Identity,
        (provider, tokens): (&str, &ProviderTokens),
    ) -> Result<(), StoreError> {
        let digest = digest_of(&challenge.token.digest());
        let sealed = self.kit.keys.seal(&seal_name(&digest), &tokens.to_bytes())?;
        let held = Held {
            provider: provider.to_owned(),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            tokens: BASE64.encode(sealed.as_bytes()),
        };
        let value = serde_json::to_vec(&held).map_err(StoreError::failed)?;
        if value.len() > MOST {
            warn!(provider, "the tokens of a provider are too long to wait for a second factor");
            return Ok(());
        }
        let now = self.kit.now();
        let expires_at = now + challenge.expires_in;
        let record = ChallengeRecord { digest, value, created_at: now, expires_at };
        self.parts.challenges.insert(record).await
    }

    /// Keeps the tokens of a sign-in whose second factor was proved, if it has any. A failure does not
    /// affect the sign-in.
    #[doc(hidden)]
    pub async fn keep_held_tokens(&self, challenge: &ChallengeDigest, account: &Account<U>) {
        if self.providers.iter().any(|connected| connected.keeps_tokens)
            && let Err(error) = self.keep_held(&digest_of(challenge), account).await
        {
            self.not_kept(&error);
        }
    }

    async fn keep_held(
        &self,
        digest: &ChallengeDigest,
        account: &Account<U>,
    ) -> Result<(), StoreError> {
        let Some(value) = self.parts.challenges.take(digest, self.kit.now()).await? else {
            return Ok(());
        };
        let Held { provider, issuer, subject, tokens } =
            serde_json::from_slice(&value).map_err(StoreError::failed)?;
        let sealed = Sealed::from_bytes(BASE64.decode(tokens).map_err(StoreError::failed)?);
        let opened = self.kit.keys.open(&seal_name(digest), &sealed);
        let Some(tokens) = opened.and_then(|bytes| ProviderTokens::from_bytes(&bytes)) else {
            return Ok(());
        };
        let identity = Identity { issuer, subject, ..Identity::default() };
        self.keep_tokens(account, &identity, (&provider, &tokens)).await
    }

    pub(super) fn not_kept(&self, error: &StoreError) {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        warn!(%error, cause, "tokens of a provider are not kept");
    }
}

/// The key of the tokens of a sign-in.
fn digest_of(challenge: &ChallengeDigest) -> ChallengeDigest {
    ChallengeDigest::new(sha256(&[b"oauth tokens", challenge.as_bytes()]))
}

/// The name under which they are encrypted.
fn seal_name(digest: &ChallengeDigest) -> String {
    format!("oauth.held.{}", hex::encode(digest.as_bytes()))
}
