//! An authenticator in software (WebAuthn Level 3), by another implementation than the library's.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Flags of authenticator data (section 6.1).
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 4;
const BACKUP_ELIGIBLE: u8 = 8;
const BACKED_UP: u8 = 16;
const HAS_CREDENTIAL: u8 = 64;

/// An authenticator and the browser that asks it. Clones have the same keys.
#[derive(Clone)]
pub struct Authenticator {
    /// Origin of the page.
    pub origin: String,
    /// Whether the page is in a frame of another site.
    pub is_cross_origin: bool,
    /// Domain in place of the one that the server names.
    pub rp_id: Option<String>,
    /// Whether somebody touches it.
    pub sees_user: bool,
    /// Whether it asks for a PIN or a finger.
    pub verifies_user: bool,
    /// Whether passkeys are copied to other devices.
    pub is_synced: bool,
    /// Whether it counts signatures.
    pub counts: bool,
    /// Its model.
    pub aaguid: [u8; 16],
    pub keys: Vec<Key>,
}

/// A passkey.
#[derive(Clone)]
pub struct Key {
    pub id: Vec<u8>,
    pub user_handle: Vec<u8>,
    pub counter: u32,
    rp_id: String,
    secret: SigningKey,
}

impl Authenticator {
    /// An authenticator whose browser shows a page of `origin`.
    pub fn at(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            is_cross_origin: false,
            rp_id: None,
            sees_user: true,
            verifies_user: true,
            is_synced: false,
            counts: true,
            aaguid: [0; 16],
            keys: Vec::new(),
        }
    }

    /// `navigator.credentials.create`: makes a passkey, and returns it as `toJSON()` does.
    pub fn create(&mut self, options: &Value) -> Value {
        self.keys.push(Key {
            id: bytes::<32>().to_vec(),
            user_handle: decoded(&options["user"]["id"]),
            counter: 0,
            rp_id: options["rp"]["id"].as_str().unwrap().to_owned(),
            secret: SigningKey::from_slice(&bytes::<32>()).unwrap(),
        });
        self.create_again(self.keys.len() - 1, options)
    }

    /// As [`create`](Self::create), with a passkey that exists.
    pub fn create_again(&self, at: usize, options: &Value) -> Value {
        let key = &self.keys[at];
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.data(key, HAS_CREDENTIAL);
        data.extend(self.aaguid);
        data.extend(u16::try_from(key.id.len()).unwrap().to_be_bytes());
        data.extend(&key.id);
        data.extend(public_key(&key.secret));
        let mut attestation = vec![0xa3];
        attestation.extend(text("fmt"));
        attestation.extend(text("none"));
        attestation.extend(text("attStmt"));
        attestation.push(0xa0);
        attestation.extend(text("authData"));
        attestation.push(0x59);
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);
        let id = encoded(&key.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&client_data),
                "attestationObject": encoded(&attestation),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// `navigator.credentials.get`: signs with the newest passkey that the server accepts, and returns
    /// it as `toJSON()` does.
    pub fn get(&mut self, options: &Value) -> Value {
        let allowed = options["allowCredentials"].as_array().cloned().unwrap_or_default();
        let allowed: Vec<_> = allowed.iter().map(|one| decoded(&one["id"])).collect();
        let is_allowed = |key: &Key| allowed.is_empty() || allowed.contains(&key.id);
        let at = self.keys.iter().rposition(is_allowed).expect("a passkey that is accepted");
        self.get_with(at, options)
    }

    /// As [`get`](Self::get), with that passkey.
    pub fn get_with(&mut self, at: usize, options: &Value) -> Value {
        if self.counts {
            self.keys[at].counter += 1;
        }
        let key = &self.keys[at];
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(key, 0);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature: Signature = key.secret.sign(&signed);
        let id = encoded(&key.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&client_data),
                "authenticatorData": encoded(&data),
                "signature": encoded(signature.to_der().as_bytes()),
                "userHandle": encoded(&key.user_handle),
            },
        })
    }

    fn client_data(&self, ceremony: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": ceremony,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.is_cross_origin,
        });
        data.to_string().into_bytes()
    }

    fn data(&self, key: &Key, flags: u8) -> Vec<u8> {
        let rp_id = self.rp_id.as_ref().unwrap_or(&key.rp_id);
        let present = if self.sees_user { USER_PRESENT } else { 0 };
        let verified = if self.verifies_user { USER_VERIFIED } else { 0 };
        let synced = if self.is_synced { BACKUP_ELIGIBLE | BACKED_UP } else { 0 };
        let mut data = Sha256::digest(rp_id).to_vec();
        data.push(flags | present | verified | synced);
        data.extend(key.counter.to_be_bytes());
        data
    }
}

/// The public key as COSE (RFC 9053, section 7.1.1): ES256 on P-256.
fn public_key(secret: &SigningKey) -> Vec<u8> {
    let point = secret.verifying_key().to_encoded_point(false);
    let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    key.extend(point.x().unwrap());
    key.extend([0x22, 0x58, 0x20]);
    key.extend(point.y().unwrap());
    key
}

/// A short text as CBOR.
fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x60 + u8::try_from(text.len()).unwrap()];
    bytes.extend(text.bytes());
    bytes
}

fn bytes<const N: usize>() -> [u8; N] {
    std::array::from_fn(|_| fastrand::u8(..))
}

fn decoded(text: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
