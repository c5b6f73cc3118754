"""Argon2id by pwdlib, in a few threads beside the event loop; bcrypt hashes are read and replaced."""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from faded_skies.domains.identity.ports import Match

_BCRYPT_BYTES = 72

# The OWASP Password Storage Cheat Sheet's choice for Argon2id.
_MEMORY_KIB = 19 * 1024
_PASSES = 2

_NICENESS = 5  # of 19: a third of the loop's weight to the scheduler, sched(7), so that neither starves

NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$Fd6gnW2OSPH5ajOU06RhwA$wHKThnw3L9qyibUabhpHDebzaqIRkRfmovrOxQdRB/c"
)
"""No known password has it; checking against it costs what checking a real one costs."""


class _Bcrypt(BcryptHasher):
    """bcrypt as other systems use it: bytes beyond the 72nd do not count (this library would refuse them)."""

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - the library's signature
        raw = password.encode() if isinstance(password, str) else password
        return super().verify(raw[:_BCRYPT_BYTES], hash)


def _step_back() -> None:
    """Let the event loop's thread go first when both want the core, as far as the system parts threads (Linux)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class PwdlibHasher:
    """The PasswordHasher of the product."""

    def __init__(self) -> None:
        self._hash = PasswordHash(
            (Argon2Hasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1), _Bcrypt())
        )
        # Hashing releases the interpreter lock, so one thread a core; more would only wait.
        self._threads = ThreadPoolExecutor(
            max_workers=os.cpu_count(), thread_name_prefix="passwords", initializer=_step_back
        )

    def close(self) -> None:
        self._threads.shutdown()

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hash.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> Match:
        right, better_hash = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._hash.verify_and_update, password, password_hash or NOBODYS_HASH
        )
        return Match(right and password_hash is not None, better_hash)
