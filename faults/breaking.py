"""A gateway that breaks at chosen moments of reserve, charge and settle.

The product has no switch for this. The sandbox gateway is replaced by one that works as it does and breaks around it,
and one more moment, after the payment is settled and before the client hears of it, is put into checkout.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import UUID

from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.adapters.sandbox.opening import open_sandbox
from faded_skies.adapters.sandbox.store import Connection
from faded_skies.bootstrap import adapters
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.service import paying, placing
from faded_skies.domains.orders.service import Order
from faded_skies.domains.payments.errors import GatewayUnavailable
from faded_skies.domains.payments.service import ChargeResult
from faded_skies.platform.settings import Settings

SLOW_SECONDS = 0.7


class Fault(StrEnum):
    """Each moment that breaks, in the order of a call."""

    REFUSED = "refused before the vendor heard of it"
    KILLED_BEFORE = "killed before the vendor was asked"
    KILLED_DURING = "killed while the vendor worked, which undid it"
    ANSWER_LOST = "answer lost after the vendor had done it"
    KILLED_AFTER = "killed after the vendor had done it"
    WEBHOOK_FIRST = "answer later than the webhook"
    KILLED_SETTLED = "killed after settling, before the client's answer"


class Plan(Protocol):
    """Says which moments break."""

    def strikes(self, fault: Fault, call: str) -> bool:
        """Tell whether this moment of a call breaks."""
        ...

    def kill(self) -> None:
        """End this process."""
        ...


class Chances:
    """Breaks by chance, drawn from a seed, and each kind of fault at least once: at the first charge it can hit.

    Each fault is written down, in a file that all processes share, before it happens.
    """

    def __init__(self, seed: str, rate: float, notes: Path) -> None:
        self._chance = random.Random(seed)
        self._rate = rate
        self._due = set(Fault) - set(notes.read_text().splitlines() if notes.exists() else ())
        self._notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def strikes(self, fault: Fault, call: str) -> bool:
        """Tell whether this moment breaks, by chance or because it never did."""
        is_due = call == "charge" and fault in self._due
        if not is_due and self._chance.random() >= self._rate:
            return False
        self._due.discard(fault)
        os.write(self._notes, f"{fault}\n".encode())
        return True

    def kill(self) -> None:
        """End this process as `kill -9` does."""
        os.kill(os.getpid(), signal.SIGKILL)


class BreakingGateway(SandboxGateway):
    """The sandbox, over a network and in a process that break."""

    plan: Plan

    @asynccontextmanager
    async def _open(self, call: str) -> AsyncIterator[Connection]:
        plan = self.plan
        if plan.strikes(Fault.REFUSED, call):
            raise GatewayUnavailable
        if plan.strikes(Fault.KILLED_BEFORE, call):
            plan.kill()
        async with super()._open(call) as connection:
            yield connection
            if plan.strikes(Fault.KILLED_DURING, call):
                plan.kill()
        if plan.strikes(Fault.ANSWER_LOST, call):
            raise GatewayUnavailable
        if plan.strikes(Fault.KILLED_AFTER, call):
            plan.kill()
        if plan.strikes(Fault.WEBHOOK_FIRST, call):
            await asyncio.sleep(SLOW_SECONDS)


def broken(gateway: SandboxGateway, plan: Plan) -> SandboxGateway:
    """Return the same gateway, breaking by a plan."""
    gateway.__class__ = BreakingGateway
    gateway.plan = plan  # type: ignore[attr-defined]  # it is one now
    return gateway


def break_by(plan: Plan) -> None:
    """Put a plan into the shop that this process is about to build."""

    @asynccontextmanager
    async def open_breaking(settings: Settings) -> AsyncIterator[SandboxGateway]:
        async with open_sandbox(settings) as gateway:
            yield broken(gateway, plan)

    settle = placing.settle

    async def settle_and_die(checkout: Checkout, intent_id: UUID, result: ChargeResult) -> Order:
        order = await settle(checkout, intent_id, result)
        if plan.strikes(Fault.KILLED_SETTLED, "charge"):
            plan.kill()
        return order

    adapters.open_sandbox = open_breaking  # type: ignore[attr-defined]  # imported there by name
    placing.settle = settle_and_die
    paying.settle = settle_and_die  # type: ignore[attr-defined]  # imported there by name


def break_by_environment() -> None:
    """Put the chances into this process that its parent wrote into its environment."""
    notes = Path(os.environ["FAULTS_NOTES"])
    break_by(Chances(os.environ["FAULTS_SEED"], float(os.environ["FAULTS_RATE"]), notes))
