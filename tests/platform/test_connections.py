"""Who is hung up on while the database is away: only whom that can be known of without it."""

import asyncio
from collections.abc import Collection
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from faded_skies.platform import clock, connections
from faded_skies.platform.actor import Actor, Role
from faded_skies.platform.connections import Connection, Connections
from faded_skies.platform.ids import new_id


class Away:
    """An authenticator whose database is away."""

    def __init__(self) -> None:
        self._asked = 0
        self.asked_often = asyncio.Event()

    async def living(self, _: Collection[UUID]) -> set[UUID]:
        self._asked += 1
        if self._asked == 3:
            self.asked_often.set()
        raise asyncpg.InterfaceError("pool is closing")


async def test_who_is_slow_or_out_of_time_is_hung_up_on_without_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "_BETWEEN_LOOKS_SECONDS", 0.01)
    now = clock.now().timestamp()
    behind: asyncio.Queue[Any] = asyncio.Queue()
    for number in range(connections.MOST_UNTAKEN + 1):
        behind.put_nowait(number)
    left: list[str] = []
    away = Away()
    known = Connections(away)  # type: ignore[arg-type]  # the one method that is asked

    def add(name: str, *, expires_at: float, untaken: asyncio.Queue[Any] | None = None) -> None:
        async def hang_up() -> None:
            left.append(name)

        actor = Actor(new_id(), Role.CUSTOMER, "Iris", new_id())
        known.add(name, Connection(actor, expires_at, hang_up, untaken))

    add("over", expires_at=now - 1)
    add("slow", expires_at=now + 60, untaken=behind)
    add("well", expires_at=now + 60, untaken=asyncio.Queue())
    await asyncio.wait_for(away.asked_often.wait(), 20)
    await known.close()
    assert left == ["over", "slow"]
    assert len(known) == 1
