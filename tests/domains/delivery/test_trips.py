"""Trips by HTTP: planned, judged, departed once, driven and ended; and who comes between."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from factories.delivery import id_check
from factories.road import Road
from factories.strict import MANIFEST, make_strict
from faded_skies.domains.delivery.events import StopDelivered, StopReturned, TripDeparted, TripEnded
from faded_skies.domains.delivery.schemas.trips import TripAnswer, TripsAnswer, WatchedTripAnswer
from faded_skies.domains.orders.service import Status
from faded_skies.platform import clock
from faded_skies.platform.events import Event, Subscription
from faded_skies.platform.ids import new_id


async def kinds(road: Road, trip: dict[str, Any]) -> list[str]:
    rows = await road.db.fetch(
        "SELECT kind FROM stop_log WHERE trip_id = $1 ORDER BY at, id", UUID(trip["id"])
    )
    return [row["kind"] for row in rows]


async def versions(road: Road) -> list[int]:
    rows = await road.db.fetch("SELECT version FROM manifests ORDER BY version")
    return [row["version"] for row in rows]


async def outcomes(road: Road, stage: str) -> list[str]:
    rows = await road.db.fetch(
        "SELECT outcome FROM rule_decisions WHERE stage = $1 ORDER BY decided_at", stage
    )
    return [row["outcome"] for row in rows]


# From plan to end


async def test_whose_app_is_closed_hears_that_the_driver_is_at_the_door_while_they_are(
    road: Road, drain: Callable[[], Awaitable[None]]
) -> None:
    first, second = await road.packed(), await road.packed(tender="cash")
    await road.on_the_road(first, second)
    for _ in range(2):
        assert (await road.post(f"orders/{first}/arrive")).status_code == 200
    await drain()
    assert (await road.post(f"orders/{second}/arrive")).status_code == 200
    back = {"reason": "Nobody opened the door.", "code": "refused_by_customer"}
    assert (await road.post(f"orders/{second}/return", back)).status_code == 200
    await drain()
    rows = await road.db.fetch(
        "SELECT m.user_id, m.channel, m.fact, m.good_until - s.arrived_at AS good_for FROM messages m "
        "JOIN stops s ON s.order_id = $1 WHERE m.kind = 'arrived' ORDER BY m.channel",
        first,
    )
    fact = f"arrived:{first}:{road.driver.id}"
    assert [(row["user_id"], row["channel"], row["fact"]) for row in rows] == [
        (road.customer.id, channel, fact) for channel in ("email", "push")
    ]
    assert all(abs(row["good_for"] - timedelta(minutes=15)) < timedelta(seconds=30) for row in rows)
    (notice,) = await road.db.fetch("SELECT title, body FROM notices WHERE kind = 'arrived'")
    assert notice["title"] == "Your driver is here"
    assert "at the door" in notice["body"]


async def test_a_trip_from_its_plan_to_its_end(road: Road) -> None:
    first, second = await road.packed(), await road.packed(tender="cash")
    trip = await road.plan(second, first)
    TripAnswer.model_validate_json(
        (await road.post("trips", {"orderIds": [str(second), str(first)]})).content
    )
    assert (trip["status"], [stop["orderId"] for stop in trip["stops"]]) == (
        "planned",
        [str(second), str(first)],
    )
    assert await road.status(first) == "preparing"

    departed = (await road.depart(trip)).json()["trip"]
    assert (departed["status"], departed["vehicleId"]) == ("departed", road.vehicle_id)
    assert [stop["status"] for stop in departed["stops"]] == ["on_board", "on_board"]
    assert [await road.status(one) for one in (first, second)] == ["out_for_delivery"] * 2
    assert (await road.depart(trip)).json()["trip"] == departed

    assert (
        await road.post(f"trips/{trip['id']}/stops", {"kind": "fuel", "note": "Lamar"})
    ).status_code == 200
    early = await road.post(f"trips/{trip['id']}/end")
    assert (early.status_code, early.json()["code"]) == (409, "INVALID_STATE")
    assert len(early.json()["orderNumbers"]) == 2
    assert (await road.post(f"orders/{first}/arrive")).status_code == 200
    handed = await road.post(f"orders/{first}/deliver", {"idCheck": id_check()})
    assert handed.status_code == 200, handed.text
    back = {"reason": "Nobody opened the door.", "code": "refused_by_customer"}
    assert (await road.post(f"orders/{second}/return", back)).status_code == 200

    ended = (await road.post(f"trips/{trip['id']}/end")).json()["trip"]
    assert (ended["status"], [stop["status"] for stop in ended["stops"]]) == (
        "ended",
        ["returned", "delivered"],
    )
    assert [goods["orderId"] for goods in ended["goodsToReceive"]] == [str(second)]
    assert (await road.post(f"trips/{trip['id']}/end")).json()["trip"] == ended
    received = await road.staff("POST", f"orders/{second}/receive-goods")
    assert received.status_code == 200
    assert await kinds(road, trip) == [
        "departed",
        "fuel",
        "arrived",
        "id_checked",
        "delivered",
        "returned",
        "ended",
    ]
    assert await versions(road) == [1, 2, 3]
    code = await road.db.fetchval("SELECT code FROM stop_log WHERE kind = 'returned'")
    assert code == "refused_by_customer"
    assert await outcomes(road, "departure") == ["allow"]
    assert await outcomes(road, "handover") == ["allow"]


async def test_staff_watch_trips(road: Road) -> None:
    order_id = await road.packed()
    trip = await road.on_the_road(order_id)
    watched = await road.staff("GET", f"trips/{trip['id']}")
    WatchedTripAnswer.model_validate_json(watched.content)
    told = watched.json()["trip"]
    assert (told["driverName"], [line["kind"] for line in told["log"]]) == ("Dana Reyes", ["departed"])
    day = clock.now().astimezone().date()
    for query, count in (
        ("open=true", 1),
        ("open=false", 0),
        (f"driverId={road.driver.id}", 1),
        (f"driverId={road.other.id}", 0),
        (f"day={day - timedelta(days=3)}", 0),
    ):
        listed = await road.staff("GET", f"trips?{query}")
        TripsAnswer.model_validate_json(listed.content)
        assert len(listed.json()["trips"]) == count, query
    for path in ("trips", "vehicles", "rules/decisions"):
        behind = (await road.staff("GET", f"{path}?offset=50")).json()
        assert (behind["total"], behind["hasMore"]) == (1, False), path
    for end in ("0001-01-01", "9999-12-31", "1764288000"):
        assert (await road.staff("GET", f"trips?day={end}")).status_code == 422
    for secret in ("Okafor", ") 555-"):
        assert (
            secret
            not in (
                await road.client.get(f"/api/driver/trips/{trip['id']}", headers=road.driver.headers)
            ).text
        )


async def test_a_plan_is_replaced_and_given_up(road: Road) -> None:
    first, second = await road.packed(), await road.packed()
    planned = await road.plan(first)
    again = await road.plan(first, second, people=2)
    assert (again["id"], again["people"], len(again["stops"])) == (planned["id"], 2, 2)
    assert await road.count("trips") == 1
    other = await road.post(f"orders/{first}/pickup")
    assert (other.status_code, other.json()["code"]) == (409, "INVALID_STATE")
    assert (await road.post(f"trips/{planned['id']}/end")).json()["trip"]["status"] == "ended"
    gone = await road.depart(planned)
    assert (gone.status_code, gone.json()["code"]) == (409, "INVALID_STATE")
    assert await road.status(first) == "preparing"
    assert await road.count("manifests") == 0
    assert (await road.plan(first))["id"] != planned["id"]


async def test_what_cannot_be_planned(road: Road) -> None:
    mine, foreign = await road.packed(), await road.packed(driver=road.other)
    wrong: list[dict[str, object]] = [
        {"orderIds": []},
        {"orderIds": [str(mine)] * 2},
        {"orderIds": [str(mine)], "people": 0},
    ]
    for body in wrong:
        refused = await road.post("trips", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert (await road.post("trips", {"orderIds": [str(mine), str(foreign)]})).status_code == 404
    assert (await road.post("trips", {"orderIds": [str(new_id())]})).status_code == 404
    trip = await road.on_the_road(mine)
    out = await road.post("trips", {"orderIds": [str(mine)]})
    assert (out.status_code, len(out.json()["orderNumbers"])) == (409, 1)
    second = await road.packed()
    busy = await road.post("trips", {"orderIds": [str(second)]})
    assert (busy.status_code, busy.json()["code"]) == (409, "INVALID_STATE")
    for path in (f"trips/{trip['id']}/depart", f"trips/{trip['id']}/end"):
        assert (await road.post(path, who=road.other)).status_code == 404
    assert await road.count("trips") == 1


# Pickup without a trip


async def test_a_pickup_makes_a_trip_that_ends_with_its_last_stop(road: Road) -> None:
    first, second = await road.packed(), await road.packed(tender="cash")
    for order_id in (first, second):
        picked = await road.post(f"orders/{order_id}/pickup")
        assert (picked.status_code, picked.json()["order"]["status"]) == (200, "out_for_delivery")
    assert await road.count("trips") == 1
    assert await versions(road) == [1, 2]
    await road.post(f"orders/{first}/deliver", {"idCheck": id_check()})
    assert await road.db.fetchval("SELECT ended_at FROM trips") is None
    await road.post(f"orders/{second}/return", {"reason": "Nobody."})
    assert await road.db.fetchval("SELECT ended_at FROM trips") is not None
    third = await road.packed()
    assert (await road.post(f"orders/{third}/pickup")).status_code == 200
    assert await road.count("trips") == 2


async def test_a_stop_that_an_older_release_closed_holds_nobody_up(road: Road) -> None:
    order_id = await road.packed()
    trip = await road.on_the_road(order_id)
    await road.db.fetch(
        "UPDATE orders SET status = 'delivered', delivered_at = now() WHERE id = $1", order_id
    )
    ended = (await road.post(f"trips/{trip['id']}/end")).json()["trip"]
    assert (ended["status"], ended["stops"][0]["status"]) == ("ended", "delivered")


# The law


async def test_the_law_names_every_reason(road: Road, folder: Path) -> None:
    make_strict(
        road.app,
        folder,
        MANIFEST,
        '[[load]]\nvehicle = "any"\nmax_value_cents = 3000\nsource = "made_up"',
        trip='driver_papers = ["drivers_license"]\nvehicle_papers = ["insurance"]\nprepaid_share_min = "0.6"\n'
        "staff = [{ people = 2, up_to_cents = 100000 }, { people = 3 }]",
    )
    first, second = await road.packed(), await road.packed(tender="cash")
    trip = await road.plan(first, second)
    refused = await road.depart(trip, key="d-1")
    assert (refused.status_code, refused.json()["code"]) == (422, "DEPARTURE_REFUSED"), refused.text
    reasons = [reason["reason"] for reason in refused.json()["reasons"]]
    for part in (
        "2 people",
        "driver lacks a valid paper: drivers license",
        "vehicle lacks a valid paper: insurance",
        "at most $30.00",
        "60 %",
        "lacks: driver.employee_no, driver.license_no",
    ):
        assert any(part in reason for reason in reasons), (part, reasons)
    assert all(reason in refused.json()["error"] for reason in reasons)
    assert (await road.depart(trip, key="d-1")).content == refused.content
    assert [await road.status(one) for one in (first, second)] == ["preparing"] * 2
    assert await outcomes(road, "departure") == ["deny"]
    for table in ("manifests", "stop_log"):
        assert await road.count(table) == 0

    yesterday = (clock.now() - timedelta(days=2)).date().isoformat()
    papers = {
        "papers": [{"kind": "drivers_license", "expiresOn": yesterday}],
        "employeeNo": "E-17",
        "licenseNumber": "T48210377",
    }
    assert (await road.staff("PUT", f"drivers/{road.driver.id}/papers", papers)).status_code == 200
    insured = {"papers": [{"kind": "insurance", "expiresOn": None}]}
    assert (await road.staff("PUT", f"vehicles/{road.vehicle_id}/papers", insured)).status_code == 200
    still = await road.depart(await road.plan(first, people=2))
    assert [reason["reason"] for reason in still.json()["reasons"]] == [
        "The driver lacks a valid paper: drivers license. Enter it with its last day."
    ]
    papers["papers"] = [{"kind": "drivers_license", "expiresOn": "2099-01-01"}]
    await road.staff("PUT", f"drivers/{road.driver.id}/papers", papers)
    gone = await road.depart(await road.plan(first, people=2))
    assert gone.status_code == 200, gone.text
    assert await outcomes(road, "departure") == ["deny", "deny", "allow"]


async def test_a_pickup_that_the_law_refuses_leaves_no_trip(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, trip='vehicle_papers = ["insurance"]')
    order_id = await road.packed()
    refused = await road.post(f"orders/{order_id}/pickup")
    assert (refused.status_code, refused.json()["code"]) == (422, "DEPARTURE_REFUSED")
    assert (await road.status(order_id), await road.count("trips")) == ("preparing", 0)
    assert await outcomes(road, "departure") == ["deny"]


async def test_the_load_counts_what_is_on_board_already(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, '[[load]]\nvehicle = "enclosed"\nmax_weight_mg = 10000\nsource = "made_up"')
    first, second = await road.packed(tender="cash"), await road.packed(tender="cash")
    assert (await road.post(f"orders/{first}/pickup")).status_code == 200
    refused = await road.post(f"orders/{second}/pickup")
    assert "14.0 g" in refused.json()["error"]
    await road.post(f"orders/{first}/return", {"reason": "Nobody."})
    assert (await road.post(f"orders/{second}/pickup")).status_code == 200


async def test_a_town_on_board_already_caps_the_load_too(road: Road, folder: Path) -> None:
    (folder / "us-tx-example").mkdir()
    (folder / "us-tx-example" / "lakeway.toml").write_text(
        'schema = 1\nextends = "us-tx-example"\n[jurisdiction]\nid = "us-tx-example/lakeway"\nname = "Lakeway"\n'
        'level = "city"\ntowns = ["Lakeway"]\nreviewed_on = 2026-11-22\n[sources]\n'
        '[[load]]\nvehicle = "enclosed"\nmax_weight_mg = 10000\nsource = "made_up"\n'
    )
    make_strict(road.app, folder)
    first, second = await road.packed(tender="cash"), await road.packed(tender="cash")
    await road.db.fetch(
        'UPDATE orders SET delivery_address = delivery_address || \'{"city": "Lakeway"}\' WHERE id = $1',
        first,
    )
    assert (await road.post(f"orders/{first}/pickup")).status_code == 200
    refused = await road.post(f"orders/{second}/pickup")
    assert (refused.status_code, refused.json()["code"]) == (422, "DEPARTURE_REFUSED")
    assert "14.0 g" in refused.json()["error"]
    await road.post(f"orders/{first}/return", {"reason": "Nobody."})
    assert (await road.post(f"orders/{second}/pickup")).status_code == 200


# Who comes between


async def test_goods_that_cannot_go_are_named(road: Road) -> None:
    kept, cancelled, moved = [await road.packed(tender="cash") for _ in range(3)]
    trip = await road.plan(kept, cancelled, moved)
    assert (
        await road.staff("PATCH", f"orders/{cancelled}/status", {"status": "cancelled"})
    ).status_code == 200
    assert (
        await road.staff("POST", f"orders/{moved}/assign", {"driverId": str(road.other.id)})
    ).status_code == 200
    refused = await road.depart(trip)
    assert (refused.status_code, refused.json()["code"]) == (409, "DEPARTURE_REFUSED")
    assert [reason["rule"] for reason in refused.json()["reasons"]] == ["order", "order"]
    assert "is cancelled" in refused.json()["reasons"][0]["reason"]
    assert "another driver" in refused.json()["reasons"][1]["reason"]
    assert await road.status(kept) == "preparing"
    assert await road.on_the_road(kept)


async def test_departing_at_once_is_one_departure(road: Road) -> None:
    ids = [await road.packed() for _ in range(3)]
    trip = await road.plan(*ids)
    answers = await asyncio.gather(*(road.depart(trip) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert await versions(road) == [1]
    assert await kinds(road, trip) == ["departed"]
    moves = await road.db.fetchval("SELECT count(*) FROM order_tracking WHERE status = 'out_for_delivery'")
    assert moves == 3
    jobs = await road.db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'trip.departed'")
    assert jobs == 1


@pytest.mark.parametrize("way", ["cancel", "assign"])
async def test_a_departure_races_staff(road: Road, way: str) -> None:
    for _ in range(4):
        ids = [await road.packed(tender="cash") for _ in range(2)]
        trip = await road.plan(*ids)
        change = (
            road.staff("PATCH", f"orders/{ids[0]}/status", {"status": "cancelled"})
            if way == "cancel"
            else road.staff("POST", f"orders/{ids[0]}/assign", {"driverId": str(road.other.id)})
        )
        left, changed = await asyncio.gather(road.depart(trip), change)
        states = [await road.status(one) for one in ids]
        if left.status_code == 200:
            assert states == ["out_for_delivery"] * 2
            assert changed.status_code == (409 if way == "cancel" else 200)
        else:
            assert (left.status_code, left.json()["code"]) == (409, "DEPARTURE_REFUSED")
            assert changed.status_code == 200
            assert states == ["cancelled" if way == "cancel" else "preparing", "preparing"]
        for order_id in ids:
            if await road.status(order_id) == "out_for_delivery":
                who = await road.db.fetchval("SELECT driver_id FROM orders WHERE id = $1", order_id)
                driver = road.driver if who == road.driver.id else road.other
                back = await road.post(f"orders/{order_id}/return", {"reason": "Done."}, who=driver)
                assert back.status_code == 200, back.text
        assert (await road.post(f"trips/{trip['id']}/end")).status_code == 200


async def test_an_order_on_the_road_is_handed_on(road: Road) -> None:
    mine, theirs = await road.packed(), await road.packed(driver=road.other)
    trip = await road.on_the_road(mine)
    picked = await road.post(f"orders/{theirs}/pickup", who=road.other)
    assert picked.status_code == 200
    moved = await road.staff("POST", f"orders/{mine}/assign", {"driverId": str(road.other.id)})
    assert moved.status_code == 200
    papers = await road.db.fetch(
        "SELECT m.content -> 'stops' AS stops FROM manifests m JOIN trips t ON t.id = m.trip_id"
        " WHERE m.version = 2 ORDER BY t.driver_id = $1",
        road.other.id,
    )
    assert [[stop["status"] for stop in paper["stops"]] for paper in papers] == [
        ["handed_on"],
        ["on board", "on board"],
    ]
    ended = (await road.post(f"trips/{trip['id']}/end")).json()["trip"]
    assert (ended["status"], ended["stops"][0]["status"]) == ("ended", "handed_on")
    for order_id in (theirs, mine):
        answer = await road.post(f"orders/{order_id}/deliver", {"idCheck": id_check()}, who=road.other)
        assert answer.status_code == 200, answer.text
    stops = await road.db.fetch(
        "SELECT s.outcome FROM trip_stops s JOIN trips t ON t.id = s.trip_id WHERE t.driver_id = $1",
        road.other.id,
    )
    assert [row["outcome"] for row in stops] == ["delivered", "delivered"]
    assert await road.db.fetchval("SELECT count(*) FROM trips WHERE ended_at IS NULL") == 0


async def test_who_lost_an_order_no_longer_sees_where_it_goes(road: Road) -> None:
    moved, kept = await road.packed(), await road.packed()
    trip = await road.plan(moved, kept)
    assert [stop["customerFirstName"] for stop in trip["stops"]] == ["Łucja", "Łucja"]
    await road.staff("POST", f"orders/{moved}/assign", {"driverId": str(road.other.id)})
    url = f"/api/driver/trips/{trip['id']}"
    answer = await road.client.get(url, headers=road.driver.headers)
    TripAnswer.model_validate_json(answer.content)
    lost, own = answer.json()["trip"]["stops"]
    assert (lost["customerFirstName"], lost["deliveryAddress"]) == (None, None)
    assert (own["customerFirstName"], own["deliveryAddress"]["city"]) == ("Łucja", "Austin")
    watched = (await road.staff("GET", f"trips/{trip['id']}")).json()["trip"]["stops"]
    assert {stop["customerFirstName"] for stop in watched} == {"Łucja"}


async def test_an_order_without_a_trip_is_delivered_and_logged(road: Road) -> None:
    order_id = await road.packed()
    await road.db.fetch("UPDATE orders SET status = $2 WHERE id = $1", order_id, Status.OUT_FOR_DELIVERY)
    answer = await road.post(f"orders/{order_id}/deliver", {"idCheck": id_check()})
    assert answer.status_code == 200, answer.text
    rows = await road.db.fetch("SELECT kind, trip_id FROM stop_log ORDER BY at")
    assert [(row["kind"], row["trip_id"]) for row in rows] == [("id_checked", None), ("delivered", None)]


# What others hear


async def test_each_fact_of_a_trip_is_told_once(road: Road) -> None:
    async def ignore(event: Event) -> None:
        del event

    facts = (TripDeparted, StopDelivered, StopReturned, TripEnded)
    road.db.bus.register([Subscription(f"tests.{fact.name}", fact, ignore) for fact in facts])
    first, second = await road.packed(), await road.packed(tender="cash")
    trip = await road.plan(first, second)
    await asyncio.gather(*(road.depart(trip) for _ in range(3)))
    await road.post(f"orders/{first}/deliver", {"idCheck": id_check(nameMatches=False)})
    for _ in range(2):
        await road.post(f"orders/{first}/deliver", {"idCheck": id_check()})
        await road.post(f"orders/{second}/return", {"reason": "Nobody.", "code": "refused_by_customer"})
        await road.post(f"trips/{trip['id']}/end")
    rows = await road.db.fetch(
        "SELECT entrypoint, payload FROM pgqueuer WHERE entrypoint LIKE 'tests.%' ORDER BY id"
    )
    told = [(row["entrypoint"].removeprefix("tests.delivery."), orjson.loads(row["payload"])) for row in rows]
    assert [name for name, _ in told] == ["trip_departed", "stop_delivered", "stop_returned", "trip_ended"]
    assert {fact["trip_id"] for _, fact in told} == {trip["id"]}
    assert (told[1][1]["order_id"], told[2][1]["order_id"]) == (str(first), str(second))
    assert told[2][1]["code"] == "refused_by_customer"
