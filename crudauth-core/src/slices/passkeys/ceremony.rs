//! The record of a challenge, between the options for an authenticator and its answer.
//!
//! The random challenge names the record, and the browser returns it inside of the signed answer, so
//! a page has nothing else to keep. A record is taken before the answer is verified: of any number of
//! answers at once one is judged, and a wrong one ends the challenge.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Passkeys, ProofError};
use crate::guard::binding::{Binding, is_from, stored};
use crate::guard::challenges::ChallengeRecord;
use crate::model::digest::sha256;
use crate::model::{AccountState, AuthUser, BrowserToken, ChallengeDigest};
use crate::store_error::StoreError;

/// Options for an authenticator, as a page passes them on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CeremonyOptions {
    /// The JSON of `PublicKeyCredentialCreationOptions` or `PublicKeyCredentialRequestOptions`.
    pub public_key: Value,
    /// Time until the challenge expires.
    pub expires_in: Duration,
    /// The value of the cookie that binds it to the browser; `None` for other clients.
    pub browser: Option<BrowserToken>,
}

/// Purpose of a challenge. An answer to one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// A new passkey of an account.
    Register,
    /// A sign-in by any account.
    SignIn,
    /// A factor of an account that is known already.
    Prove,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Ceremony<U: AuthUser> {
    pub(super) purpose: Purpose,
    /// The account, unless any may answer.
    pub(super) account: Option<(U::Id, AccountState)>,
    /// The new passkey of a registration.
    pub(super) new: Option<NewPasskey>,
    /// State of the verification.
    pub(super) state: String,
    browser: Option<String>,
}

/// A challenge that is not taken yet.
pub(super) struct Found<U: AuthUser> {
    pub(super) ceremony: Ceremony<U>,
    digest: ChallengeDigest,
    is_cross_origin: bool,
}

impl<U: AuthUser> Found<U> {
    /// Whether a sign-in by password offered the options.
    pub(super) fn is_offer(&self) -> bool {
        self.ceremony.new.is_some_and(|new| new.mediation == Mediation::Conditional)
    }
}

/// The new passkey of a registration.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct NewPasskey {
    pub(super) user_handle: [u8; 16],
    pub(super) mediation: Mediation,
}

/// How a browser makes a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mediation {
    /// The authenticator verifies its user.
    Required,
    /// Without a dialog, so the authenticator may neither see nor verify anybody.
    Conditional,
}

/// Options that are not stored yet.
pub(super) struct Started {
    pub(super) challenge: Vec<u8>,
    pub(super) public_key: Value,
    pub(super) state: String,
}

impl<U: AuthUser> Passkeys<U> {
    /// Stores a challenge, and returns its options.
    pub(super) async fn begin(
        &self,
        purpose: Purpose,
        started: Started,
        account: Option<(U::Id, AccountState)>,
        new: Option<NewPasskey>,
        binding: &Binding,
    ) -> Result<CeremonyOptions, StoreError> {
        let browser = binding.token();
        let Started { challenge, public_key, state } = started;
        let ceremony =
            Ceremony::<U> { purpose, account, new, state, browser: stored(browser.as_ref()) };
        let now = self.kit.now();
        let expires_in = self.config.lifetime;
        let record = ChallengeRecord {
            digest: name_of(&challenge),
            value: serde_json::to_vec(&ceremony).map_err(StoreError::failed)?,
            created_at: now,
            expires_at: now + expires_in,
        };
        self.challenges.insert(record).await?;
        Ok(CeremonyOptions { public_key, expires_in, browser })
    }

    /// Takes the challenge that an answer names, if it is of this purpose and this browser. An answer
    /// from elsewhere leaves it as it is.
    pub(super) async fn take(
        &self,
        purpose: Purpose,
        answer: &str,
        browsers: &[BrowserToken],
    ) -> Result<Ceremony<U>, ProofError> {
        let found = self.find(purpose, answer, browsers).await?;
        self.take_found(found).await
    }

    /// Finds the challenge that an answer names, and leaves it as it is.
    pub(super) async fn find(
        &self,
        purpose: Purpose,
        answer: &str,
        browsers: &[BrowserToken],
    ) -> Result<Found<U>, ProofError> {
        let client_data = ClientData::of(answer).ok_or(ProofError::Rejected)?;
        let digest = name_of(&client_data.challenge);
        let found = self.challenges.find(&digest, self.kit.now()).await?;
        let ceremony = found.and_then(|value| serde_json::from_slice::<Ceremony<U>>(&value).ok());
        let is_right = |ceremony: &Ceremony<U>| {
            ceremony.purpose == purpose && is_from(ceremony.browser.as_deref(), browsers)
        };
        let ceremony = ceremony.filter(is_right).ok_or(ProofError::Ended)?;
        Ok(Found { ceremony, digest, is_cross_origin: client_data.is_cross_origin })
    }

    /// Takes it. Of any number of answers at once one gets it.
    pub(super) async fn take_found(&self, found: Found<U>) -> Result<Ceremony<U>, ProofError> {
        if self.challenges.take(&found.digest, self.kit.now()).await?.is_none() {
            return Err(ProofError::Ended);
        }
        // A frame of another site must not use the passkeys of this one.
        if found.is_cross_origin {
            return Err(ProofError::Rejected);
        }
        Ok(found.ceremony)
    }
}

/// The name of the record of a challenge.
fn name_of(challenge: &[u8]) -> ChallengeDigest {
    ChallengeDigest::new(sha256(&[b"passkey", challenge]))
}

/// The client data of an answer (section 5.8.1). The signature covers it, and is verified later.
struct ClientData {
    challenge: Vec<u8>,
    is_cross_origin: bool,
}

impl ClientData {
    fn of(answer: &str) -> Option<Self> {
        let answer: Value = serde_json::from_str(answer).ok()?;
        let encoded = answer.get("response")?.get("clientDataJSON")?.as_str()?;
        let data: Value = serde_json::from_slice(&base64url(encoded)?).ok()?;
        let challenge = base64url(data.get("challenge")?.as_str()?)?;
        let is_cross_origin = data.get("crossOrigin").and_then(Value::as_bool).unwrap_or(false);
        Some(Self { challenge, is_cross_origin })
    }
}

/// Reads base64url (RFC 4648, section 5), with or without padding.
pub(super) fn base64url(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// Writes base64url without padding.
pub(super) fn to_base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
