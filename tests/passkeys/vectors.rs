//! The test vectors of WebAuthn Level 3 (section 15), sent over HTTP.
//!
//! The challenges of the vectors are fixed, and the library draws its own at random. A challenge store
//! of the app puts those of a vector in their place. It can also lower the policy of the stored state,
//! since half of the authenticators did not verify their user, which the library demands: then that
//! is the only reason for which such a vector is refused.

use std::sync::Mutex;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use crudauth::StoreError;
use crudauth::store::{ChallengeDigest, ChallengeRecord, ChallengeStore, MemoryStore};
use sha2::{Digest as _, Sha256};

use super::*;

/// The domain of the vectors.
const RP_ID: &str = "example.org";

/// Whether a registration is accepted.
#[derive(Clone, Copy, PartialEq)]
enum Registers {
    Yes,
    /// If user verification were not required.
    Unverified,
    /// The page was in a frame of another site, or the key or its attestation is of a kind that is not
    /// read.
    No,
}
use Registers::{No, Unverified, Yes};

/// Each vector, whether it registers, and whether it signs in then. The page of the fixtures has the
/// reasons.
const EXPECTED: [(&str, Registers, bool); 15] = [
    ("none.ES256", Unverified, false),
    ("packed-self.ES256", Yes, false),
    ("none.ES256.crossOrigin", No, false),
    ("none.ES256.topOrigin", No, false),
    ("none.ES256.long-credential-id", Unverified, true),
    ("packed.ES256", Yes, true),
    ("packed.ES384", Unverified, true),
    ("packed.ES512", No, false),
    ("packed.RS256", No, false),
    ("packed.EdDSA", No, false),
    ("packed.Ed448", No, false),
    ("tpm.ES256", No, false),
    ("android-key.ES256", No, false),
    ("apple.ES256", Unverified, false),
    ("fido-u2f.ES256", Unverified, false),
];

/// The values of a ceremony that an answer has, and those of them that the test changes.
#[derive(Clone)]
struct Ceremony {
    challenge: Vec<u8>,
    client_data: Vec<u8>,
    /// In a registration, the attestation object.
    data: Vec<u8>,
    /// In a registration, none: the attestation object may have one.
    signature: Vec<u8>,
}

impl Ceremony {
    fn of(vector: &Value) -> Self {
        let [attestation, data] =
            ["attestationObject", "authenticatorData"].map(|name| bytes(&vector[name]));
        Self {
            challenge: bytes(&vector["challenge"]),
            client_data: bytes(&vector["clientDataJSON"]),
            data: [attestation, data].concat(),
            signature: bytes(&vector["signature"]),
        }
    }
}

/// The bytes of a value; none if the vector has no such value.
fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap_or_default()).unwrap()
}

/// Flips a byte of an answer, or of the challenge that the server remembers. `false` if the answer
/// has no such byte.
type Flip = fn(&mut Ceremony, &mut Vec<u8>) -> bool;

const FLIPS: [(&str, Flip); 4] = [
    ("challenge", |_, remembered| flip(remembered, Some(7))),
    ("rpIdHash", |ceremony, _| {
        let at = position(&ceremony.data, &Sha256::digest(RP_ID));
        flip(&mut ceremony.data, at)
    }),
    ("origin", |ceremony, _| {
        let at = position(&ceremony.client_data, RP_ID.as_bytes());
        flip(&mut ceremony.client_data, at)
    }),
    ("signature", |ceremony, _| {
        if !ceremony.signature.is_empty() {
            return flip(&mut ceremony.signature, Some(12));
        }
        // A text of three characters as CBOR, and the signature behind its length.
        let at = position(&ceremony.data, b"\x63sig").map(|at| at + 16);
        flip(&mut ceremony.data, at)
    }),
];

fn flip(bytes: &mut [u8], at: Option<usize>) -> bool {
    at.and_then(|at| bytes.get_mut(at)).map(|byte| *byte ^= 1).is_some()
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// Challenges in memory. The next one is that of a vector.
#[derive(Clone, Default)]
pub(crate) struct Challenges {
    memory: MemoryStore,
    next: Arc<Mutex<Option<Next>>>,
}

struct Next {
    /// The challenge in the answer.
    named: Vec<u8>,
    /// The challenge that the answer is compared with.
    remembered: Vec<u8>,
    requires_verification: bool,
}

impl Next {
    fn replace(&self, record: &mut ChallengeRecord) {
        let mut value: Value = serde_json::from_slice(&record.value).unwrap();
        let mut state: Value = serde_json::from_str(value["state"].as_str().unwrap()).unwrap();
        let ceremony = state.as_object_mut().unwrap().values_mut().next().unwrap();
        assert_eq!(ceremony["policy"], "required");
        ceremony["challenge"] = json!(encoded(&self.remembered));
        if !self.requires_verification {
            ceremony["policy"] = json!("preferred");
        }
        value["state"] = json!(state.to_string());
        record.value = value.to_string().into_bytes();
        let digest = Sha256::new_with_prefix("passkey").chain_update(&self.named);
        record.digest = ChallengeDigest::new(digest.finalize().into());
    }
}

#[async_trait]
impl ChallengeStore for Challenges {
    async fn insert(&self, mut challenge: ChallengeRecord) -> Result<(), StoreError> {
        if let Some(next) = self.next.lock().unwrap().take() {
            next.replace(&mut challenge);
        }
        self.memory.insert(challenge).await
    }

    async fn find(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.find(digest, now).await
    }

    async fn take(
        &self,
        digest: &ChallengeDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.take(digest, now).await
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.memory.purge(now, limit).await
    }
}

/// A mount for the domain of the vectors, and an account.
struct Site {
    app: App,
    challenges: Challenges,
    ada: Browser,
}

impl Site {
    async fn on(app: &App) -> Self {
        let challenges = Challenges::default();
        let origin = format!("https://{RP_ID}");
        let setup = Setup::passkeys(|config| config.origins(vec![origin]).max_passkeys(20));
        let app = guarded(app, Setup { challenges: Some(challenges.clone()), ..setup }).await;
        let ada = app.member("ada").await;
        Self { app, challenges, ada }
    }

    /// Sends the answer with each byte flipped, and as it is. Returns the answer to the last.
    async fn flipped_and_whole(&self, passkey: &Passkey<'_>, ceremony: &Ceremony) -> Answer {
        let name = passkey.name;
        for (part, flip) in FLIPS {
            let mut wrong = ceremony.clone();
            let mut remembered = ceremony.challenge.clone();
            if !flip(&mut wrong, &mut remembered) {
                assert!(
                    part == "signature" && passkey.user_handle.is_none(),
                    "{name} has a {part}"
                );
                continue;
            }
            let answer = self.send(passkey, &wrong, remembered).await;
            assert!(is_rejected(&answer), "{name} with another {part}: {answer:?}");
        }
        self.send(passkey, ceremony, ceremony.challenge.clone()).await
    }

    async fn send(
        &self,
        passkey: &Passkey<'_>,
        ceremony: &Ceremony,
        remembered: Vec<u8>,
    ) -> Answer {
        let Passkey { requires_verification, .. } = *passkey;
        let next = Next { named: ceremony.challenge.clone(), remembered, requires_verification };
        *self.challenges.next.lock().unwrap() = Some(next);
        let [client_data, data, signature] =
            [&ceremony.client_data, &ceremony.data, &ceremony.signature].map(|part| encoded(part));
        let Some(user_handle) = &passkey.user_handle else {
            options(&self.ada, "/passkeys/register/options", json!({})).await;
            let response = json!({ "clientDataJSON": client_data, "attestationObject": data });
            let body = json!({ "credential": passkey.credential(response) });
            return self.ada.post("/passkeys/register/verify", body).await;
        };
        let browser = self.app.browser();
        options(&browser, "/passkeys/sign-in/options", json!({})).await;
        let response = json!({
            "clientDataJSON": client_data,
            "authenticatorData": data,
            "signature": signature,
            "userHandle": user_handle,
        });
        send(&browser, &passkey.credential(response)).await
    }
}

/// The passkey of a vector.
struct Passkey<'a> {
    name: &'a str,
    id: String,
    /// Whether the stored state requires user verification, as the library does.
    requires_verification: bool,
    /// `None` until it is registered.
    user_handle: Option<Value>,
}

impl Passkey<'_> {
    fn credential(&self, response: Value) -> Value {
        json!({
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": response,
        })
    }
}

fn is_rejected(answer: &Answer) -> bool {
    (answer.status, &*answer.code()) == (401, "passkey-rejected")
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

on_every_database! {
    async fn test_vectors_of_the_standard_are_accepted_and_a_flipped_byte_is_not(app: App) {
        let site = Site::on(&app).await;
        let options = options(&site.ada, "/passkeys/register/options", json!({})).await;
        let offered = options["pubKeyCredParams"].as_array().unwrap().iter();
        let offered: Vec<_> = offered.map(|one| one["alg"].as_i64().unwrap()).collect();
        assert_eq!(offered, [-7, -35, -257], "ES256, ES384, RS256");
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../fixtures/webauthn/vectors.json")).unwrap();
        assert_eq!(vectors.len(), EXPECTED.len());
        for (vector, (name, registers, signs_in)) in vectors.iter().zip(EXPECTED) {
            assert_eq!(vector["name"], name);
            let id = encoded(&bytes(&vector["registration"]["credential_id"]));
            let mut passkey = Passkey { name, id, requires_verification: true, user_handle: None };
            let registration = Ceremony::of(&vector["registration"]);
            if registers != Yes {
                let answer = site.flipped_and_whole(&passkey, &registration).await;
                assert!(is_rejected(&answer), "{name} was not verified: {answer:?}");
                passkey.requires_verification = false;
            }
            let answer = site.flipped_and_whole(&passkey, &registration).await;
            if registers == No {
                assert!(is_rejected(&answer), "{name}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status, 201, "{name}: {answer:?}");
            passkey.user_handle = Some(answer.json()["signal"]["userId"].clone());
            passkey.requires_verification = true;
            let authentication = Ceremony::of(&vector["authentication"]);
            let answer = site.flipped_and_whole(&passkey, &authentication).await;
            if signs_in {
                assert_eq!(answer.status, 200, "{name}: {answer:?}");
                assert_eq!(answer.json()["username"], "ada");
            } else {
                assert!(is_rejected(&answer), "{name} was not verified: {answer:?}");
            }
        }
    }
}
