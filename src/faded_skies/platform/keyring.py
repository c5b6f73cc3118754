"""Envelope encryption: master keys from settings wrap small secrets; data keys of their own seal large things.

Everything is AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The associated data is a context such as
`id_document:<id>`, so that what belongs to one row cannot be put into another. A wrapped secret names the master key
that opens it; the first key of VAULT_MASTER_KEYS wraps, the others only open (docs/runbooks/keys.md).
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from typing import Any, NoReturn, Protocol

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from faded_skies.platform.errors import StartRefused, Unavailable

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOW = "name:key pairs with commas between them; make a key by: openssl rand -base64 32"

_FIND_KEYS = "SELECT purpose, wrapped FROM keys WHERE purpose = ANY($1)"
_ADD_KEYS = """
INSERT INTO keys (purpose, wrapped) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING
"""


class KeyLost(Unavailable):
    """It is wrapped under a master key that is not in the settings; `key_name` says which."""

    code = "KEY_LOST"

    def __init__(self, key_name: str) -> None:
        self.key_name = key_name
        super().__init__(
            f"This was locked with the key {key_name}, which the shop does not have. "
            "Ask the shop to put that key back into VAULT_MASTER_KEYS."
        )


class Tampered(Exception):
    """What was read is not what was written, or was written for another place. Nobody can open it."""

    def __init__(self) -> None:
        super().__init__("A sealed thing was changed, cut or moved to another place, and cannot be opened.")


class Keyring:
    """The master keys. Their bytes never leave it: not by repr, not by errors."""

    __slots__ = ("_current", "_keys")

    def __init__(self, keys: dict[str, AESGCM]) -> None:
        self._keys = keys
        self._current = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read `name:base64-of-32-bytes` pairs, the current key first. Raises ValueError with a sentence."""
        keys: dict[str, AESGCM] = {}
        seen: set[bytes] = set()
        for place, pair in enumerate(text.split(","), start=1):
            name, _, encoded = pair.strip().partition(":")
            if not _NAME.fullmatch(name):
                raise ValueError(f"pair {place} has no name of letters, digits, . _ or -; write {_HOW}")
            key = _decoded(encoded)
            if key is None:
                raise ValueError(f"key {name} is not 32 bytes in base64; write {_HOW}")
            if name in keys or key in seen:
                raise ValueError(f"key {name} repeats the name or the key of another; each needs its own")
            seen.add(key)
            keys[name] = AESGCM(key)
        return cls(keys)

    @property
    def current(self) -> str:
        """The name of the key that wraps."""
        return self._current

    @property
    def names(self) -> Sequence[str]:
        """The names of all keys at hand, the current one first."""
        return tuple(self._keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A keyring is not written anywhere.")

    def wrap(self, secret: bytes, *, context: str) -> bytes:
        """Encrypt a small secret under the current master key; only `unwrap` with the same context opens it."""
        name = self._current.encode()
        header = bytes((_VERSION, len(name))) + name
        return header + _encrypt(self._keys[self._current], secret, header + context.encode())

    def unwrap(self, wrapped: bytes, *, context: str) -> bytes:
        """Return the secret. Raises KeyLost or Tampered."""
        name, header = _read_header(wrapped)
        key = self._keys.get(name)
        if key is None:
            raise KeyLost(name)
        return _decrypt(key, wrapped[len(header) :], header + context.encode())

    def rewrap(self, wrapped: bytes, *, context: str) -> bytes | None:
        """Return the secret wrapped under the current key, None when it is already. Raises KeyLost or Tampered."""
        if _read_header(wrapped)[0] == self._current:
            return None
        return self.wrap(self.unwrap(wrapped, context=context), context=context)

    @staticmethod
    def key_name(wrapped: bytes) -> str:
        """Return the name of the master key that this is wrapped under. Raises Tampered when it names none."""
        return _read_header(wrapped)[0]

    @staticmethod
    def new_data_key() -> bytes:
        """Return a key for one thing, to be kept only wrapped."""
        return secrets.token_bytes(KEY_BYTES)

    @staticmethod
    def seal(plaintext: bytes, data_key: bytes, *, context: str) -> bytes:
        """Encrypt a thing of any size up to 2 GiB with its own data key."""
        header = bytes((_VERSION,))
        return header + _encrypt(AESGCM(data_key), plaintext, header + context.encode())

    @staticmethod
    def open(sealed: bytes, data_key: bytes, *, context: str) -> bytes:
        """Return what was sealed. Raises Tampered."""
        if sealed[:1] != bytes((_VERSION,)):
            raise Tampered
        return _decrypt(AESGCM(data_key), sealed[1:], sealed[:1] + context.encode())


def _decoded(encoded: str) -> bytes | None:
    try:
        key = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    return key if len(key) == KEY_BYTES else None


def _read_header(wrapped: bytes) -> tuple[str, bytes]:
    if len(wrapped) <= 1 or wrapped[0] != _VERSION:
        raise Tampered
    end = 2 + wrapped[1]
    name = wrapped[2:end].decode("ascii", errors="replace")
    if len(wrapped) < end or not _NAME.fullmatch(name):
        raise Tampered
    return name, wrapped[:end]


def _encrypt(key: AESGCM, plaintext: bytes, associated: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + key.encrypt(nonce, plaintext, associated)


def _decrypt(key: AESGCM, sealed: bytes, associated: bytes) -> bytes:
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise Tampered
    try:
        return key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], associated)
    except InvalidTag:
        raise Tampered from None


class _Fetches(Protocol):
    """A Database, a pool or a connection outside any transaction."""

    async def fetch(self, statement: str, /, *values: object) -> Sequence[Any]: ...


class PurposeKeys:
    """Random keys for keyed digests, one for each purpose, so that no digest of one can be looked up in another.

    They are made at the first start and never change: digests that are stored must be found again. Rotating the
    master keys wraps them anew and leaves them as they are.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = keys

    @staticmethod
    def context(purpose: str) -> str:
        """Return the context under which the key of this purpose is wrapped."""
        return f"purpose:{purpose}"

    @classmethod
    async def load(cls, db: _Fetches, keyring: Keyring, purposes: Collection[str]) -> "PurposeKeys":
        """Read the keys of these purposes, and make those that are missing; two at once end with the same.

        Raises StartRefused when the table is not there, or a key cannot be opened.
        """
        wanted = sorted(purposes)
        try:
            found = await db.fetch(_FIND_KEYS, wanted)
            missing = sorted(set(wanted) - {row["purpose"] for row in found})
            if missing:
                made = [keyring.wrap(keyring.new_data_key(), context=cls.context(name)) for name in missing]
                await db.fetch(_ADD_KEYS, missing, made)
                found = await db.fetch(_FIND_KEYS, wanted)
        except asyncpg.UndefinedTableError:
            raise StartRefused(
                "The database is older than this program: the table keys is missing. Run: faded-skies migrate"
            ) from None
        return cls({row["purpose"]: cls._open(row, keyring) for row in found})

    @classmethod
    def _open(cls, row: Any, keyring: Keyring) -> bytes:
        purpose: str = row["purpose"]
        try:
            return keyring.unwrap(row["wrapped"], context=cls.context(purpose))
        except KeyLost as lost:
            raise StartRefused(
                f"The shop's key for {purpose} is wrapped under the master key {lost.key_name}, which is not in "
                "VAULT_MASTER_KEYS. Put that key back; docs/runbooks/keys.md says what else can be done."
            ) from None
        except Tampered:
            raise StartRefused(
                f"The shop's key for {purpose} does not open: the row in the table keys was changed, or the "
                "master key of that name is another. docs/runbooks/keys.md says what can be done."
            ) from None

    def __repr__(self) -> str:
        return f"PurposeKeys({', '.join(self._keys)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Purpose keys are not written anywhere.")

    def digest(self, purpose: str, message: bytes) -> bytes:
        """Return HMAC-SHA256 of the message, 32 bytes. Raises KeyError: the purpose was not loaded."""
        return hmac.digest(self._keys[purpose], message, "sha256")
