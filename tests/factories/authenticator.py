"""A software authenticator and the browser around it, from the specifications alone (WebAuthn Level 3, CTAP 2.1).

It shares no code with the library that judges what it makes: its CBOR and its structures are its own.
"""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from factories.identity import SignedInPerson

ORIGIN = "http://localhost:5173"
RP_ID = "localhost"

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80

Algorithm = Literal["ES256", "EdDSA", "RS256"]
Json = dict[str, Any]


def b64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def cbor(value: object) -> bytes:
    """Encode integers, bytes, texts, lists and maps, in the order given (RFC 8949 §3)."""
    match value:
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return _head(5, len(value)) + b"".join(cbor(key) + cbor(one) for key, one in value.items())
    raise TypeError(type(value).__name__)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for extra, (code, most) in enumerate(
        (("B", 0xFF), ("H", 0xFFFF), ("I", 0xFFFFFFFF), ("Q", 2**64 - 1)), 24
    ):
        if number <= most:
            return bytes([major << 5 | extra]) + struct.pack(f">{code}", number)
    raise OverflowError(number)


class Key:
    """A key pair, its COSE form (RFC 9053) and its signatures."""

    def __init__(self, algorithm: Algorithm = "ES256") -> None:
        self.algorithm = algorithm
        self._ec = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else None
        self._ed = ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else None
        self._rsa = rsa.generate_private_key(65537, 2048) if algorithm == "RS256" else None

    @property
    def alg(self) -> int:
        return {"ES256": -7, "EdDSA": -8, "RS256": -257}[self.algorithm]

    def cose(self) -> dict[int, object]:
        if self._ec is not None:
            point = self._ec.public_key().public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        if self._ed is not None:
            return {1: 1, 3: -8, -1: 6, -2: self._ed.public_key().public_bytes_raw()}
        assert self._rsa is not None
        numbers = self._rsa.public_key().public_numbers()
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}

    def sign(self, data: bytes) -> bytes:
        if self._ec is not None:
            return self._ec.sign(data, ec.ECDSA(hashes.SHA256()))
        if self._ed is not None:
            return self._ed.sign(data)
        assert self._rsa is not None
        return self._rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclass
class Authenticator:
    """A device with one credential; each field is what it or its browser does, right or wrong.

    It does not count (`step` 0), as passkeys that are kept in an account of their maker do.
    """

    key: Key = field(default_factory=Key)
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    origin: str = ORIGIN
    rp_id: str = RP_ID
    flags: int = PRESENT | VERIFIED | ELIGIBLE | BACKED_UP
    count: int = 0
    step: int = 0
    handle: bytes | None = None
    client_data: Json = field(default_factory=dict)
    attestation: Literal["none", "packed"] = "none"
    cose: dict[int, object] | None = None
    extensions: bytes = b""

    def create(self, options: Json) -> Json:
        """`navigator.credentials.create()` and `toJSON()`."""
        assert any(one["alg"] == self.key.alg for one in options["pubKeyCredParams"])
        self.handle = unb64(options["user"]["id"])
        client = self._client("webauthn.create", options["challenge"])
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id
        attested += cbor(self.cose or self.key.cose())
        data = self._data(ATTESTED, attested)
        statement: Json = {}
        if self.attestation == "packed":
            statement = {"alg": self.key.alg, "sig": self.key.sign(data + hashlib.sha256(client).digest())}
        body = cbor({"fmt": self.attestation, "attStmt": statement, "authData": data})
        return self._json(
            {"clientDataJSON": b64(client), "attestationObject": b64(body), "transports": ["internal"]}
        )

    def get(self, options: Json) -> Json:
        """`navigator.credentials.get()` and `toJSON()`."""
        client = self._client("webauthn.get", options["challenge"])
        self.count += self.step
        data = self._data(0, b"")
        signature = self.key.sign(data + hashlib.sha256(client).digest())
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(signature),
        }
        if self.handle is not None:
            response["userHandle"] = b64(self.handle)
        return self._json(response)

    def _client(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told | self.client_data, separators=(",", ":")).encode()

    def _data(self, flags: int, attested: bytes) -> bytes:
        flags |= self.flags | (EXTENDED if self.extensions else 0)
        head = hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)
        return head + attested + self.extensions

    def _json(self, response: Json) -> Json:
        name = b64(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": response,
        }


async def creation_options(client: httpx.AsyncClient, person: SignedInPerson, **body: object) -> Json:
    answer = await client.post("/api/users/passkeys/options", headers=person.headers, json=body)
    assert answer.status_code == 200, answer.text
    options: Json = answer.json()
    return options


async def keep(
    client: httpx.AsyncClient, person: SignedInPerson, credential: Json, name: str = "My phone"
) -> httpx.Response:
    body = {"name": name, "credential": credential}
    return await client.post("/api/users/passkeys", headers=person.headers, json=body)


async def add(
    client: httpx.AsyncClient, person: SignedInPerson, device: Authenticator, name: str = "My phone"
) -> str:
    """Add the device's passkey to the person's and return its id."""
    answer = await keep(client, person, device.create(await creation_options(client, person)), name)
    assert answer.status_code == 201, answer.text
    passkey_id: str = answer.json()["passkey"]["id"]
    return passkey_id


async def request_options(client: httpx.AsyncClient) -> Json:
    answer = await client.post("/api/auth/passkey/options")
    assert answer.status_code == 200, answer.text
    options: Json = answer.json()
    return options


async def enter(client: httpx.AsyncClient, credential: Json) -> httpx.Response:
    return await client.post("/api/auth/passkey", json={"credential": credential})


async def refused_to_enter(client: httpx.AsyncClient, credential: Json) -> None:
    answer = await enter(client, credential)
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_PASSKEY"), answer.text


async def refused_to_keep(client: httpx.AsyncClient, person: SignedInPerson, credential: Json) -> None:
    answer = await keep(client, person, credential)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_PASSKEY"), answer.text
