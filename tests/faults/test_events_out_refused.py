"""A real RabbitMQ with a full queue that refuses: other events go on, none is lost, and order is kept."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pydantic import SecretStr

from faded_skies import bootstrap
from faded_skies.adapters.rabbitmq.broker import RabbitBroker
from faded_skies.domains.orders.events import OrderDied, OrderMoved
from faded_skies.platform import clock, event_outbox
from faded_skies.platform.db import Database
from faded_skies.platform.event_outbox import Relay
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from rabbitmq_peer import RabbitMq, rabbitmq
from servers import until

EXCHANGE = "faded-skies.events"
ORDERS, MOVES, ROOM = 20, 4, 5
FULL: dict[str, Any] = {"x-max-length": ROOM, "x-overflow": "reject-publish"}


class Queues:
    """Two receivers: `accounting` has little room and hears of moves, `warehouse` hears of everything."""

    def __init__(self, channel: aio_pika.abc.AbstractChannel) -> None:
        self._channel = channel
        self.came: dict[str, list[str]] = {"accounting": [], "warehouse": []}

    async def bind(self) -> None:
        exchange = await self._channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        accounting = await self._channel.declare_queue("accounting", durable=True, arguments=FULL)
        await accounting.bind(exchange, "orders.moved")
        await (await self._channel.declare_queue("warehouse", durable=True)).bind(exchange, "#")

    async def take(self, name: str) -> list[str]:
        """Take what is there; returns the bodies of all that came until now."""
        queue = await self._channel.get_queue(name)
        while (message := await queue.get(fail=False, no_ack=True)) is not None:
            self.came[name].append(message.body.decode())
        return self.came[name]


async def state(db: Database) -> list[str]:
    """Let orders move and others die; returns the subjects of those that died."""
    orders, others = [new_id() for _ in range(ORDERS)], [new_id() for _ in range(ORDERS)]
    for number in range(MOVES):
        async with db.transaction() as tx:
            for order_id in orders:
                tx.emit(
                    OrderMoved(
                        order_id=order_id,
                        user_id=order_id,
                        order_number=f"FS-{number}",
                        status="confirmed",
                        message="",
                        moved_at=clock.now(),
                    )
                )
    async with db.transaction() as tx:
        for other_id in others:
            tx.emit(OrderDied(order_id=other_id))
    return [str(other_id) for other_id in others]


async def go_through(database_url: str, db: Database, broker: RabbitMq, queues: Queues) -> None:
    async def left() -> int:
        return int(await db.fetchval("SELECT count(*) FROM events_out"))

    await queues.bind()
    others, stop = await state(db), asyncio.Event()
    run = asyncio.create_task(Relay(database_url, RabbitBroker(broker.address, exchange=EXCHANGE)).run(stop))
    try:

        async def others_are_told() -> bool:
            assert not run.done(), run
            return {json.loads(body)["subject"] for body in await queues.take("warehouse")} >= set(others)

        await until(others_are_told, "the others are told")
        assert await left() >= ORDERS * MOVES - ROOM, "the rest of the moves waits"

        async def all_are_told() -> bool:
            await queues.take("accounting")
            return await left() == 0

        await until(all_are_told, "every event is told", 120)
    finally:
        stop.set()
        await run
    for name in ("accounting", "warehouse"):
        first: dict[str, dict[str, Any]] = {}
        for event in map(json.loads, await queues.take(name)):
            first.setdefault(event["id"], event)
        came: dict[str, list[str]] = {}
        for event in first.values():
            if event["subject"] not in others:
                came.setdefault(event["subject"], []).append(event["data"]["orderNumber"])
        assert list(came.values()) == [[f"FS-{n}" for n in range(MOVES)]] * ORDERS, name


@pytest.mark.timeout(300)
async def test_a_full_queue_holds_up_nobody_else(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_outbox, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(event_outbox, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(event_outbox, "BATCH", ORDERS // 2)
    with rabbitmq(tmp_path) as broker:
        told = settings.model_copy(update={"amqp_url": SecretStr(broker.address)})
        async with (
            bootstrap.application(told, serves=False) as app,
            await aio_pika.connect(broker.address) as connection,
        ):
            await go_through(settings.database_url, app.ports.db, broker, Queues(await connection.channel()))
