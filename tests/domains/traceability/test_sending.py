"""Sending: in order, each thing once, whatever becomes of answers, workers and the system."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog

from factories.tracing import TAG, Tracing, law_says
from faded_skies.domains.traceability import service
from faded_skies.domains.traceability.queries.reports import STALE_AFTER
from faded_skies.platform import clock
from peers.metrc import Fault


async def sold(tracing: Tracing, count: int = 1) -> None:
    """Hand orders over, each a receipt to be told."""
    orders = [await tracing.packed(1) for _ in range(count)]
    await tracing.depart(*orders)
    for order in orders:
        await tracing.deliver(order)
    await tracing.queue()


async def ledger_of(tracing: Tracing, *, ended: bool = True) -> UUID:
    law_says(tracing.app, flow="retailer_delivery")
    order = await tracing.packed(2)
    trip = await tracing.depart(order)
    await tracing.deliver(order)
    if ended:
        await tracing.drive(f"trips/{trip}/end")
    await tracing.queue()
    return UUID(trip)


async def until_sent(tracing: Tracing, *, turns: int = 30) -> int:
    """Let time pass in steps of a minute until nothing waits; returns how many minutes it took."""
    now = clock.now()
    for minute in range(turns):
        await tracing.send(now=now + timedelta(minutes=minute))
        if all(state == "sent" for _, state in await tracing.states()):
            return minute
    return turns


@pytest.mark.parametrize("fault", ["forget", "500 after", "drop", "503", "429"])
async def test_whatever_befalls_a_call_each_step_is_done_once(tracing: Tracing, fault: Fault) -> None:
    await ledger_of(tracing)
    await sold_by_hand(tracing)
    for _ in range(6):
        tracing.peer.faults.append(fault)
        await tracing.send()
        await skip_pause(tracing)
    tracing.peer.faults.clear()
    assert await until_sent(tracing) <= 2
    told = [name for name, _ in tracing.peer.told]
    assert [name for name in told if name != "adjust"] == ["retailer", "depart", "sale", "end"]
    assert told.count("adjust") == 1
    assert (len(tracing.peer.ledgers), len(tracing.peer.deliveries)) == (1, 1)
    assert tracing.peer.packages[TAG]["Quantity"] == 57
    found = [entry["what"] for row in await tracing.reports() for entry in row["history"]]
    assert ("found there" in found) == (fault in {"forget", "500 after"})


async def sold_by_hand(tracing: Tracing) -> None:
    answer = await tracing.trade.client.post(
        f"/api/admin/lots/{tracing.lot['id']}/adjust",
        json={"change": -1, "reason": "Miscounted."},
        headers=tracing.trade.admin.headers,
    )
    assert answer.status_code == 200, answer.text
    await tracing.queue()


async def skip_pause(tracing: Tracing) -> None:
    await tracing.db.fetch("UPDATE trace_line SET paused_until = NULL")
    await tracing.db.fetch("UPDATE trace_reports SET next_try_at = now() WHERE state = 'waiting'")


async def test_a_lost_answer_is_found_by_the_receipts_number_and_not_told_again(tracing: Tracing) -> None:
    await sold(tracing, 3)
    tracing.peer.faults = ["forget"]
    assert await tracing.send() == 3
    assert [state for _, state in await tracing.states()] == ["waiting"] * 3
    assert len(tracing.peer.receipts) == 3
    await skip_pause(tracing)
    assert await tracing.send() == 3
    assert sorted(row["metrc_id"] for row in await tracing.reports()) == sorted(tracing.peer.receipts)
    assert len([one for one in tracing.peer.asked if one == "POST /sales/v2/receipts"]) == 1


async def test_while_the_system_is_down_only_one_call_is_tried_at_a_time(tracing: Tracing) -> None:
    await sold(tracing, 3)
    await sold_by_hand(tracing)
    tracing.peer.down = True
    now = clock.now()
    await tracing.send(now=now)
    assert len(tracing.peer.asked) == 1
    await tracing.send(now=now + timedelta(milliseconds=500))
    assert len(tracing.peer.asked) == 1
    status = (await tracing.staff("GET", "status")).json()["status"]
    assert (status["counts"]["waiting"], status["error"]) == (4, "The system does not answer: status 503")
    assert status["downSince"] is not None
    tracing.peer.down = False
    await tracing.send(now=now + timedelta(seconds=61))
    status = (await tracing.staff("GET", "status")).json()["status"]
    assert (status["counts"]["sent"], status["downSince"], status["error"]) == (4, None, None)


async def test_retry_after_is_waited_for(tracing: Tracing) -> None:
    await sold(tracing, 1)
    tracing.peer.faults, tracing.peer.retry_after = ["429"], "120"
    now = clock.now()
    await tracing.send(now=now)
    await tracing.send(now=now + timedelta(seconds=119))
    assert len(tracing.peer.asked) == 1
    await tracing.send(now=now + timedelta(seconds=121))
    assert [state for _, state in await tracing.states()] == ["sent"]
    assert len(tracing.peer.asked) == 2


async def test_a_wrong_key_stops_all_and_loses_nothing(tracing: Tracing) -> None:
    await sold(tracing, 2)
    good, tracing.peer.keys = tracing.peer.keys, ("expired", "keys")
    with structlog.testing.capture_logs() as logs:
        await tracing.send()
    (line,) = [one for one in logs if one["event"] == "metrc_unavailable"]
    assert line["log_level"] == "error"
    assert [state for _, state in await tracing.states()] == ["waiting"] * 2
    tracing.peer.keys = good
    assert await until_sent(tracing) <= 2
    assert len(tracing.peer.receipts) == 2


async def test_a_rejected_step_stops_its_trip_and_no_other(tracing: Tracing) -> None:
    trip = await ledger_of(tracing)
    del tracing.peer.packages[TAG]
    other = await ledger_of_other(tracing)
    with structlog.testing.capture_logs() as logs:
        await tracing.send()
    by_trip = {
        key: [row["state"] for row in await tracing.reports() if row["trip_id"] == key]
        for key in (trip, other)
    }
    assert by_trip == {trip: ["rejected", "waiting", "waiting", "waiting"], other: ["sent"] * 4}
    (line,) = [one for one in logs if one["event"] == "metrc_rejected"]
    assert (line["log_level"], line["trip_id"]) == ("error", trip)


async def ledger_of_other(tracing: Tracing) -> UUID:
    """A trip with goods of a package that the peer knows."""
    tracing.peer.stock("1A4060300002EE1000000009", 60)
    await tracing.db.fetch("UPDATE lots SET tag = '1A4060300002EE1000000009'")
    tracing.lot["tag"] = "1A4060300002EE1000000009"
    return await ledger_of(tracing)


async def test_of_a_batch_only_the_row_that_is_named_is_rejected(tracing: Tracing) -> None:
    await sold(tracing, 3)
    first, *_ = await tracing.reports()
    first["payload"]["goods"][0]["tag"] = "1A4060300002EE1UNKNOWN00"
    await tracing.db.fetch(
        "UPDATE trace_reports SET payload = $2 WHERE id = $1", first["id"], first["payload"]
    )
    await tracing.send()
    states = {row["id"]: (row["state"], row["last_error"]) for row in await tracing.reports()}
    assert states.pop(first["id"]) == ("rejected", "Package 1A4060300002EE1UNKNOWN00 was not found.")
    assert set(states.values()) == {("sent", None)}
    assert len(tracing.peer.receipts) == 2


async def test_of_a_batch_that_is_refused_as_a_whole_each_goes_alone(tracing: Tracing) -> None:
    await sold(tracing, 3)
    first, *_ = await tracing.reports()
    refusing = tracing.peer._write

    def write(method: str, path: str, body: bytes) -> Any:
        reply = refusing(method, path, b"{}") if first["external_number"].encode() in body else None
        return reply or refusing(method, path, body)

    tracing.peer._write = write  # type: ignore[method-assign]  # a fault
    await tracing.send()
    states = {row["id"]: row["state"] for row in await tracing.reports()}
    assert states.pop(first["id"]) == "rejected"
    assert set(states.values()) == {"sent"}
    assert len(tracing.peer.receipts) == 2


async def test_two_workers_at_once_tell_each_thing_once(tracing: Tracing) -> None:
    await ledger_of(tracing)
    law_says(tracing.app, flow="receipts")
    await sold(tracing, 12)
    tracing.peer.delay = 0.01

    async def work() -> None:
        while await service.send_next(tracing.sender, now=clock.now()):
            pass

    for _ in range(5):
        await asyncio.gather(*(work() for _ in range(4)))
    assert {state for _, state in await tracing.states()} == {"sent"}
    assert (len(tracing.peer.receipts), len(tracing.peer.ledgers), len(tracing.peer.deliveries)) == (12, 1, 1)
    assert [name for name, _ in tracing.peer.told if name != "receipts"] == [
        "retailer",
        "depart",
        "sale",
        "end",
    ]


@pytest.mark.parametrize("after_it_was_done", [True, False])
async def test_a_worker_killed_in_the_middle_leaves_it_to_another(
    tracing: Tracing, after_it_was_done: bool
) -> None:
    await sold(tracing, 2)
    now = clock.now()
    reached = asyncio.Event()
    answer = tracing.peer.answer

    async def hang(*args: Any) -> Any:
        if after_it_was_done:
            await answer(*args)
        reached.set()
        await asyncio.sleep(60)

    tracing.peer.answer = hang  # type: ignore[method-assign, assignment]  # any arguments
    task = asyncio.create_task(service.send_next(tracing.sender, now=now))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    tracing.peer.answer = answer  # type: ignore[method-assign]  # a fault
    assert [state for _, state in await tracing.states()] == ["sending"] * 2
    assert await tracing.send(now=now + STALE_AFTER - timedelta(seconds=1)) == 0
    assert await tracing.send(now=now + STALE_AFTER) == 2
    assert len(tracing.peer.receipts) == 2
    assert {state for _, state in await tracing.states()} == {"sent"}
    asked = [one for one in tracing.peer.asked if one.startswith("GET /sales/v2/receipts/external/")]
    assert len(asked) == 2


async def test_a_sender_that_was_taken_for_dead_changes_nothing_when_it_comes_back(tracing: Tracing) -> None:
    await sold(tracing, 1)
    now = clock.now()
    released, reached = asyncio.Event(), asyncio.Event()
    answer = tracing.peer.answer

    async def slow(*args: Any) -> Any:
        reply = await answer(*args)
        reached.set()
        await released.wait()
        return reply

    tracing.peer.answer = slow  # type: ignore[method-assign, assignment]  # any arguments
    task = asyncio.create_task(service.send_next(tracing.sender, now=now))
    await reached.wait()
    tracing.peer.answer = answer  # type: ignore[method-assign]  # a fault
    assert await tracing.send(now=now + STALE_AFTER) == 1
    released.set()
    await task
    (report,) = await tracing.reports()
    assert (report["state"], [entry["what"] for entry in report["history"]]) == ("sent", ["found there"])
    assert len(tracing.peer.receipts) == 1


async def test_the_alarm_comes_before_the_deadline_and_again_after_it(tracing: Tracing) -> None:
    await sold(tracing, 2)
    tracing.peer.down = True
    due = (await tracing.reports())[0]["due_at"]

    async def watch(at: Any) -> list[tuple[str, int]]:
        with structlog.testing.capture_logs() as logs:
            async with tracing.db.transaction() as tx:
                await service.watch(tx, now=at)
        return [(one["event"], one["reports"]) for one in logs]

    warn = await tracing.db.fetchval("SELECT max(warn_at) FROM trace_reports")
    assert await watch(warn - timedelta(hours=30)) == []
    assert await watch(warn) == [("metrc_deadline_near", 2)]
    assert await watch(warn) == []
    listed = (await tracing.staff("GET", "reports")).json()["reports"]
    assert [(one["isNear"], one["isOverdue"]) for one in listed] == [(True, False)] * 2
    assert await watch(due) == [("metrc_deadline_missed", 2)]
    assert await watch(due + timedelta(days=1)) == []
    tracing.peer.down = False
    await skip_pause(tracing)
    await tracing.send()
    assert await watch(due + timedelta(days=2)) == []
