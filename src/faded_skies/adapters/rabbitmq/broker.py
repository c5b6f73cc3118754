"""RabbitMQ (AMQP 0-9-1) as the broker that events go to: a durable topic exchange, persistent messages, confirms.

https://www.rabbitmq.com/docs/confirms
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aio_pika
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError

from faded_skies.platform.event_outbox import BrokerDownError, EventRefusedError, Publish
from faded_skies.platform.outbound import refuse_inside_transaction
from faded_skies.platform.outward import CONTENT_TYPE, Outgoing

_PATIENCE = 15.0
_APP_ID = "faded-skies"


class RabbitBroker:
    """Publishes to one exchange; an event's name is its routing key, its id the message's."""

    def __init__(self, url: str, *, exchange: str) -> None:
        self._url = url
        self._exchange = exchange

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Publish]:
        refuse_inside_transaction("RabbitMQ")
        with _telling():
            # Not the robust one: it keeps what it could not send in memory, and we keep it in rows.
            connection = await aio_pika.connect(
                self._url, timeout=_PATIENCE, client_properties={"connection_name": "faded-skies events out"}
            )
        try:
            with _telling():
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                exchange = await channel.declare_exchange(
                    self._exchange, aio_pika.ExchangeType.TOPIC, durable=True, timeout=_PATIENCE
                )

            async def publish(event: Outgoing) -> bool:
                message = aio_pika.Message(
                    event.body,
                    content_type=CONTENT_TYPE,
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                    message_id=str(event.id),
                    type=event.name,
                    app_id=_APP_ID,
                )
                try:
                    with _telling():
                        await exchange.publish(
                            message, routing_key=event.name, mandatory=True, timeout=_PATIENCE
                        )
                except PublishError:
                    return False
                except DeliveryError as error:
                    # A nack: https://www.rabbitmq.com/docs/maxlength#overflow-behaviour
                    raise EventRefusedError from error
                return True

            yield publish
        finally:
            with _quietly():
                await connection.close()


@contextmanager
def _telling() -> Iterator[None]:
    """Tell trouble with the broker as BrokerDownError. That a message came back, or was refused, is none."""
    try:
        yield
    except DeliveryError:
        raise
    except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
        raise BrokerDownError(type(error).__name__) from error
    except asyncio.CancelledError:
        # What waits for a confirmation is cancelled by the library when the connection is lost, and by nobody else.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BrokerDownError("ConnectionLost") from None


@contextmanager
def _quietly() -> Iterator[None]:
    """Let go of a connection that may be lost already."""
    try:
        yield
    except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError):
        return
