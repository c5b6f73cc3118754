"""One server of the shop, whose gateway breaks at chosen moments: `python -m faults.server`.

The product has no switch for this. The sandbox gateway is replaced by one that works as it does and breaks around it,
and one more moment, after the payment is settled and before the client hears of it, is put into checkout.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from faded_skies import bootstrap, main
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.adapters.sandbox.opening import open_sandbox
from faded_skies.adapters.sandbox.store import Connection
from faded_skies.domains.checkout.ports import Checkout
from faded_skies.domains.checkout.service import paying, placing
from faded_skies.domains.orders.service import Order
from faded_skies.domains.payments.errors import GatewayUnavailable
from faded_skies.domains.payments.service import ChargeResult
from faded_skies.platform.settings import Settings, read_settings

FAULTS = (
    "refused before the vendor heard of it",
    "killed before the vendor was asked",
    "killed while the vendor worked",
    "answer lost after the vendor worked",
    "killed after the vendor answered",
    "answer later than the webhook",
    "killed after settling, before the answer",
)
_SLOW_SECONDS = 0.7


class Plan:
    """When to break, drawn from a seed; each fault is written down before it happens."""

    def __init__(self, seed: int, rate: float, notes: str) -> None:
        self._chance = random.Random(seed)
        self._rate = rate
        self._notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def strikes(self, fault: str) -> bool:
        """Tell whether this moment breaks."""
        if self._chance.random() >= self._rate:
            return False
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
        if self.plan.strikes(FAULTS[0]):
            raise GatewayUnavailable
        if self.plan.strikes(FAULTS[1]):
            self.plan.kill()
        async with super()._open(call) as connection:
            yield connection
            if self.plan.strikes(FAULTS[2]):
                self.plan.kill()
        if self.plan.strikes(FAULTS[3]):
            raise GatewayUnavailable
        if self.plan.strikes(FAULTS[4]):
            self.plan.kill()
        if self.plan.strikes(FAULTS[5]):
            await asyncio.sleep(_SLOW_SECONDS)


def breaking(plan: Plan) -> None:
    """Put the plan into the shop that this process is about to build."""

    @asynccontextmanager
    async def open_breaking(settings: Settings) -> AsyncIterator[SandboxGateway]:
        async with open_sandbox(settings) as gateway:
            gateway.__class__ = BreakingGateway
            gateway.plan = plan  # type: ignore[attr-defined]  # it is one now
            yield gateway

    settle = placing.settle

    async def settle_and_die(checkout: Checkout, intent_id: UUID, result: ChargeResult) -> Order:
        order = await settle(checkout, intent_id, result)
        if plan.strikes(FAULTS[6]):
            plan.kill()
        return order

    bootstrap.open_sandbox = open_breaking  # type: ignore[attr-defined]
    placing.settle = settle_and_die
    paying.settle = settle_and_die  # type: ignore[attr-defined]  # imported there by name


if __name__ == "__main__":
    breaking(
        Plan(
            int(os.environ["FAULTS_SEED"]) + os.getpid(),
            float(os.environ["FAULTS_RATE"]),
            os.environ["FAULTS_NOTES"],
        )
    )
    asyncio.run(main.serve(read_settings()))
