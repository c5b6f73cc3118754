"""The worker that reports to Metrc is killed after a report was taken and before that is noted: none is told twice."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from factories.tracing import TAG, law_says, make_tracing, metrc_of
from faded_skies.bootstrap import Application
from faded_skies.domains.traceability.queries.reports import STALE_AFTER
from faded_skies.platform.settings import Settings
from peers.metrc import LICENSE, USER, VENDOR, MetrcPeer, Reply
from servers import environment_of, until, worker_process

pytestmark = pytest.mark.timeout(180)

STEPS = ["retailer", "depart", "sale", "end"]
KILLED_IN = ["sale", "receipts"]


async def test_killed_between_metrcs_acceptance_and_our_note(
    app: Application, client: httpx.AsyncClient, settings: Settings, tmp_path: Path
) -> None:
    peer = HangingPeer(in_=list(KILLED_IN))
    async with metrc_of(peer) as system:
        tracing = await make_tracing(app, client, system, peer)
    law_says(app, flow="retailer_delivery")
    order = await tracing.packed(2)
    trip = await tracing.depart(order)
    await tracing.deliver(order)
    await tracing.drive(f"trips/{trip}/end")
    await tracing.queue()
    law_says(app, flow="receipts")
    singles = [await tracing.packed(1) for _ in range(3)]
    await tracing.depart(*singles)
    for single in singles:
        await tracing.deliver(single)
    await tracing.queue()

    async def all_sent() -> bool:
        return {state for _, state in await tracing.states()} == {"sent"}

    async with peer.serving() as address:
        environment = environment_of(settings) | {
            "METRC_API_BASE": address,
            "METRC_VENDOR_KEY": VENDOR,
            "METRC_USER_KEY": USER,
            "METRC_LICENSE": LICENSE,
        }
        with worker_process(environment, tmp_path / "worker.log") as worker:
            for _ in KILLED_IN:
                await asyncio.wait_for(peer.hangs.wait(), 60)
                worker.kill()
                peer.hangs.clear()
                assert "sending" in {state for _, state in await tracing.states()}
                # Its reports are taken over after a while; the test does not sit it out.
                await tracing.db.fetch(
                    "UPDATE trace_reports SET claimed_at = claimed_at - $1::interval", STALE_AFTER
                )
                worker.start()
            await until(all_sent, "everything was told")
        peer.over.set()

    assert peer.in_ == []
    told = [name for name, _ in peer.told]
    assert [name for name in told if name != "receipts"] == STEPS
    numbers = [receipt["ExternalReceiptNumber"] for receipt in peer.receipts.values()]
    assert (len(numbers), len(set(numbers))) == (3, 3)
    assert (len(peer.ledgers), len(peer.deliveries)) == (1, 1)
    assert peer.packages[TAG]["Quantity"] == 55
    ids = {row["metrc_id"] for row in await tracing.reports() if row["step"] == "receipt"}
    assert ids == set(peer.receipts)
    found = [row["step"] for row in await tracing.reports() if row["history"][-1]["what"] == "found there"]
    assert sorted(found) == ["ledger_sale", "receipt", "receipt", "receipt"]


class HangingPeer(MetrcPeer):
    """Does what it is told, and does not answer the first call of each kind in `in_`."""

    def __init__(self, *, in_: list[str]) -> None:
        super().__init__()
        self.in_ = in_
        self.hangs = asyncio.Event()
        self.over = asyncio.Event()

    async def answer(self, *asked: Any) -> Reply:
        before = len(self.told)
        reply = await super().answer(*asked)
        if len(self.told) > before and self.told[-1][0] in self.in_:
            self.in_.remove(self.told[-1][0])
            self.hangs.set()
            await self.over.wait()
        return reply
