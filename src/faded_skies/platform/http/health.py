"""Whether the process lives, is ready for traffic, and how its dependencies do, with measured times."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal

import asyncpg
import structlog
from fastapi import APIRouter, Request
from redis.exceptions import RedisError

from faded_skies.platform import clock
from faded_skies.platform.db import DATABASE_LOST
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.fields import Shape
from faded_skies.platform.http.provide import ports_of

log = structlog.get_logger()

router = APIRouter(tags=["operations"])

Check = Callable[[], Awaitable[object]]


class LiveShape(Shape):
    """The process answers."""

    status: Literal["alive"]


class CheckShape(Shape):
    """One dependency; a double stands in for the real thing."""

    status: Literal["healthy", "unhealthy", "double"]
    response_time: str | None = None
    error: str | None = None
    detail: str | None = None


class HealthShape(Shape):
    """How everything does."""

    status: Literal["healthy", "unhealthy"]
    timestamp: datetime
    version: str
    environment: str
    checks: dict[str, CheckShape]


_DOWN: dict[int | str, dict[str, Any]] = {
    503: {"model": HealthShape, "description": "One that matters is down."}
}


@router.get("/health/live", response_model=LiveShape)
async def live() -> Json:
    """The process answers; nothing else is asked."""
    return Json(b'{"status":"alive"}')


@router.get("/health/ready", response_model=HealthShape, responses=_DOWN)
async def ready(request: Request) -> Json:
    """Database and Valkey answer, so traffic may come; 503 otherwise."""
    return await health(request)


@router.get("/health", response_model=HealthShape, responses=_DOWN)
async def health(request: Request) -> Json:
    """Every dependency with its measured time; 503 when one that matters is down."""
    ports = ports_of(request)

    async def database() -> object:
        return await ports.db.fetchval("SELECT 1")

    async def redis() -> object:
        return await ports.valkey.execute_command("PING")

    checks = {"database": await _measure(database), "redis": await _measure(redis)}
    checks.update({name: {"status": "double", "detail": detail} for name, detail in ports.doubles.items()})
    healthy = all(check["status"] != "unhealthy" for check in checks.values())
    return Json(
        {
            "status": "healthy" if healthy else "unhealthy",
            "timestamp": clock.now(),
            "version": ports.settings.version,
            "environment": ports.settings.environment,
            "checks": checks,
        },
        status_code=200 if healthy else 503,
    )


async def _measure(check: Check) -> dict[str, str]:
    started = time.perf_counter()
    try:
        await check()
    except (asyncpg.PostgresError, *DATABASE_LOST, RedisError) as error:
        log.warning("health_check_failed", error=type(error).__name__)
        return {"status": "unhealthy", "error": "It does not answer."}
    return {"status": "healthy", "responseTime": f"{(time.perf_counter() - started) * 1000:.1f}ms"}
