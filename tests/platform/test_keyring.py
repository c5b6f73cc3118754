"""What is wrapped opens for its own context and under its own key, and for nothing else; keys are never told."""

import asyncio
import base64
import hashlib
import hmac
import pickle
from collections.abc import Callable

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies import bootstrap
from faded_skies.platform.db import Database
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.events import Bus
from faded_skies.platform.keyring import KeyLost, Keyring, PurposeKeys, Tampered
from faded_skies.platform.settings import Settings, SettingsError

OLD_KEY, NEW_KEY = bytes(range(32)), bytes(range(32, 64))
OLD = f"2025a:{base64.b64encode(OLD_KEY).decode()}"
NEW = f"2026a:{base64.b64encode(NEW_KEY).decode()}"

secrets = st.binary(max_size=200)
contexts = st.text(min_size=1, max_size=40)


@given(secret=secrets, context=contexts)
def test_what_is_wrapped_opens_again_and_looks_different_each_time(secret: bytes, context: str) -> None:
    keyring = Keyring.parse(OLD)
    first, second = (keyring.wrap(secret, context=context) for _ in range(2))
    assert keyring.unwrap(first, context=context) == keyring.unwrap(second, context=context) == secret
    assert first != second
    assert len(secret) < 8 or secret not in first


@given(secret=secrets, context=contexts, other=contexts)
def test_another_context_does_not_open_it(secret: bytes, context: str, other: str) -> None:
    keyring = Keyring.parse(OLD)
    if other == context:
        other += "'"
    with pytest.raises(Tampered):
        keyring.unwrap(keyring.wrap(secret, context=context), context=other)
    key = keyring.new_data_key()
    with pytest.raises(Tampered):
        keyring.open(keyring.seal(secret, key, context=context), key, context=other)


@given(secret=secrets, data=st.data())
def test_a_flipped_bit_or_a_missing_end_is_refused(secret: bytes, data: st.DataObject) -> None:
    keyring = Keyring.parse(OLD)
    key = keyring.new_data_key()
    cases: list[tuple[bytes, Callable[[bytes], bytes]]] = [
        (keyring.wrap(secret, context="here"), lambda text: keyring.unwrap(text, context="here")),
        (keyring.seal(secret, key, context="here"), lambda text: keyring.open(text, key, context="here")),
    ]
    for whole, read in cases:
        bit = data.draw(st.integers(0, len(whole) * 8 - 1))
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        # A flip within the name of the master key names another key, which is not there.
        with pytest.raises((Tampered, KeyLost)):
            read(bytes(flipped))
        with pytest.raises(Tampered):
            read(whole[: data.draw(st.integers(0, len(whole) - 1))])
        with pytest.raises(Tampered):
            read(whole + b"\0")


@given(rubbish=st.binary(max_size=120))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    keyring = Keyring.parse(OLD)
    for read in (keyring.unwrap, keyring.rewrap):
        with pytest.raises((Tampered, KeyLost)):
            read(rubbish, context="here")
    with pytest.raises(Tampered):
        keyring.open(rubbish, keyring.new_data_key(), context="here")


def test_the_envelope_cannot_be_opened_by_another_key_under_the_same_name() -> None:
    wrapped = Keyring.parse(OLD).wrap(b"secret", context="here")
    impostor = Keyring.parse(f"2025a:{base64.b64encode(NEW_KEY).decode()}")
    with pytest.raises(Tampered):
        impostor.unwrap(wrapped, context="here")
    sealed = Keyring.seal(b"picture", OLD_KEY, context="here")
    with pytest.raises(Tampered):
        Keyring.open(sealed, NEW_KEY, context="here")


def test_a_key_that_is_not_at_hand_is_named() -> None:
    wrapped = Keyring.parse(OLD).wrap(b"secret", context="here")
    keyring = Keyring.parse(NEW)
    for read in (keyring.unwrap, keyring.rewrap):
        with pytest.raises(KeyLost) as lost:
            read(wrapped, context="here")
        assert lost.value.key_name == "2025a"
        assert lost.value.text == (
            "This was locked with the key 2025a, which the shop does not have. "
            "Ask the shop to put that key back into VAULT_MASTER_KEYS."
        )
    assert keyring.key_name(wrapped) == "2025a"


def test_the_first_key_wraps_and_the_others_only_open() -> None:
    wrapped = Keyring.parse(OLD).wrap(b"secret", context="here")
    both = Keyring.parse(f" {NEW} , {OLD} ")
    assert (both.current, list(both.names)) == ("2026a", ["2026a", "2025a"])
    assert both.unwrap(wrapped, context="here") == b"secret"
    again = both.rewrap(wrapped, context="here")
    assert again is not None
    assert both.key_name(again) == "2026a"
    assert Keyring.parse(NEW).unwrap(again, context="here") == b"secret"
    assert both.rewrap(again, context="here") is None
    with pytest.raises(Tampered):
        both.rewrap(wrapped, context="there")


ZEROES = base64.b64encode(bytes(31)).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "pair 1 has no name", id="empty"),
        pytest.param(OLD.partition(":")[2], "pair 1 has no name", id="a key alone"),
        pytest.param(f"{OLD},", "pair 2 has no name", id="a comma at the end"),
        pytest.param(f"my key:{OLD.partition(':')[2]}", "pair 1 has no name", id="a space in the name"),
        pytest.param("2025a", "key 2025a is not 32 bytes in base64", id="a name alone"),
        pytest.param(f"2025a:{ZEROES}", "key 2025a is not 32 bytes in base64", id="31 bytes"),
        pytest.param(f"{OLD}=", "key 2025a is not 32 bytes in base64", id="too much padding"),
        pytest.param("2025a:schlüssel", "key 2025a is not 32 bytes in base64", id="not ASCII"),
        pytest.param(f"{OLD},{OLD}", "key 2025a repeats", id="a pair twice"),
        pytest.param(f"{OLD},2025a:{NEW.partition(':')[2]}", "key 2025a repeats", id="a name twice"),
        pytest.param(f"{OLD},2026a:{OLD.partition(':')[2]}", "key 2026a repeats", id="a key twice"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence_without_the_keys(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        Keyring.parse(text)
    told = f"{refused.value} {refused.value!r} {refused.value.__cause__!r}"
    assert not any(pair.partition(":")[2] in told for pair in (OLD, NEW))
    assert refused.value.__context__ is None


def test_keys_are_in_no_text_of_the_ring() -> None:
    keyring = Keyring.parse(f"{NEW},{OLD}")
    purpose_keys = PurposeKeys({"audit": OLD_KEY})
    assert repr(keyring) == str(keyring) == "Keyring(2026a, 2025a)"
    assert repr(purpose_keys) == str(purpose_keys) == "PurposeKeys(audit)"
    for thing in (keyring, purpose_keys):
        with pytest.raises(TypeError):
            pickle.dumps(thing)


def test_a_purpose_has_a_digest_of_its_own() -> None:
    keys = PurposeKeys({"audit": OLD_KEY, "document_number": NEW_KEY})
    assert keys.digest("audit", b"line") == hmac.new(OLD_KEY, b"line", hashlib.sha256).digest()
    assert keys.digest("document_number", b"line") == hmac.new(NEW_KEY, b"line", hashlib.sha256).digest()
    with pytest.raises(KeyError):
        keys.digest("unheard_of", b"line")


async def test_processes_that_start_at_once_agree_and_later_ones_find_the_same(database_url: str) -> None:
    pools = [await Database.connect(database_url, bus=Bus(), size=2) for _ in range(4)]
    try:
        keyring = Keyring.parse(OLD)
        purposes = [("audit",), ("document_number", "audit"), ("audit", "document_number"), ("audit",)]
        loaded = await asyncio.gather(
            *(PurposeKeys.load(pool, keyring, some) for pool, some in zip(pools, purposes, strict=True))
        )
        assert len({keys.digest("audit", b"line") for keys in loaded}) == 1
        assert loaded[1].digest("document_number", b"x") == loaded[2].digest("document_number", b"x")
        assert loaded[1].digest("document_number", b"x") != loaded[1].digest("audit", b"x")

        later = await PurposeKeys.load(pools[0], Keyring.parse(f"{NEW},{OLD}"), ["audit"])
        assert later.digest("audit", b"line") == loaded[0].digest("audit", b"line")
        stored = await pools[0].fetch("SELECT purpose, wrapped FROM keys ORDER BY purpose")
        assert [row["purpose"] for row in stored] == ["audit", "document_number"]
        assert [Keyring.key_name(row["wrapped"]) for row in stored] == ["2025a", "2025a"]
    finally:
        for pool in pools:
            await pool.close()


async def test_a_start_without_the_key_the_row_or_the_table_is_refused_in_a_sentence(
    settings: Settings, fresh_database_url: str
) -> None:
    start = settings.model_copy(update={"database_url": fresh_database_url})

    async def refusal() -> str:
        with pytest.raises(StartRefused) as refused:
            async with bootstrap.application(start):
                pytest.fail("it started")
        return str(refused.value)

    connection = await asyncpg.connect(fresh_database_url)
    try:
        await PurposeKeys.load(connection, Keyring.parse(OLD), ["audit"])
        assert await refusal() == (
            "The shop's key for audit is wrapped under the master key 2025a, which is not in VAULT_MASTER_KEYS. "
            "Put that key back; docs/runbooks/keys.md says what else can be done."
        )
        await connection.execute("UPDATE keys SET wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1)")
        await connection.execute("UPDATE keys SET wrapped = overlay(wrapped PLACING 'tests' FROM 3)")
        assert (await refusal()).startswith("The shop's key for audit does not open: ")
        await connection.execute("DROP TABLE keys")
        assert await refusal() == (
            "The database is older than this program: the table keys is missing. Run: faded-skies migrate"
        )
    finally:
        await connection.close()


def test_a_settings_error_is_such_a_refusal() -> None:
    assert issubclass(SettingsError, StartRefused)
