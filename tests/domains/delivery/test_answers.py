"""Drivers take what they were given, give it back, or say nothing; and how long they wait at a door."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from factories.delivery import make_order
from factories.road import JSON, Road
from faded_skies.domains.delivery import rules, service
from faded_skies.domains.delivery.errors import NoShowTooEarly, NotArrived
from faded_skies.domains.delivery.schemas.answers import AnsweredAnswer
from faded_skies.domains.delivery.schemas.shifts import StopsAnswer
from faded_skies.domains.orders.service import Status
from faded_skies.platform.ids import new_id

NO = {"reason": "My car does not start."}
GONE_BY = "UPDATE stops SET assigned_at = assigned_at - interval '6 minutes'"
AUDITED = "SELECT count(*) FROM audit_log WHERE action = $1"
FIVE = timedelta(minutes=5)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


async def board(road: Road, order_id: UUID) -> JSON:
    listed = (await road.staff("GET", "orders")).json()["orders"]
    found: JSON = next(order for order in listed if order["id"] == str(order_id))
    return found


async def mine(road: Road) -> list[JSON]:
    answer = await road.client.get("/api/driver/orders", headers=road.driver.headers)
    StopsAnswer.model_validate_json(answer.content)
    found: list[JSON] = answer.json()["orders"]
    return found


async def owner(road: Road, order_id: UUID) -> UUID | None:
    found: UUID | None = await road.db.fetchval("SELECT driver_id FROM orders WHERE id = $1", order_id)
    return found


def refused(answer: httpx.Response, code: str = "INVALID_STATE") -> None:
    assert (answer.status_code, answer.json().get("code")) == (409, code), answer.text


async def test_accepting_is_kept_once_and_shown_to_driver_and_staff(road: Road) -> None:
    order_id = await road.packed()
    shown = [(one["acceptedAt"], one["answerBy"], one["expectedAt"]) for one in await mine(road)]
    assert shown == [(None, None, None)]
    assert (await board(road, order_id))["assignment"]["state"] == "offered"
    answers = [await road.post(f"orders/{order_id}/accept") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    AnsweredAnswer.model_validate_json(answers[0].content)
    told = answers[0].json()["assignment"]
    assert (told["orderId"], told["answer"]) == (str(order_id), "accepted")
    assert (await mine(road))[0]["acceptedAt"] == told["answeredAt"]
    given = (await board(road, order_id))["assignment"]
    assert (given["state"], given["driverId"], given["automatic"]) == (
        "accepted",
        str(road.driver.id),
        False,
    )
    assert await road.db.fetchval(AUDITED, "order.accepted") == 1


async def test_declining_makes_the_order_nobodys_once(road: Road) -> None:
    order_id = await road.packed()
    await road.post(f"orders/{order_id}/accept")
    first = await road.post(f"orders/{order_id}/decline", NO)
    assert first.status_code == 200, first.text
    assert first.json()["assignment"]["answer"] == "declined"
    again = await road.post(f"orders/{order_id}/decline", {"reason": "Still no."})
    assert (again.status_code, again.json()) == (200, first.json())
    assert await mine(road) == []
    assert await owner(road, order_id) is None
    shown = await board(road, order_id)
    assert shown["assignment"] is None
    assert [(one["driverId"], one["kind"], one["reason"]) for one in shown["refusals"]] == [
        (str(road.driver.id), "declined", NO["reason"])
    ]
    assert await road.db.fetchval(AUDITED, "order.unassigned") == 1
    assert (await road.post(f"orders/{order_id}/accept")).status_code == 404


async def test_who_gave_an_order_back_may_get_it_again(road: Road) -> None:
    order_id = await road.packed()
    await road.post(f"orders/{order_id}/decline", NO)
    to = {"driverId": str(road.driver.id)}
    assert (await road.staff("POST", f"orders/{order_id}/assign", to)).status_code == 200
    assert (await mine(road))[0]["acceptedAt"] is None
    assert (await road.post(f"orders/{order_id}/accept")).status_code == 200


@pytest.mark.parametrize("step", ["accept", "decline"])
async def test_others_orders_read_as_absent(road: Road, step: str) -> None:
    order_id = await road.packed()
    for target in (order_id, new_id()):
        answer = await road.post(f"orders/{target}/{step}", NO if step == "decline" else None, who=road.other)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert await owner(road, order_id) == road.driver.id
    assert await road.count("assignment_refusals") == 0


@pytest.mark.parametrize("body", [None, {}, {"reason": ""}, {"reason": "x" * 501}, NO | {"driverId": "me"}])
async def test_a_reason_is_needed_and_nothing_else_is_taken(road: Road, body: object) -> None:
    order_id = await road.packed()
    assert (await road.post(f"orders/{order_id}/decline", body)).status_code == 422
    assert await owner(road, order_id) == road.driver.id


async def test_what_has_left_cannot_be_declined(road: Road) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    refused(await road.post(f"orders/{order_id}/decline", NO))
    assert (await road.post(f"orders/{order_id}/accept")).status_code == 200
    assert await owner(road, order_id) == road.driver.id


async def test_what_is_planned_is_accepted_and_comes_off_the_trip_first(road: Road) -> None:
    first, second = await road.packed(), await road.packed()
    await road.plan(first, second)
    assert all(one["acceptedAt"] for one in await mine(road))
    refused(await road.post(f"orders/{second}/decline", NO))
    await road.plan(first)
    assert (await road.post(f"orders/{second}/decline", NO)).status_code == 200


async def test_a_cancelled_order_is_not_answered_to(road: Road) -> None:
    order_id = await road.packed(tender="cash")
    body = {"status": "cancelled", "reason": "Sold out."}
    assert (await road.staff("PATCH", f"orders/{order_id}/status", body)).status_code == 200
    refused(await road.post(f"orders/{order_id}/accept"))
    refused(await road.post(f"orders/{order_id}/decline", NO))


async def test_what_is_not_answered_in_time_goes_back(road: Road) -> None:
    silent, accepted, planned = [await road.packed() for _ in range(3)]
    left = await make_order(
        road.app, road.customer.id, status=Status.OUT_FOR_DELIVERY, driver_id=road.driver.id
    )
    await road.post(f"orders/{accepted}/accept")
    await road.plan(planned)
    assert await service.take_back_unanswered(road.db, within=FIVE) == 0
    await road.db.fetch(GONE_BY)
    assert await service.take_back_unanswered(road.db, within=FIVE) == 1
    assert await service.take_back_unanswered(road.db, within=FIVE) == 0
    assert await owner(road, silent) is None
    assert {await owner(road, one) for one in (accepted, planned, left)} == {road.driver.id}
    assert [one["kind"] for one in (await board(road, silent))["refusals"]] == ["unanswered"]


async def test_nobody_there_needs_an_arrival_and_a_wait(road: Road) -> None:
    order_id = await road.packed(tender="cash")
    await road.on_the_road(order_id)
    back = {"reason": "Nobody opened the door.", "code": "nobody_there"}
    refused(await road.post(f"orders/{order_id}/return", back))
    await road.post(f"orders/{order_id}/arrive")
    [shown] = await mine(road)
    waits = datetime.fromisoformat(shown["waitUntil"]) - datetime.fromisoformat(shown["arrivedAt"])
    assert waits == timedelta(minutes=10)
    early = await road.post(f"orders/{order_id}/return", back)
    refused(early, "NO_SHOW_TOO_EARLY")
    assert early.json()["waitUntil"] == shown["waitUntil"]
    assert 590 <= early.json()["waitSeconds"] <= 600
    assert await road.status(order_id) == "out_for_delivery"
    await road.db.fetch("UPDATE stops SET arrived_at = arrived_at - interval '10 minutes'")
    assert (await road.post(f"orders/{order_id}/return", back)).status_code == 200
    assert (await road.post(f"orders/{order_id}/return", back)).status_code == 409


async def test_other_reasons_do_not_wait(road: Road) -> None:
    order_id = await road.packed(tender="cash")
    await road.on_the_road(order_id)
    back = {"reason": "The customer changed their mind.", "code": "refused_by_customer"}
    assert (await road.post(f"orders/{order_id}/return", back)).status_code == 200


@pytest.mark.parametrize(
    ("waited", "words"),
    [(0, "10 minutes"), (541, "59 seconds"), (540, "1 minute"), (599, "1 second"), (599.9, "1 second")],
)
def test_how_long_is_left_is_told(waited: float, words: str) -> None:
    now = NOON + timedelta(seconds=waited)
    with pytest.raises(NoShowTooEarly, match=f"has {words} left"):
        rules.check_waited(NOON, wait=timedelta(minutes=10), now=now)


def test_a_wait_is_over_to_the_second_and_needs_an_arrival() -> None:
    rules.check_waited(NOON, wait=timedelta(minutes=10), now=NOON + timedelta(minutes=10))
    rules.check_waited(NOON, wait=timedelta(0), now=NOON)
    with pytest.raises(NotArrived):
        rules.check_waited(None, wait=timedelta(0), now=NOON)
