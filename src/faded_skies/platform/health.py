"""How the dependencies do: asked at once, each for a bounded time, and each answer kept for a moment.

Whoever asks while an answer is being found waits for the same one, so a flood of questions is one question a moment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextvars import Context
from dataclasses import dataclass
from typing import Literal

import structlog

log = structlog.get_logger()

PATIENCE = 2.0
"""Seconds that one dependency has for its answer."""

_OUR_OWN_SECONDS = 1.0
VENDOR_SECONDS = 30.0
"""For how long an answer of somebody else's service is kept: asking costs them and us."""


class Ailing(Exception):
    """It answers, and something is wrong; the sentence says what, without quoting anybody."""


Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Check:
    """One question. `ask` raises Ailing, or whatever a dependency that is down raises.

    Without one that `matters` the process can serve nobody; the others only lower what it can do.
    """

    name: str
    ask: Ask
    matters: bool = False
    kept_seconds: float = _OUR_OWN_SECONDS


@dataclass(frozen=True)
class Finding:
    """What was found; `seconds` is how long the answer took, None when there was none."""

    status: Literal["healthy", "degraded", "unhealthy"]
    seconds: float | None = None
    error: str | None = None


class Health:
    """The checks of this process, by name."""

    def __init__(self, checks: Collection[Check]) -> None:
        self._checks = {check.name: _Kept(check) for check in checks}

    async def look(self, names: Collection[str] = ()) -> Mapping[str, Finding]:
        """Return what was found about these, or about everything."""
        asked = names or self._checks
        return dict(
            zip(asked, await asyncio.gather(*(self._checks[name].find() for name in asked)), strict=True)
        )


class _Kept:
    def __init__(self, check: Check) -> None:
        self._check = check
        self._finding: Finding | None = None
        self._fresh_until = 0.0
        self._asking: asyncio.Task[Finding] | None = None

    async def find(self) -> Finding:
        if self._finding is not None and time.monotonic() < self._fresh_until:
            return self._finding
        if self._asking is None or self._asking.done():
            # Of nobody's context: whoever is first may hang up, or stand in a transaction.
            self._asking = asyncio.get_running_loop().create_task(self._ask(), context=Context())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Finding:
        self._finding = await _find(self._check)
        self._fresh_until = time.monotonic() + self._check.kept_seconds
        return self._finding


async def _find(check: Check) -> Finding:
    started = time.perf_counter()
    down: Literal["degraded", "unhealthy"] = "unhealthy" if check.matters else "degraded"
    try:
        async with asyncio.timeout(PATIENCE):
            await check.ask()
    except Ailing as ailing:
        return Finding(down, time.perf_counter() - started, str(ailing))
    except Exception as error:  # noqa: BLE001 - each dependency fails in its own words, and all of them are an answer
        log.warning("health_check_failed", check=check.name, error=type(error).__name__)
        return Finding(down, None, "It does not answer.")
    return Finding("healthy", time.perf_counter() - started)
