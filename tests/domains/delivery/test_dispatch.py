"""Automatic dispatch: rounds, what they do and what they leave alone, and what staff reads of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from factories.delivery import make_order, position
from factories.identity import SignedInPerson
from factories.road import JSON, Road
from faded_skies.domains.delivery import service
from faded_skies.domains.delivery.ports import Question, Route, RouteSolver
from faded_skies.domains.delivery.service import DispatchDesk, Rounds
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock

NO = {"reason": "My car does not start."}


async def switch_on(road: Road) -> None:
    answer = await road.staff("PATCH", "settings", {"automaticDispatch": True})
    assert answer.status_code == 200, answer.text
    assert answer.json()["settings"]["automaticDispatch"] is True


async def run(road: Road, solver: RouteSolver | None = None) -> None:
    desk = road.app.ports.get(DispatchDesk)
    await service.run_round(desk if solver is None else replace(desk, solver=solver))


async def waits(road: Road, *, status: Status = Status.PREPARING) -> UUID:
    return await make_order(road.app, road.customer.id, status=status)


class Proposing:
    """A solver that says what it is told to, after doing what it is told to."""

    def __init__(self, *routes: Route, before: Callable[[], Awaitable[object]] | None = None) -> None:
        self._routes = routes
        self._before = before

    async def propose(self, question: Question) -> list[Route]:
        del question
        if self._before is not None:
            await self._before()
        return list(self._routes)


async def owner(road: Road, order_id: UUID) -> UUID | None:
    found: UUID | None = await road.db.fetchval("SELECT driver_id FROM orders WHERE id = $1", order_id)
    return found


async def start(road: Road, who: SignedInPerson, **position_of: Any) -> None:
    begun = await road.post("shift", {"online": True}, who=who)
    assert begun.status_code == 200, begun.text
    if position_of:
        assert (await road.post("location", position(**position_of), who=who)).status_code == 200


async def decisions(road: Road, **params: object) -> list[JSON]:
    query = "&".join(f"{name}={value}" for name, value in params.items())
    answer = await road.staff("GET", f"dispatch/decisions?{query}")
    assert answer.status_code == 200, answer.text
    found: list[JSON] = answer.json()["decisions"]
    return found


async def test_nothing_happens_until_it_is_switched_on(road: Road) -> None:
    order_id = await waits(road)
    await run(road)
    assert await owner(road, order_id) is None
    assert await decisions(road) == []
    settings = (await road.staff("GET", "settings")).json()["settings"]
    assert settings["automaticDispatch"] is False


async def test_the_nearer_driver_gets_it_and_it_is_explained(road: Road) -> None:
    await switch_on(road)
    shop = await road.db.fetchrow("SELECT latitude, longitude FROM shop")
    assert shop is not None
    near = {"lat": shop["latitude"] + 0.01, "lng": shop["longitude"]}
    far = {"lat": shop["latitude"] + 0.2, "lng": shop["longitude"]}
    await road.post("location", position(**far))
    await start(road, road.other, **near)
    order_id = await waits(road)
    await run(road)
    assert await owner(road, order_id) == road.other.id
    [decision] = await decisions(road)
    assert (decision["orderId"], decision["driverId"]) == (str(order_id), str(road.other.id))
    assert decision["why"].startswith(
        "Nearest of 2 at rest with room: 0.7 mi from the shop by their live position"
    )
    board = (await road.staff("GET", "orders")).json()["orders"][0]
    assert (board["assignment"]["automatic"], board["assignment"]["state"]) == (True, "offered")
    stops = (await road.client.get("/api/driver/orders", headers=road.other.headers)).json()["orders"]
    assert stops[0]["answerBy"] is not None
    audited = "SELECT actor_id FROM audit_log WHERE action = 'order.assigned'"
    assert [row["actor_id"] for row in await road.db.fetch(audited)] == [None]
    assert (await road.post(f"orders/{order_id}/pickup", who=road.other)).status_code == 200


async def test_a_refusal_sends_it_to_the_next_and_then_to_staff(road: Road) -> None:
    await switch_on(road)
    await start(road, road.other)
    order_id = await waits(road)
    await run(road)
    first = await owner(road, order_id)
    who = road.driver if first == road.driver.id else road.other
    assert (await road.post(f"orders/{order_id}/decline", NO, who=who)).status_code == 200
    await run(road)
    second = await owner(road, order_id)
    assert {first, second} == {road.driver.id, road.other.id}
    await road.db.fetch("UPDATE stops SET assigned_at = assigned_at - interval '6 minutes'")
    for _ in range(3):
        await run(road)
    assert await owner(road, order_id) is None
    told = await decisions(road, orderId=order_id)
    assert [one["driverId"] for one in told] == [None, str(second), str(first)]
    assert told[0]["why"] == "None of 2 on a shift can take it: 2 gave it back or did not answer."
    assert [one["driverId"] for one in await decisions(road, driverId=second)] == [str(second)]
    await road.db.fetch("UPDATE assignment_refusals SET at = at - interval '16 minutes'")
    await run(road)
    assert await owner(road, order_id) == second


async def test_capacity_is_the_vehicles_or_the_shops_and_the_laws(road: Road) -> None:
    await switch_on(road)
    assert (await road.staff("PATCH", f"vehicles/{road.vehicle_id}", {"maxOrders": 2})).status_code == 200
    ids = [await waits(road) for _ in range(3)]
    await run(road)
    assert [await owner(road, one) for one in ids] == [road.driver.id, road.driver.id, None]
    assert (await decisions(road, orderId=ids[2]))[0]["why"] == "None of 1 on a shift can take it: 1 full."
    await road.staff("PATCH", f"vehicles/{road.vehicle_id}", {"maxOrders": None})
    await run(road)
    assert await owner(road, ids[2]) == road.driver.id


async def test_who_is_on_the_road_or_off_a_shift_gets_nothing(road: Road) -> None:
    await switch_on(road)
    await road.on_the_road(await road.packed())
    order_id = await waits(road, status=Status.CONFIRMED)
    await run(road)
    assert await owner(road, order_id) is None
    [told] = await decisions(road, orderId=order_id)
    assert told["why"] == "None of 1 on a shift can take it: 1 on the road."


async def test_what_dispatch_gave_goes_back_when_the_shift_ends_and_what_staff_gave_stays(road: Road) -> None:
    await switch_on(road)
    by_hand, given = await road.packed(), await waits(road)
    await run(road)
    assert await owner(road, given) == road.driver.id
    await road.post(f"orders/{given}/accept")
    await road.post(f"orders/{by_hand}/accept")
    assert (await road.post("shift", {"online": False})).status_code == 200
    await run(road)
    assert await owner(road, given) is None
    assert await owner(road, by_hand) == road.driver.id
    assert (await decisions(road, orderId=given))[0]["why"] == "No driver is on a shift."
    assert await road.count("assignment_refusals") == 0


async def test_events_lead_to_a_round(road: Road, drain: Callable[[], Awaitable[None]]) -> None:
    await switch_on(road)
    order_id = await waits(road)
    await drain()
    assert await owner(road, order_id) == road.driver.id
    await start(road, road.other)
    await road.post(f"orders/{order_id}/decline", NO)
    await drain()
    assert await owner(road, order_id) == road.other.id
    assert await road.count("dispatch_decisions") == 2


async def test_decisions_are_forgotten_after_thirty_days(road: Road) -> None:
    await switch_on(road)
    await run(road)
    for order_id in [await waits(road) for _ in range(2)]:
        await run(road)
        await road.post(f"orders/{order_id}/decline", NO)
    await run(road)
    await road.db.fetch(
        "UPDATE dispatch_decisions SET decided_at = now() - interval '31 days' WHERE driver_id IS NULL"
    )
    kept = await road.db.fetchval("SELECT count(*) FROM dispatch_decisions WHERE driver_id IS NOT NULL")
    async with road.db.transaction() as tx:
        await service.forget_decisions(tx)
    assert await road.count("dispatch_decisions") == kept
    assert await road.count("assignment_refusals") == 2


async def test_neighbours_are_planned_together_in_the_order_of_the_way(road: Road) -> None:
    await switch_on(road)
    await start(road, road.other)
    ids = [await waits(road) for _ in range(3)]
    away = "UPDATE orders SET delivery_address = delivery_address || jsonb_build_object('latitude', 30.32)"
    await road.db.fetch(away)
    await run(road)
    told = await decisions(road)
    assert {one["orderId"] for one in told} == {str(one) for one in ids}
    assert len({one["planId"] for one in told}) == len({one["driverId"] for one in told}) == 1
    assert {one["stop"] for one in told} == {1, 2, 3}
    assert all(one["why"].startswith("On a way that was planned for 3 orders together") for one in told)
    who = road.driver if told[0]["driverId"] == str(road.driver.id) else road.other
    listed = (await road.client.get("/api/driver/orders", headers=who.headers)).json()["orders"]
    assert [one["id"] for one in listed] == [
        one["orderId"] for one in sorted(told, key=lambda one: str(one["expectedAt"]))
    ]
    assert {one["id"]: one["expectedAt"] for one in listed} == {
        one["orderId"]: one["expectedAt"] for one in told
    }


async def test_what_would_not_be_over_by_the_end_of_the_shift_waits(road: Road) -> None:
    await switch_on(road)
    soon = (clock.now() + timedelta(minutes=2)).isoformat()
    planned = await road.post("shift", {"online": True, "plannedEndAt": soon})
    assert planned.json()["shift"]["plannedEndAt"] is not None
    order_id = await waits(road)
    await run(road)
    [told] = await decisions(road)
    assert told["why"] == "None of 1 on a shift can take it: 1 not back before their shift ends."
    later = {"online": True, "plannedEndAt": (clock.now() + timedelta(hours=3)).isoformat()}
    assert (await road.post("shift", later)).status_code == 200
    assert (await road.post("shift", {"online": True})).json()["shift"]["plannedEndAt"] is not None
    await run(road)
    assert await owner(road, order_id) == road.driver.id


@pytest.mark.parametrize(
    "body",
    [
        {"online": True, "plannedEndAt": "2020-01-01T00:00:00Z"},
        {"online": True, "plannedEndAt": "2999-01-01T00:00:00Z"},
        {"online": True, "plannedEndAt": 1_900_000_000},
        {"online": True, "plannedEndAt": "2999-01-01T00:00:00"},
        {"online": False, "plannedEndAt": (clock.now() + timedelta(hours=3)).isoformat()},
    ],
)
async def test_a_wrong_end_of_a_shift_is_refused(road: Road, body: JSON) -> None:
    answer = await road.post("shift", body)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "plannedEndAt"


async def test_who_may_not_leave_by_law_gets_nothing(road: Road) -> None:
    await switch_on(road)
    await road.db.fetch(
        "UPDATE users SET date_of_birth = now() - interval '20 years' WHERE id = $1", road.driver.id
    )
    order_id = await waits(road)
    await run(road)
    assert await owner(road, order_id) is None
    assert "1 may not leave (The driver has to be 21 or older" in (await decisions(road))[0]["why"]


async def test_offers_move_when_the_plan_changes_and_what_was_accepted_stays(road: Road) -> None:
    await switch_on(road)
    offered, accepted = await waits(road), await waits(road)
    await run(road)
    assert (await road.post(f"orders/{accepted}/accept")).status_code == 200
    await start(road, road.other)
    wants_both = Proposing(Route(road.other.id, [offered, accepted]))
    await run(road, wants_both)
    assert [await owner(road, one) for one in (offered, accepted)] == [road.other.id, road.driver.id]
    assert await road.count("assignment_refusals") == 0
    assert [one["driverId"] for one in await decisions(road, orderId=offered)] == [
        str(road.other.id),
        str(road.driver.id),
    ]
    await run(road, Proposing())
    assert await owner(road, offered) == road.other.id
    assert len(await decisions(road, orderId=offered)) == 2


async def test_what_happens_while_a_plan_is_made_is_minded(road: Road) -> None:
    """Of three orders one is declined, one accepted and one taken by staff while the solver thinks of them."""
    await switch_on(road)
    ids = [await waits(road) for _ in range(3)]
    await run(road)
    await start(road, road.other)

    async def meanwhile() -> None:
        await road.post(f"orders/{ids[0]}/decline", NO)
        await road.post(f"orders/{ids[1]}/accept")
        await road.staff("POST", f"orders/{ids[2]}/assign", {"driverId": str(road.driver.id)})

    await run(road, Proposing(Route(road.driver.id, ids), before=meanwhile))
    assert [await owner(road, one) for one in ids] == [None, road.driver.id, road.driver.id]
    mine = Proposing(
        Route(road.other.id, ids), before=lambda: road.post("shift", {"online": False}, who=road.other)
    )
    await run(road, mine)
    assert [await owner(road, one) for one in ids] == [None, road.driver.id, road.driver.id]


async def test_a_round_that_is_cut_off_after_the_plan_leaves_all_to_the_next(road: Road) -> None:
    await switch_on(road)
    ids = [await waits(road) for _ in range(3)]

    async def killed() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run(road, Proposing(Route(road.driver.id, ids), before=killed))
    assert await road.count("stops") == await road.count("dispatch_decisions") == 0
    await run(road, Proposing(Route(road.driver.id, ids)))
    assert await road.count("stops") == await road.count("dispatch_decisions") == 3


async def test_how_many_decisions_there_are_is_told_behind_the_last_page_too(road: Road) -> None:
    await switch_on(road)
    await waits(road)
    await run(road)
    answer = (await road.staff("GET", "dispatch/decisions?offset=5")).json()
    assert (answer["decisions"], answer["total"], answer["hasMore"]) == ([], 1, False)


@pytest.mark.parametrize("query", ["orderId=me", "driverId=", "limit=0", "limit=101", "offset=-1"])
async def test_wrong_filters_are_refused(road: Road, query: str) -> None:
    assert (await road.staff("GET", f"dispatch/decisions?{query}")).status_code == 422


@pytest.mark.parametrize("number", [0, 201, 1.5, "3", True])
async def test_a_wrong_capacity_is_refused(road: Road, number: object) -> None:
    answer = await road.staff("PATCH", f"vehicles/{road.vehicle_id}", {"maxOrders": number})
    assert answer.status_code == 422


async def test_who_asks_while_a_round_runs_shares_the_next() -> None:
    ran = 0
    goes_on = asyncio.Event()

    async def work() -> None:
        nonlocal ran
        ran += 1
        await goes_on.wait()

    rounds = Rounds(work)
    first = asyncio.create_task(rounds.ask())
    await asyncio.sleep(0)
    others = [asyncio.create_task(rounds.ask()) for _ in range(10)]
    await asyncio.sleep(0)
    goes_on.set()
    await asyncio.gather(first, *others)
    assert ran == 2


async def test_a_round_that_failed_is_nobodys() -> None:
    outcomes = [ValueError, None]

    async def work() -> None:
        outcome = outcomes.pop(0)
        await asyncio.sleep(0)
        if outcome is not None:
            raise outcome

    rounds = Rounds(work)
    results = await asyncio.gather(rounds.ask(), rounds.ask(), return_exceptions=True)
    assert [type(one) for one in results] == [ValueError, type(None)]
    assert outcomes == []
