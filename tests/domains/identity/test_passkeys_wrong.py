"""Passkeys against those who are not meant to get in: what WebAuthn has a server check is got wrong, each once."""

import hashlib
import os
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from factories.authenticator import (
    BACKED_UP,
    ELIGIBLE,
    PRESENT,
    RP_ID,
    VERIFIED,
    Authenticator,
    Key,
    add,
    b64,
    cbor,
    creation_options,
    enter,
    refused_to_enter,
    refused_to_keep,
    request_options,
    unb64,
)
from factories.identity import signed_in
from faded_skies.bootstrap import Application
from faded_skies.platform.db import Database

Actions = Callable[[], Awaitable[list[str]]]

WRONG: dict[str, dict[str, Any]] = {
    "origin": {"origin": "https://evil.test"},
    "origin-on-another-port": {"origin": "http://localhost:5174"},
    "origin-is-no-text": {"client_data": {"origin": ["http://localhost:5173"]}},
    "rp-id": {"rp_id": "evil.test"},
    "challenge-of-our-make": {"client_data": {"challenge": b64(os.urandom(32))}},
    "no-challenge": {"client_data": {"challenge": ""}},
    "ceremony": {"client_data": {"type": "payment.get"}},
    "frame": {"client_data": {"crossOrigin": True}},
    "token-binding": {"client_data": {"tokenBinding": {"status": "present"}, "type": "webauthn.other"}},
    "user-not-verified": {"flags": PRESENT | ELIGIBLE | BACKED_UP},
    "user-not-present": {"flags": VERIFIED | ELIGIBLE | BACKED_UP},
    "backed-up-but-not-eligible": {"flags": PRESENT | VERIFIED | BACKED_UP},
    "extensions-cut-off": {"extensions": b"\xa1\x61"},
    "leftover-bytes": {"extensions": cbor({}) + b"\x00"},
}

P256_OFF_CURVE = {1: 2, 3: -7, -1: 1, -2: bytes(31) + b"\x01", -3: bytes(31) + b"\x01"}
BAD_KEYS: dict[str, dict[int, object]] = {
    "off-its-curve": P256_OFF_CURVE,
    "unknown-algorithm": {1: 2, 3: -47, -1: 8, -2: bytes(32), -3: bytes(32)},
    "another-curve": {1: 2, 3: -7, -1: 99, -2: bytes(31) + b"\x01", -3: bytes(31) + b"\x01"},
    "no-point": {1: 2, 3: -7, -1: 1},
    "monster": {1: 3, 3: -257, -1: b"\xff" * 1024, -2: b"\x01\x00\x01"},
    "even-exponent": {1: 3, 3: -257, -1: b"\xff" * 256, -2: b"\x02"},
    "not-a-key": {2: b"x"},
    "numbers-for-bytes": {1: 2, 3: -7, -1: 1, -2: 7, -3: 7},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
async def test_one_that_is_wrong_is_not_kept(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions, changes: dict[str, Any]
) -> None:
    person = await signed_in(app)
    device = Authenticator(**changes)
    await refused_to_keep(client, person, device.create(await creation_options(client, person)))
    assert await db.fetchval("SELECT count(*) FROM passkeys") == 0
    assert (await actions())[-1] == "passkey.refused"


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
async def test_a_sign_in_that_is_wrong_is_refused(
    app: Application, client: httpx.AsyncClient, db: Database, actions: Actions, changes: dict[str, Any]
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    await refused_to_enter(client, replace(device, **changes).get(await request_options(client)))
    assert await db.fetchval("SELECT count(*) FROM sessions") == 1
    assert await db.fetchval("SELECT last_used_at FROM passkeys") is None
    assert (await actions())[-1] == "sign_in.failed"
    entered = await enter(client, device.get(await request_options(client)))
    assert entered.status_code == 200


@pytest.mark.parametrize("cose", BAD_KEYS.values(), ids=BAD_KEYS)
async def test_a_key_that_nobody_could_use_is_not_kept(
    app: Application, client: httpx.AsyncClient, db: Database, cose: dict[int, object]
) -> None:
    person = await signed_in(app)
    device = Authenticator(cose=cose)
    await refused_to_keep(client, person, device.create(await creation_options(client, person)))
    assert await db.fetchval("SELECT count(*) FROM passkeys") == 0


async def test_a_self_attestation_by_another_key_is_refused(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    device = Authenticator(attestation="packed", cose=Key().cose())
    await refused_to_keep(client, person, device.create(await creation_options(client, person)))


@pytest.mark.parametrize(
    ("fmt", "statement"),
    [
        ("fido-u2f", {"sig": b"x", "x5c": [b"x"]}),
        ("tpm", {"ver": "2.0", "alg": -7, "sig": b"x", "x5c": [b"x"], "certInfo": b"x", "pubArea": b"x"}),
        ("packed", {"alg": -7, "sig": b"x", "x5c": [b"x"]}),
        ("packed", {"alg": -7, "sig": b"x", "x5c": []}),
        ("none", {"sig": b"x"}),
        ("made-up", {}),
        ("", {}),
    ],
    ids=[
        "u2f",
        "tpm",
        "packed-with-certificate",
        "packed-with-none",
        "none-with-something",
        "unknown",
        "empty",
    ],
)
async def test_attestations_that_were_not_asked_for_are_refused(
    app: Application, client: httpx.AsyncClient, fmt: str, statement: dict[str, object]
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    made = device.create(await creation_options(client, person))
    attested = bytes(16) + struct.pack(">H", 32) + device.credential_id + cbor(device.key.cose())
    head = hashlib.sha256(RP_ID.encode()).digest() + struct.pack(">BI", device.flags | 0x40, 0)
    body = cbor({"fmt": fmt, "attStmt": statement, "authData": head + attested})
    made["response"]["attestationObject"] = b64(body)
    await refused_to_keep(client, person, made)


async def test_a_vendors_certificate_is_not_even_read_when_its_signature_is_right(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    made = device.create(await creation_options(client, person))
    attested = bytes(16) + struct.pack(">H", 32) + device.credential_id + cbor(device.key.cose())
    data = hashlib.sha256(RP_ID.encode()).digest() + struct.pack(">BI", device.flags | 0x40, 0) + attested
    signed = data + hashlib.sha256(unb64(made["response"]["clientDataJSON"])).digest()
    vendor = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A vendor")])
    certificate = (
        x509.CertificateBuilder(name, name, vendor.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .sign(vendor, hashes.SHA256())
    )
    statement = {
        "alg": -7,
        "sig": vendor.sign(signed, ec.ECDSA(hashes.SHA256())),
        "x5c": [certificate.public_bytes(serialization.Encoding.DER)],
    }
    made["response"]["attestationObject"] = b64(
        cbor({"fmt": "packed", "attStmt": statement, "authData": data})
    )
    await refused_to_keep(client, person, made)
    assert await db.fetchval("SELECT count(*) FROM passkeys") == 0


async def test_a_key_under_another_name_than_its_own_is_refused(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    made = Authenticator().create(await creation_options(client, person))
    await refused_to_keep(client, person, made | {"id": b64(os.urandom(32))})
    longest = Authenticator(credential_id=os.urandom(1024))
    await refused_to_keep(client, person, longest.create(await creation_options(client, person)))
    assert await db.fetchval("SELECT count(*) FROM passkeys") == 0


async def test_a_credential_belongs_to_one_person(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    owner, thief = await signed_in(app), await signed_in(app)
    device = Authenticator()
    await add(client, owner, device)
    for person in (thief, owner):
        again = replace(device, key=Key())
        await refused_to_keep(client, person, again.create(await creation_options(client, person)))
    assert await db.fetchval("SELECT user_id FROM passkeys") == owner.id
    entered = await enter(client, device.get(await request_options(client)))
    assert entered.json()["user"]["id"] == str(owner.id)


async def test_a_user_handle_must_be_its_owners(app: Application, client: httpx.AsyncClient) -> None:
    owner, other = await signed_in(app), await signed_in(app)
    device = Authenticator()
    await add(client, owner, device)
    for handle in (None, b"", other.id.bytes, owner.id.bytes + b"\x00"):
        await refused_to_enter(client, replace(device, handle=handle).get(await request_options(client)))


async def test_anothers_credential_with_ones_own_key_is_refused(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    owner, thief = await signed_in(app), await signed_in(app)
    device, own = Authenticator(), Authenticator()
    await add(client, owner, device)
    await add(client, thief, own)
    forged = replace(own, credential_id=device.credential_id, handle=owner.id.bytes)
    await refused_to_enter(client, forged.get(await request_options(client)))
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", owner.id) == 1


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
async def test_one_changed_bit_is_enough(app: Application, client: httpx.AsyncClient, field: str) -> None:
    device = Authenticator(count=1, step=1)
    await add(client, await signed_in(app), device)
    made = device.get(await request_options(client))
    value = bytearray(unb64(made["response"][field]))
    # The last byte of each is looked at by nothing but the signature, or is the signature.
    value[-2 if field == "clientDataJSON" else -1] ^= 1
    made["response"][field] = b64(bytes(value))
    await refused_to_enter(client, made)
