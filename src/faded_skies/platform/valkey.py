"""The Valkey (or Redis) client: carts, live positions, rate limits, presence and the socket bus."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from faded_skies.platform.outbound import refuse_inside_transaction


class _Pipeline(Pipeline):
    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        refuse_inside_transaction("Valkey")
        return await super().execute(raise_on_error)


class Valkey(Redis):
    """redis-py's client, which refuses to be called inside an open transaction."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        refuse_inside_transaction("Valkey")
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # untyped in redis-py

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


def connect(url: str) -> Valkey:
    """Return a client for `redis://` or `unix://`; after one quick retry an error is the caller's."""
    client: Valkey = Valkey.from_url(  # type: ignore[assignment]  # redis-py names its own class, not the caller's
        url,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), retries=1),
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=0,
    )
    return client
