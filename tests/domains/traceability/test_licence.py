"""Before anything is sent: whether the keys are good for our licence, and for the flow that the law names."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import structlog

from factories.tracing import Tracing, law_says
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.traceability import jobs, service
from faded_skies.domains.traceability.ports import Line
from faded_skies.platform import clock
from peers.metrc import LICENSE, a_facility
from servers import until


async def sold(tracing: Tracing) -> None:
    order = await tracing.packed(1)
    await tracing.depart(order)
    await tracing.deliver(order)
    await tracing.queue()


async def check(tracing: Tracing, line: Line | None = None) -> timedelta:
    """Ask as the sender does; returns after how long it would ask again."""
    now = clock.now()
    law = tracing.app.ports.get(Law)
    line = line or Line(tracing.sender.system, LICENSE)
    return await service.check_licence(tracing.db, line, law, now=now) - now


async def status(tracing: Tracing) -> dict[str, Any]:
    told: dict[str, Any] = (await tracing.staff("GET", "status")).json()["status"]
    return told


async def test_a_good_licence_is_asked_about_once_an_hour(tracing: Tracing) -> None:
    assert await check(tracing) == timedelta(hours=1)
    told = await status(tracing)
    assert told["licenceCheckedAt"] is not None
    assert (told["licenceRefused"], told["licenceWarning"]) == (None, None)


async def test_nothing_is_sent_for_a_licence_that_is_not_ours_and_staff_reads_why(tracing: Tracing) -> None:
    await sold(tracing)
    tracing.peer.facilities = [a_facility("C10-7"), a_facility("C10-8")]
    with structlog.testing.capture_logs() as logs:
        assert await check(tracing) == timedelta(minutes=1)
    assert [(one["event"], one["log_level"]) for one in logs] == [("metrc_licence_refused", "error")]
    assert (await status(tracing))["licenceRefused"] == (
        f"The user key is not good for the licence {LICENSE}; it is good for: C10-7, C10-8. Put the licence right in "
        "the settings, or let the key's user work for it in the system, and restart."
    )
    assert await tracing.send() == 0
    assert tracing.peer.asked == ["GET /facilities/v2"]
    tracing.peer.facilities.append(a_facility())
    await check(tracing)
    assert await tracing.send() == 1
    assert (await status(tracing))["licenceRefused"] is None


async def test_wrong_keys_are_said_before_anything_is_sold(tracing: Tracing) -> None:
    tracing.peer.keys = ("another", "pair")
    assert await check(tracing) == timedelta(minutes=1)
    assert "does not accept the keys" in (await status(tracing))["licenceRefused"]


@pytest.mark.parametrize(
    ("flow", "flag"),
    [
        ("receipts", "CanSellToConsumers"),
        ("deliveries", "CanDeliverSalesToConsumers"),
        ("retailer_delivery", "RetailerDelivery"),
    ],
)
async def test_a_flow_that_is_not_offered_is_an_alarm_and_goes_on(
    tracing: Tracing, flow: str, flag: str
) -> None:
    law_says(tracing.app, flow=flow)
    await sold(tracing)
    tracing.peer.facilities = [a_facility(without=flag)]
    with structlog.testing.capture_logs() as logs:
        await check(tracing)
    assert [one["event"] for one in logs] == ["metrc_flow_not_offered"]
    told = await status(tracing)
    assert told["licenceRefused"] is None
    assert flow.replace("_", " ") in told["licenceWarning"]
    assert await tracing.send() > 0


async def test_without_an_answer_what_was_known_stays(tracing: Tracing) -> None:
    tracing.peer.facilities = []
    await check(tracing)
    tracing.peer.down = True
    assert await check(tracing) == timedelta(minutes=1)
    assert (await status(tracing))["licenceRefused"].startswith("The user key is not good")


async def test_where_nobody_is_told_nobody_is_asked(tracing: Tracing) -> None:
    law_says(tracing.app, system="none")
    await check(tracing)
    await check(tracing, Line(None, LICENSE))
    assert tracing.peer.asked == []


async def test_the_worker_asks_before_its_first_report(tracing: Tracing) -> None:
    await sold(tracing)
    tracing.peer.facilities = []
    tracing.app.ports.provide(Line, Line(tracing.sender.system, LICENSE))
    (consumer,) = jobs.consumers(tracing.app.ports)
    stop = asyncio.Event()
    running = asyncio.ensure_future(consumer.run(stop))

    async def asked() -> bool:
        return (await status(tracing))["licenceRefused"] is not None

    await until(asked, "the sender has asked about the licence")
    stop.set()
    await running
    assert set(tracing.peer.asked) == {"GET /facilities/v2"}
