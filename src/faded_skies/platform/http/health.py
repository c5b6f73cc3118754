"""Whether the process lives, is ready for traffic, and how its dependencies do, with measured times."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from fastapi import APIRouter, Request

from faded_skies.platform import clock, vendor_news
from faded_skies.platform.health import Finding, Health
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.fields import Shape
from faded_skies.platform.http.provide import ports_of
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.ports import Ports

router = APIRouter(tags=["operations"])

NEEDED = ("database",)
"""Without it no request is served; without Valkey most are, and no other process has another Valkey."""


class LiveShape(Shape):
    """The process answers."""

    status: Literal["alive"]


class CheckShape(Shape):
    """One dependency; `degraded` lowers what works, a `double` stands in for the real thing.

    Of vendors that are not asked for this it tells how the last call of this process ended, and when (`lastCallAt`);
    `unused` without one in the last 15 minutes.
    """

    status: Literal["healthy", "degraded", "unhealthy", "double", "unused"]
    response_time: str | None = None
    last_call_at: datetime | None = None
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
    """The database answers and the process stays, so traffic may come; 503 otherwise."""
    return await readiness(ports_of(request))


@router.get("/health", response_model=HealthShape, responses=_DOWN)
async def health(request: Request) -> Json:
    """Every dependency with its measured time, a second old at most; 503 when one that matters is down."""
    ports = ports_of(request)
    found: Health = ports.get(Health)
    checks = {name: _check(finding) for name, finding in (await found.look()).items()}
    checks |= {name: _news(name, meanwhile) for name, meanwhile in ports.vendors.items()}
    for name, detail in ports.doubles.items():
        known = checks.get(name)
        if known is None or known["status"] == "healthy":
            checks[name] = {**(known or {}), "status": "double", "detail": detail}
        else:
            checks[name] = {**known, "detail": detail}
    return _answer(ports, checks)


async def readiness(ports: Ports) -> Json:
    """Return whether traffic may come to this process."""
    found: Health = ports.get(Health)
    checks = {name: _check(finding) for name, finding in (await found.look(NEEDED)).items()}
    lifecycle: Lifecycle = ports.get(Lifecycle)
    if lifecycle.is_leaving:
        checks["process"] = {
            "status": "unhealthy",
            "error": "It is leaving: send requests to another.",
        }
    return _answer(ports, checks)


def _answer(ports: Ports, checks: Mapping[str, Mapping[str, object]]) -> Json:
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


def _news(vendor: str, meanwhile: str) -> dict[str, object]:
    news = vendor_news.last_of(vendor)
    called = {} if news is None else {"lastCallAt": news.at}
    if news is None or news.at < clock.now() - vendor_news.RECENT:
        minutes = vendor_news.RECENT // timedelta(minutes=1)
        detail = f"This process has not called it within the last {minutes} minutes."
        return {"status": "unused", **called, "detail": detail}
    if news.failure is None:
        return {"status": "healthy", **called}
    return {"status": "degraded", **called, "error": f"Its last call failed ({news.failure}). {meanwhile}"}


def _check(finding: Finding) -> dict[str, object]:
    check: dict[str, object] = {"status": finding.status}
    if finding.seconds is not None:
        check["responseTime"] = f"{finding.seconds * 1000:.1f}ms"
    if finding.error is not None:
        check["error"] = finding.error
    return check
