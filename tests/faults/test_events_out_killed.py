"""A real RabbitMQ and real workers, killed in the middle: every event arrives, each object's in order."""

import asyncio
import json
from contextlib import ExitStack
from pathlib import Path

import aio_pika
import pytest
from pydantic import SecretStr

from faded_skies import bootstrap
from faded_skies.domains.orders.events import OrderMoved
from faded_skies.platform import clock
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from rabbitmq_peer import RabbitMq, rabbitmq
from servers import environment_of, until, worker_process

ORDERS, MOVES = 20, 40
EXCHANGE, QUEUE = "faded-skies.events", "accounting"


async def bind(broker: RabbitMq) -> None:
    async with await aio_pika.connect(broker.address) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(QUEUE, durable=True)
        await queue.bind(exchange, "orders.*")


async def received(broker: RabbitMq) -> list[aio_pika.abc.AbstractIncomingMessage]:
    messages = []
    async with await aio_pika.connect(broker.address) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(QUEUE)
        while (message := await queue.get(fail=False)) is not None:
            messages.append(message)
    return messages


class Stating:
    """Orders that move together, one transaction for each move."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.orders = [new_id() for _ in range(ORDERS)]
        self.moves = 0

    async def go_on(self) -> None:
        """Let every order move ten times."""
        for _ in range(MOVES // 4):
            async with self._db.transaction() as tx:
                for order_id in self.orders:
                    tx.emit(
                        OrderMoved(
                            order_id=order_id,
                            user_id=order_id,
                            order_number=f"FS-{self.moves}",
                            status="confirmed",
                            message="",
                            moved_at=clock.now(),
                        )
                    )
            self.moves += 1

    async def left(self) -> int:
        count: int = await self._db.fetchval("SELECT count(*) FROM events_out")
        return count

    async def some_are_told(self) -> bool:
        return await self.left() < self.moves * ORDERS

    async def all_are_told(self) -> bool:
        return await self.left() == 0


@pytest.mark.timeout(400)
async def test_nothing_is_lost_and_order_is_kept_when_the_broker_and_the_relay_are_killed(
    settings: Settings, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        broker = stack.enter_context(rabbitmq(tmp_path))
        await bind(broker)
        environment = environment_of(settings) | {"AMQP_URL": broker.address}
        workers = [
            stack.enter_context(worker_process(environment, tmp_path / f"worker{n}.log")) for n in range(2)
        ]
        told = settings.model_copy(update={"amqp_url": SecretStr(broker.address)})
        async with bootstrap.application(told, serves=False) as app:
            stating = Stating(app.ports.db)
            await stating.go_on()
            await until(stating.some_are_told, "the relay has begun")
            broker.kill()
            await stating.go_on()
            assert await stating.left() >= ORDERS * MOVES // 4
            broker.start()
            await asyncio.to_thread(broker.ready)
            for worker in workers:
                await stating.go_on()
                worker.kill()
                worker.start()
            await until(stating.all_are_told, "every event is told", 120)
        first: dict[str | None, aio_pika.abc.AbstractIncomingMessage] = {}
        for message in await received(broker):
            first.setdefault(message.message_id, message)
        assert len(first) == ORDERS * MOVES
        came: dict[str, list[str]] = {}
        for message in first.values():
            body = json.loads(message.body)
            assert (body["id"], message.routing_key) == (message.message_id, "orders.moved")
            assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
            came.setdefault(body["subject"], []).append(body["data"]["orderNumber"])
        assert came == {str(order_id): [f"FS-{n}" for n in range(MOVES)] for order_id in stating.orders}
