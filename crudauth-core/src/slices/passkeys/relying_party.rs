//! Verification of passkeys (WebAuthn Level 3), by `webauthn-rs`.
//!
//! The only file that names that crate. It always asks for user verification, and rejects a counter
//! that does not grow unless it stays zero.

use chrono::{DateTime, Utc};
use serde_json::json;
use tracing::{debug, error};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    Credential, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::ceremony::{Mediation, NewPasskey, Started, to_base64url};
use super::store::{PasskeyUse, StoredPasskey};
use super::{PasskeyConfig, ProofError, models};
use crate::config_error::ConfigError;
use crate::model::digest::sha256;
use crate::store_error::StoreError;

/// The site that passkeys belong to.
pub struct RelyingParty {
    webauthn: Webauthn,
    id: String,
}

/// Why an answer was not accepted.
pub(super) enum Refused {
    /// It is not valid.
    Invalid,
    /// The counter went back: there may be a copy of the passkey.
    Copied,
}

impl RelyingParty {
    /// Creates it from the settings.
    ///
    /// # Errors
    /// An origin is missing or malformed, or does not belong to the domain.
    #[doc(hidden)]
    pub fn of(config: &PasskeyConfig) -> Result<Self, Vec<ConfigError>> {
        let origins = parsed("passkeys.origins", &config.origins);
        let related = parsed("passkeys.related_origins", &config.related_origins);
        let (origins, related) = match (origins, related) {
            (Ok(origins), Ok(related)) => (origins, related),
            (origins, related) => {
                let errors = [origins.err(), related.err()].into_iter().flatten().flatten();
                return Err(errors.collect());
            }
        };
        let Some(first) = origins.first() else {
            let value = "no origin".to_owned();
            let requirement = "`PasskeyConfig::origins`, or the slice `email`";
            return Err(vec![ConfigError::Requires { setting: "passkeys", value, requirement }]);
        };
        let host = || first.domain().unwrap_or_default().to_owned();
        let id = config.rp_id.clone().unwrap_or_else(host);
        let strangers: Vec<_> = origins.iter().filter(|origin| !is_within(origin, &id)).collect();
        if !strangers.is_empty() || id.is_empty() {
            let rule = "the host of every origin, or a parent domain of it";
            let name = id.clone();
            return Err(vec![ConfigError::InvalidName { setting: "passkeys.rp_id", name, rule }]);
        }
        let name = config.rp_name.as_deref().unwrap_or(&id);
        let webauthn = WebauthnBuilder::new(&id, first).and_then(|builder| {
            let others = origins[1..].iter().chain(&related);
            let builder = others
                .fold(builder.rp_name(name), |builder, other| builder.append_allowed_origin(other));
            builder.timeout(config.lifetime).build()
        });
        let webauthn = webauthn.map_err(|error| {
            let reason = error.to_string();
            vec![ConfigError::Malformed { setting: "passkeys.origins", reason }]
        })?;
        Ok(Self { webauthn, id })
    }

    /// The domain that passkeys are bound to.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Options for a new passkey of the account with this handle and name. Authenticators that hold
    /// one of the `known` passkeys make no other.
    pub(super) fn registration(
        &self,
        new: NewPasskey,
        user_name: &str,
        known: &[StoredPasskey],
    ) -> Result<Started, StoreError> {
        let handle = Uuid::from_bytes(new.user_handle);
        let begun = self.webauthn.start_passkey_registration(handle, user_name, user_name, None);
        let (options, state) = begun.map_err(failed)?;
        let challenge = options.public_key.challenge.to_vec();
        let mut public_key =
            serde_json::to_value(options.public_key).map_err(StoreError::failed)?;
        // A sign-in with nothing typed needs a passkey that the authenticator can find by itself.
        public_key["authenticatorSelection"]["residentKey"] = json!("required");
        public_key["authenticatorSelection"]["requireResidentKey"] = json!(true);
        public_key["excludeCredentials"] = descriptors(known);
        if new.mediation == Mediation::Conditional {
            public_key["authenticatorSelection"]["userVerification"] = json!("preferred");
        }
        let state = serde_json::to_string(&state).map_err(StoreError::failed)?;
        Ok(Started { challenge, public_key, state })
    }

    /// Verifies a new passkey.
    pub(super) fn registered(
        &self,
        answer: &str,
        state: &str,
        new: NewPasskey,
        now: DateTime<Utc>,
    ) -> Result<StoredPasskey, ProofError> {
        let state: PasskeyRegistration = serde_json::from_str(state).map_err(StoreError::failed)?;
        let mut answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| ProofError::Rejected)?;
        if new.mediation == Mediation::Conditional {
            self.set_user_flags(&mut answer.response.attestation_object);
        }
        let passkey = self.webauthn.finish_passkey_registration(&answer, &state);
        let passkey = passkey.map_err(|error| {
            debug!(%error, "new passkey rejected");
            ProofError::Rejected
        })?;
        let aaguid = self.aaguid(&answer.response.attestation_object);
        let credential = Credential::from(passkey.clone());
        Ok(StoredPasskey {
            credential_id: credential.cred_id.to_vec(),
            user_handle: new.user_handle,
            name: models::name_of(aaguid).to_owned(),
            credential: serde_json::to_string(&passkey).map_err(StoreError::failed)?,
            aaguid,
            counter: credential.counter,
            is_backup_eligible: credential.backup_eligible,
            is_backed_up: credential.backup_state,
            created_at: now,
            last_used_at: None,
        })
    }

    /// Options for a proof by one of these passkeys, or by any passkey of the site.
    pub(super) fn request(&self, known: Option<&[StoredPasskey]>) -> Result<Started, StoreError> {
        let begun = self.webauthn.start_discoverable_authentication();
        let (options, state) = begun.map_err(failed)?;
        let challenge = options.public_key.challenge.to_vec();
        let mut public_key =
            serde_json::to_value(options.public_key).map_err(StoreError::failed)?;
        public_key["allowCredentials"] = descriptors(known.unwrap_or_default());
        let state = serde_json::to_string(&state).map_err(StoreError::failed)?;
        Ok(Started { challenge, public_key, state })
    }

    /// Verifies the signature of a passkey.
    pub(super) fn verified(
        &self,
        answer: &Assertion,
        state: &str,
        stored: &StoredPasskey,
        now: DateTime<Utc>,
    ) -> Result<PasskeyUse, Refused> {
        let state: DiscoverableAuthentication =
            serde_json::from_str(state).map_err(|_| Refused::Invalid)?;
        let credential = restored(stored).ok_or(Refused::Invalid)?;
        let verified =
            self.webauthn.finish_discoverable_authentication_v2(&answer.0, state, credential);
        match verified {
            Ok(result) if result.user_verified() => Ok(PasskeyUse {
                counter: result.counter(),
                is_backed_up: result.backup_state(),
                now,
            }),
            Ok(_) => Err(Refused::Invalid),
            Err(WebauthnError::CredentialPossibleCompromise) => Err(Refused::Copied),
            Err(error) => {
                debug!(%error, "passkey rejected");
                Err(Refused::Invalid)
            }
        }
    }

    /// Sets the flags for a user who was present and verified, which `webauthn-rs` always wants.
    /// Conditional mediation needs no present user (WebAuthn Level 3, section 7.1), and its options ask
    /// for no verified one. An attestation that signs the flags no longer verifies.
    fn set_user_flags(&self, attestation_object: &mut [u8]) {
        const PRESENT_AND_VERIFIED: u8 = 1 | 4;
        let at = self.authenticator_data(attestation_object);
        if let Some(flags) = at.and_then(|at| attestation_object.get_mut(at + 32)) {
            *flags |= PRESENT_AND_VERIFIED;
        }
    }

    /// The model of an authenticator, 16 bytes behind the hash of the domain, the flags and the
    /// counter.
    fn aaguid(&self, attestation_object: &[u8]) -> Option<Uuid> {
        let at = self.authenticator_data(attestation_object)?;
        let bytes = attestation_object.get(at + 37..at + 53)?;
        Uuid::from_slice(bytes).ok().filter(|aaguid| !aaguid.is_nil())
    }

    /// Where the data of the authenticator begin, with the hash of the domain (WebAuthn Level 3,
    /// section 6.1).
    fn authenticator_data(&self, attestation_object: &[u8]) -> Option<usize> {
        let hash = sha256(&[self.id.as_bytes()]);
        attestation_object.windows(hash.len()).position(|window| window == hash)
    }
}

/// The answer of an authenticator that signs in.
pub(super) struct Assertion(PublicKeyCredential);

impl Assertion {
    pub(super) fn parse(answer: &str) -> Result<Self, ProofError> {
        serde_json::from_str(answer).map(Self).map_err(|_| ProofError::Rejected)
    }

    pub(super) fn credential_id(&self) -> &[u8] {
        self.0.get_credential_id()
    }

    /// The handle of the account, if the authenticator sent it.
    pub(super) fn user_handle(&self) -> Option<&[u8]> {
        self.0.get_user_unique_id().filter(|handle| !handle.is_empty())
    }
}

/// The credential with the values of its row, which are newer than its JSON.
fn restored(stored: &StoredPasskey) -> Option<Credential> {
    let Ok(passkey) = serde_json::from_str::<Passkey>(&stored.credential) else {
        error!(passkey = %stored.id(), "a stored passkey cannot be read");
        return None;
    };
    let mut credential = Credential::from(passkey);
    credential.counter = stored.counter;
    credential.backup_eligible = stored.is_backup_eligible;
    credential.backup_state = stored.is_backed_up;
    Some(credential)
}

fn descriptors(passkeys: &[StoredPasskey]) -> serde_json::Value {
    let descriptor = |passkey: &StoredPasskey| json!({ "type": "public-key", "id": to_base64url(&passkey.credential_id) });
    passkeys.iter().map(descriptor).collect()
}

fn parsed(setting: &'static str, origins: &[String]) -> Result<Vec<Url>, Vec<ConfigError>> {
    let mut urls = Vec::new();
    let mut errors = Vec::new();
    for origin in origins {
        match Url::parse(origin).ok().filter(is_origin) {
            Some(url) => urls.push(url),
            None => errors.push(ConfigError::InvalidUrl { setting, url: origin.clone() }),
        }
    }
    if errors.is_empty() { Ok(urls) } else { Err(errors) }
}

/// Browsers offer passkeys over HTTPS, and for development on `localhost`.
fn is_origin(url: &Url) -> bool {
    let is_local =
        url.domain().is_some_and(|host| host == "localhost" || host.ends_with(".localhost"));
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    is_safe && url.domain().is_some() && url.query().is_none() && url.fragment().is_none()
}

fn is_within(origin: &Url, id: &str) -> bool {
    let host = origin.domain().unwrap_or_default();
    host == id || host.strip_suffix(id).is_some_and(|parent| parent.ends_with('.'))
}

fn failed(error: WebauthnError) -> StoreError {
    StoreError::failed(error.to_string())
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelyingParty").field("id", &self.id).finish_non_exhaustive()
    }
}
