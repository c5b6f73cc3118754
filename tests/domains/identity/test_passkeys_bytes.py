"""Passkeys and bytes that no authenticator makes: refused, whatever the parsers stumble over."""

from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.authenticator import (
    Authenticator,
    add,
    b64,
    cbor,
    creation_options,
    enter,
    keep,
    refused_to_enter,
    refused_to_keep,
    request_options,
    unb64,
)
from factories.identity import signed_in
from faded_skies.adapters.passkeys.ceremonies import WebauthnCeremonies
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.ports import CreatedCredential, PasskeyAssertion, PasskeyRefused

DAMAGED: list[object] = ["=", "AA==", "A", "AAAAA", "Ä", "+/", "A" * 16_385, "", None, 7, [], {}]


@pytest.mark.parametrize("value", DAMAGED, ids=[f"{one!s:.8}-{type(one).__name__}" for one in DAMAGED])
async def test_damaged_base64_is_refused(app: Application, client: httpx.AsyncClient, value: object) -> None:
    person = await signed_in(app)
    device = Authenticator()
    made = device.create(await creation_options(client, person))
    asserted = device.get(await request_options(client))
    for field in ("clientDataJSON", "attestationObject"):
        answer = await keep(client, person, made | {"response": made["response"] | {field: value}})
        assert answer.status_code == 422, (field, answer.text)
    for field in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        answer = await enter(client, asserted | {"response": asserted["response"] | {field: value}})
        assert answer.status_code in {401, 422}, (field, answer.text)
    assert (await enter(client, asserted | {"id": value})).status_code in {401, 422}


BOMBS = {
    "nested-lists": b"\x81" * 12_000,
    "nested-tags": b"\xc0" * 12_000,
    "nested-maps": b"\xa1\x00" * 6_000,
    "endless-lists": b"\x9f" * 12_000,
    "a-list-without-end": b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff",
    "bytes-without-end": b"\x5b" + b"\xff" * 8,
    "text-without-end": b"\x7b\x7f" + b"\xff" * 7,
    "a-huge-power": b"\xc5\x82\x1a\x7f\xff\xff\xff\x03",
    "a-list-in-itself": b"\xd8\x1c\x81\xd8\x1d\x00",
    "a-map-in-itself": b"\xd8\x1c\xa1\x63fmt\xd8\x1d\x00",
    "nothing": b"",
    "lists-for-values": cbor({"fmt": [], "attStmt": [], "authData": []}),
    "numbers-for-values": cbor({"fmt": 1, "attStmt": 2, "authData": 3}),
    "a-key-twice": b"\xa3\x63fmt\x64none\x63fmt\x64none\x67attStmt\xa0",
}


GOOD_AS_EXTENSIONS = {"nothing", "lists-for-values", "numbers-for-values"}
"""Which of them are whole maps, or none: extensions may be any."""


@pytest.mark.parametrize("name", BOMBS)
async def test_cbor_that_unfolds_or_makes_no_sense_is_refused(
    app: Application, client: httpx.AsyncClient, name: str
) -> None:
    person, bomb, good = await signed_in(app), BOMBS[name], name in GOOD_AS_EXTENSIONS
    device = Authenticator()
    made = device.create(await creation_options(client, person))
    made["response"]["attestationObject"] = b64(bomb)
    await refused_to_keep(client, person, made)
    within = Authenticator(extensions=bomb).create(await creation_options(client, person))
    assert (await keep(client, person, within)).status_code == (201 if good else 422)
    await add(client, person, device)
    entered = await enter(client, replace(device, extensions=bomb).get(await request_options(client)))
    assert entered.status_code == (200 if good else 401)


JSON_BOMBS = {
    "nested": b"[" * 12_000,
    "nested-objects": b'{"a":' * 2_000,
    "not-json": b"\xff\xfe",
    "a-list": b"[]",
    "null": b"null",
    "empty": b"",
    "half-a-character": b'{"type":"webauthn.get","challenge":"\\ud800","origin":"\\ud800"}',
    "challenge-is-a-number": b'{"type":"webauthn.get","challenge":7,"origin":"x"}',
    "challenge-not-ascii": '{"type":"webauthn.get","challenge":"äöü","origin":"x"}'.encode(),
}


@pytest.mark.parametrize("bomb", JSON_BOMBS.values(), ids=JSON_BOMBS)
async def test_client_data_that_is_none_is_refused(
    app: Application, client: httpx.AsyncClient, bomb: bytes
) -> None:
    person = await signed_in(app)
    device = Authenticator()
    await add(client, person, device)
    made = Authenticator().create(await creation_options(client, person))
    made["response"]["clientDataJSON"] = b64(bomb)
    await refused_to_keep(client, person, made)
    asserted = device.get(await request_options(client))
    asserted["response"]["clientDataJSON"] = b64(bomb)
    await refused_to_enter(client, asserted)


CEREMONIES = WebauthnCeremonies(["http://localhost:5173"])
CHALLENGE = bytes(32)
OPTIONS = {
    "challenge": b64(CHALLENGE),
    "user": {"id": b64(b"somebody")},
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
}
DEVICE = Authenticator()
MADE = DEVICE.create(OPTIONS)["response"]
ASSERTED = DEVICE.get(OPTIONS)["response"]


@given(bites=st.binary(max_size=300))
def test_no_bytes_but_the_real_ones_are_taken(bites: bytes) -> None:
    client_data = unb64(MADE["clientDataJSON"])
    with pytest.raises(PasskeyRefused):
        CEREMONIES.check_new(CreatedCredential(DEVICE.credential_id, client_data, bites), challenge=CHALLENGE)
    with pytest.raises(PasskeyRefused):
        CEREMONIES.challenge_of(bites)
    authenticator_data, signature = unb64(ASSERTED["authenticatorData"]), unb64(ASSERTED["signature"])
    client_data = unb64(ASSERTED["clientDataJSON"])
    for damaged in (
        PasskeyAssertion(DEVICE.credential_id, client_data, bites, signature, None),
        PasskeyAssertion(DEVICE.credential_id, client_data, authenticator_data, bites, None),
        PasskeyAssertion(DEVICE.credential_id, bites, authenticator_data, signature, None),
    ):
        with pytest.raises(PasskeyRefused):
            CEREMONIES.check_use(damaged, challenge=CHALLENGE, public_key=cbor(DEVICE.key.cose()))


@given(at=st.integers(0, 400), bit=st.integers(0, 7), length=st.integers(0, 400))
def test_a_damaged_attestation_is_refused_or_still_says_the_same(at: int, bit: int, length: int) -> None:
    whole = unb64(MADE["attestationObject"])
    damaged = bytearray(whole)
    damaged[at % len(whole)] ^= 1 << bit
    for body in (bytes(damaged), whole[: length % len(whole)]):
        credential = CreatedCredential(DEVICE.credential_id, unb64(MADE["clientDataJSON"]), body)
        try:
            kept = CEREMONIES.check_new(credential, challenge=CHALLENGE)
        except PasskeyRefused:
            continue
        # Without an attestation nothing signs these: the count, the flags, the model and the key may be anything.
        assert kept.credential_id == DEVICE.credential_id
        assert len(body) == len(whole)


@given(at=st.integers(0, 400), bit=st.integers(0, 7))
def test_every_bit_of_an_assertion_counts(at: int, bit: int) -> None:
    parts = {name: unb64(ASSERTED[name]) for name in ("clientDataJSON", "authenticatorData", "signature")}
    key = cbor(DEVICE.key.cose())
    for name, whole in parts.items():
        damaged = bytearray(whole)
        damaged[at % len(whole)] ^= 1 << bit
        changed = parts | {name: bytes(damaged)}
        assertion = PasskeyAssertion(
            DEVICE.credential_id,
            changed["clientDataJSON"],
            changed["authenticatorData"],
            changed["signature"],
            None,
        )
        with pytest.raises(PasskeyRefused):
            CEREMONIES.check_use(assertion, challenge=CHALLENGE, public_key=key)


def test_the_real_ones_are_taken() -> None:
    """What the tests above damage is good as it is."""
    credential = CreatedCredential(
        DEVICE.credential_id, unb64(MADE["clientDataJSON"]), unb64(MADE["attestationObject"])
    )
    kept = CEREMONIES.check_new(credential, challenge=CHALLENGE)
    assertion = PasskeyAssertion(
        DEVICE.credential_id,
        unb64(ASSERTED["clientDataJSON"]),
        unb64(ASSERTED["authenticatorData"]),
        unb64(ASSERTED["signature"]),
        None,
    )
    use = CEREMONIES.check_use(assertion, challenge=CHALLENGE, public_key=kept.public_key)
    assert (use.sign_count, use.backup_eligible, use.backed_up) == (0, True, True)
    assert kept.public_key == cbor(DEVICE.key.cose())
