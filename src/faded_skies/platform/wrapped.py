"""Where wrapped secrets lie in the database, under which master keys, and how they move to the current one."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from faded_skies.platform.db import Database, Tx
from faded_skies.platform.keyring import KeyLost, Keyring, Tampered

BATCH = 200


@dataclass(frozen=True)
class Wrapped:
    """A column of wrapped secrets. Each is wrapped in the context `prefix:id`; NULL where there is none.

    Whoever wraps something new adds one of these to `registry.WRAPPED`; else a rotation passes it by.
    """

    what: str
    table: str
    id_column: str
    id_type: Literal["uuid", "text"]
    column: str
    prefix: str

    def context(self, identity: object) -> str:
        return f"{self.prefix}:{identity}"


@dataclass(frozen=True)
class Hold:
    """How many things hang on a master key, and whether one of them opens."""

    what: str
    key_name: str
    count: int
    opens: bool


@dataclass
class Moved:
    """What a rotation did so far. `lost` counts by key what no key at hand opens; `tampered` are ids."""

    wrapped: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    tampered: list[str] = field(default_factory=list)


def _name(column: str) -> str:
    """Return SQL for the name in an envelope (keyring.py): version 1, length of the name, the name; else ''."""
    return (
        f"CASE WHEN length({column}) > 2 AND get_byte({column}, 0) = 1 "
        f"THEN encode(substring({column} FROM 3 FOR get_byte({column}, 1)), 'escape') ELSE '' END"
    )


async def survey(db: Database, keyring: Keyring, things: Sequence[Wrapped]) -> list[Hold]:
    """Return what hangs on which key, and open one thing of each kind and key to see that it can be done."""
    return [hold for thing in things for hold in await _survey(db, keyring, thing)]


async def _survey(db: Database, keyring: Keyring, thing: Wrapped) -> list[Hold]:
    rows = await db.fetch(
        f"SELECT DISTINCT ON (key_name) *, count(*) OVER (PARTITION BY key_name) AS count FROM (SELECT "
        f"{_name(thing.column)} AS key_name, {thing.id_column} AS id, {thing.column} AS wrapped "
        f"FROM {thing.table} WHERE {thing.column} IS NOT NULL) AS found ORDER BY key_name"
    )
    holds = []
    for row in rows:
        try:
            keyring.unwrap(row["wrapped"], context=thing.context(row["id"]))
            opens = True
        except (KeyLost, Tampered):
            opens = False
        holds.append(Hold(thing.what, row["key_name"], row["count"], opens))
    return holds


async def rotate(db: Database, keyring: Keyring, thing: Wrapped) -> AsyncIterator[Moved]:
    """Wrap under the current key what is under others, and tell after each batch what is done.

    Each batch is a transaction of its own that locks its rows, so servers may read, write and delete meanwhile, and
    a rotation that was killed goes on where it was when it is run again. What cannot be opened stays as it is.
    """
    moved = Moved()
    waiting = [
        row["id"]
        for row in await db.fetch(
            f"SELECT {thing.id_column} AS id FROM {thing.table} "
            f"WHERE {thing.column} IS NOT NULL AND {_name(thing.column)} <> $1 ORDER BY {thing.id_column}",
            keyring.current,
        )
    ]
    for start in range(0, len(waiting), BATCH):
        async with db.transaction() as tx:
            await _rotate_batch(tx, keyring, thing, waiting[start : start + BATCH], moved)
        yield moved


async def _rotate_batch(
    tx: Tx, keyring: Keyring, thing: Wrapped, identities: Sequence[object], moved: Moved
) -> None:
    rows = await tx.fetch(
        f"SELECT {thing.id_column} AS id, {thing.column} AS wrapped FROM {thing.table} "
        f"WHERE {thing.id_column} = ANY($1::{thing.id_type}[]) AND {thing.column} IS NOT NULL "
        f"ORDER BY {thing.id_column} FOR UPDATE",
        identities,
    )
    done: list[tuple[object, bytes]] = []
    for row in rows:
        try:
            again = keyring.rewrap(row["wrapped"], context=thing.context(row["id"]))
        except KeyLost as lost:
            moved.lost[lost.key_name] += 1
        except Tampered:
            moved.tampered.append(str(row["id"]))
        else:
            if again is not None:
                done.append((row["id"], again))
    if done:
        moved.wrapped += await tx.execute(
            f"UPDATE {thing.table} SET {thing.column} = new.wrapped "
            f"FROM unnest($1::{thing.id_type}[], $2::bytea[]) AS new (id, wrapped) "
            f"WHERE {thing.table}.{thing.id_column} = new.id",
            [identity for identity, _ in done],
            [again for _, again in done],
        )
