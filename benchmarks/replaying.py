"""The statements of an order once more, by hand: prepared, on one connection, with nothing between them."""

import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from benchmarks.recording import Statement, outcome
from faded_skies.platform.ids import new_id, uuid_text

_MILLISECONDS_OF_UUID7 = 80


class OtherEffectError(Exception):
    """A statement by hand did not touch or find as many rows as the order's own, so the two do not compare."""


class Freshener:
    """Gives other ids, keys and names in place of those of an order; the same for the same.

    Ids tell when they were made: what the order made gets new ones. Of what is older, `standing` tells who stands for
    the person and for what is theirs; products and so on stay.
    """

    def __init__(self, *, began_ms: int, standing: Mapping[UUID, UUID], key: str) -> None:
        self._began_ms = began_ms
        self._ids = dict(standing)
        self._texts = {str(old): str(new) for old, new in standing.items()} | {key: str(uuid4())}
        self._names: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, UUID):
            return self._id(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self(one) for one in value]
        return value

    def _id(self, value: UUID) -> UUID:
        is_older = value.int >> _MILLISECONDS_OF_UUID7 < self._began_ms
        return self._ids.get(value, value) if is_older else self._ids.setdefault(value, new_id())

    def _text(self, value: str) -> str:
        if value.startswith("pi_") and "_secret_" not in value:
            return self._names.setdefault(value, f"pi_{secrets.token_hex(12)}")
        for old, new in self._texts.items():
            value = value.replace(old, new)
        return value


class ByHand:
    """A connection that knows nothing of ours, JSON neither: documents are made into text beforehand."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._prepared: dict[str, Any] = {}

    async def run(self, statements: Sequence[Statement], freshen: Freshener) -> list[Statement]:
        """Run them and return them with their new instants. Raises OtherEffectError."""
        ready = [(one, *await self._prepare(one, freshen)) for one in statements]
        instants = []
        for one, prepared, values in ready:
            began = time.perf_counter()
            if prepared is None:
                result: Any = await self._connection.execute(one.sql)
            else:
                method = "fetch" if one.method == "execute" else one.method
                result = await getattr(prepared, method)(*values)
            instants.append((began, time.perf_counter()))
            if prepared is not None and one.method == "execute":
                result = prepared.get_statusmsg()
            if outcome(one.method, result) != one.came:
                raise OtherEffectError(f"{one.came} became {result} by {one.sql}")
        return [
            Statement(one.method, one.sql, one.values, "by hand", one.came, *instant)
            for (one, _, _), instant in zip(ready, instants, strict=True)
        ]

    async def _prepare(self, one: Statement, freshen: Freshener) -> tuple[Any, list[Any]]:
        if one.method == "execute" and not one.values:
            return None, []  # BEGIN and COMMIT
        if one.sql not in self._prepared:
            self._prepared[one.sql] = await self._connection.prepare(one.sql)
        prepared = self._prepared[one.sql]
        kinds = [parameter.name for parameter in prepared.get_parameters()]
        values = [_plain(freshen(value), kind) for value, kind in zip(one.values, kinds, strict=True)]
        return prepared, values


def _plain(value: Any, kind: str) -> Any:
    if value is None or not kind.startswith("jsonb"):
        return value
    if kind == "jsonb[]":
        return [_plain(one, "jsonb") for one in value]
    return orjson.dumps(value, default=uuid_text).decode()


@asynccontextmanager
async def by_hand(database_url: str) -> AsyncIterator[ByHand]:
    """Open a connection with the server's settings that ours have."""
    connection = await asyncpg.connect(database_url, server_settings={"jit": "off"})
    try:
        yield ByHand(connection)
    finally:
        await connection.close()
