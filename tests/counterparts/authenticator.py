"""An authenticator made of the structures of `fido2`, with a key in memory."""

import hashlib
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAGS = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


class Authenticator:
    def __init__(self, origin):
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.handle = None
        self.counter = 0

    def create(self, options, flags=FLAGS):
        """Makes a passkey; the answer as `toJSON()` of a browser gives it."""
        self.handle = options["user"]["id"]
        public = ES256.from_cryptography_key(self.key.public_key())
        made = AttestedCredentialData.create(bytes(16), self.id, public)
        data = AuthenticatorData.create(
            self.hash_of(options["rp"]["id"]), flags | AuthenticatorData.FLAG.AT, 0, bytes(made)
        )
        client = self.client(CollectedClientData.TYPE.CREATE, options)
        return self.answer({
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            "transports": ["internal"],
        })

    def get(self, options):
        """Signs a challenge."""
        self.counter += 1
        data = AuthenticatorData.create(self.hash_of(options["rpId"]), FLAGS, self.counter)
        client = self.client(CollectedClientData.TYPE.GET, options)
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        return self.answer({
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": self.handle,
        })

    def client(self, kind, options):
        challenge = websafe_decode(options["challenge"])
        return CollectedClientData.create(kind, challenge, self.origin, cross_origin=False)

    def answer(self, response):
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }

    @staticmethod
    def hash_of(rp_id):
        return hashlib.sha256(rp_id.encode()).digest()
