"""What this process asks PostgreSQL and Valkey for, and when, noted in their clients and not in the product."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import asyncpg
from redis.asyncio.connection import AbstractConnection

_METHODS = ("execute", "fetch", "fetchrow", "fetchval")


@dataclass(frozen=True)
class Statement:
    """One statement as it was run, between two instants of `time.perf_counter`."""

    method: str
    sql: str
    values: tuple[Any, ...]
    application: str
    came: str | int
    """What came of it: PostgreSQL's tag, or how many rows were read."""
    began: float
    ended: float


def database_seconds(statements: Sequence[Statement]) -> float:
    """Return how long statements took, without what the process did between them."""
    return sum(one.ended - one.began for one in statements)


def open_seconds(statements: Sequence[Statement]) -> float:
    """Return how long transactions were open, from each BEGIN to its COMMIT, whoever was at work meanwhile."""
    began = [one.began for one in statements if one.sql.startswith("BEGIN")]
    ended = [one.ended for one in statements if one.sql.startswith("COMMIT")]
    return sum(end - begin for begin, end in zip(began, ended, strict=True))


def outcome(method: str, result: Any) -> str | int:
    """Return what came of a statement, to be compared with what comes of it elsewhere."""
    if method == "execute":
        return str(result)
    if method == "fetch":
        return len(result)
    return int(result is not None)


@dataclass
class Recorder:
    """Notes statements, and sendings to Valkey, while it `is_on`."""

    is_on: bool = False
    statements: list[Statement] = field(default_factory=list)
    sendings: int = 0

    def take(self) -> tuple[list[Statement], int]:
        """Return what was noted since the last time."""
        taken = self.statements, self.sendings
        self.statements, self.sendings = [], 0
        return taken

    def timed(self, method: str, original: Any) -> Any:
        """Return a method of asyncpg's connection that notes what it runs."""

        async def run(connection: Any, sql: str, *values: Any, **options: Any) -> Any:
            if not self.is_on:
                return await original(connection, sql, *values, **options)
            began = time.perf_counter()
            result = await original(connection, sql, *values, **options)
            ended = time.perf_counter()
            name = connection.get_settings().application_name
            came = outcome(method, result)
            self.statements.append(Statement(method, sql, values, name, came, began, ended))
            return result

        return run

    def counted(self, original: Any) -> Any:
        """Return the method by which redis-py sends: one call is one round trip, a pipeline too."""

        async def send(connection: Any, *command: Any, **options: Any) -> None:
            self.sendings += self.is_on
            await original(connection, *command, **options)

        return send


@contextmanager
def recording() -> Iterator[Recorder]:
    """Give a recorder of this whole process."""
    recorder = Recorder()
    sending = "send_packed_command"
    methods = {name: recorder.timed(name, getattr(asyncpg.Connection, name)) for name in _METHODS}
    counted = recorder.counted(getattr(AbstractConnection, sending))
    with (
        mock.patch.multiple(asyncpg.Connection, **methods),
        mock.patch.object(AbstractConnection, sending, counted),
    ):
        yield recorder
