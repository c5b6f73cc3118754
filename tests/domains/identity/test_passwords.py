"""The hasher: Argon2id, off the event loop, and as slow for nobody as for somebody."""

import asyncio
from collections.abc import Iterator

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faded_skies.adapters.passwords.hasher import NOBODYS_HASH, PwdlibHasher


@pytest.fixture(scope="module")
def hasher() -> Iterator[PwdlibHasher]:
    made = PwdlibHasher()
    yield made
    made.close()


async def test_a_password_matches_its_own_hash_only(hasher: PwdlibHasher) -> None:
    stored = await hasher.hash("Test-Skies-42!")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.hash("Test-Skies-42!") != stored
    assert await hasher.verify("Test-Skies-42!", stored) == (True, None)
    assert await hasher.verify("test-skies-42!", stored) == (False, None)


async def test_nobody_is_checked_with_the_same_parameters(hasher: PwdlibHasher) -> None:
    stored = await hasher.hash("Test-Skies-42!")
    assert NOBODYS_HASH.split("$")[:4] == stored.split("$")[:4]
    assert [len(part) for part in NOBODYS_HASH.split("$")] == [len(part) for part in stored.split("$")]
    assert await hasher.verify("Test-Skies-42!", None) == (False, None)


async def test_a_weaker_hash_is_replaced(hasher: PwdlibHasher) -> None:
    weak = bcrypt.hashpw(b"Test-Skies-42!", bcrypt.gensalt(4)).decode()
    right, better = await hasher.verify("Test-Skies-42!", weak)
    assert right
    assert better is not None
    assert await hasher.verify("Test-Skies-42!", better) == (True, None)
    assert await hasher.verify("wrong", weak) == (False, None)


@given(st.text(min_size=60, max_size=200).filter(lambda text: "\x00" not in text))
@settings(max_examples=20, deadline=None)
def test_bcrypt_takes_passwords_of_any_length(password: str) -> None:
    stored = bcrypt.hashpw(b"Test-Skies-42!", bcrypt.gensalt(4)).decode()
    made = PwdlibHasher()
    assert asyncio.run(made.verify(password, stored)) == (False, None)
    made.close()


async def test_the_loop_goes_on_while_passwords_are_hashed(hasher: PwdlibHasher) -> None:
    hashing = asyncio.gather(*(hasher.hash("Test-Skies-42!") for _ in range(8)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    await hashing
    assert turns > 8
