"""At the door: cards read by their barcode, signatures, one delivery a day; what is kept, and what never is."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.delivery import id_check
from factories.identity import signed_in
from factories.licences import Card, barcode
from factories.road import Road
from factories.strict import make_strict
from faded_skies.platform import clock

OWN = Card(family="NUNEZ-OKAFOR", first="LUCJA", middle="", born="1990-05-17", expires="2031-05-17")


def scanned(card: Card = OWN, **more: Any) -> dict[str, object]:
    return {"idCheck": {"method": "barcode", "barcode": barcode(card)}} | more


async def deliver(road: Road, order_id: UUID, body: object, *, key: str | None = None) -> httpx.Response:
    return await road.post(f"orders/{order_id}/deliver", body, key=key)


async def decided(road: Road) -> list[str]:
    rows = await road.db.fetch(
        "SELECT outcome FROM rule_decisions WHERE stage = 'handover' ORDER BY decided_at"
    )
    return [row["outcome"] for row in rows]


@pytest.mark.parametrize(
    "card",
    [
        OWN,
        OWN.but(version=1, order="YMD"),
        OWN.but(version=3),
        OWN.but(family="NUNEZ-OKAFO", family_cut="T"),
        OWN.but(own_type="ID"),
    ],
)
async def test_the_own_card_is_taken(road: Road, card: Card) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    answer = await deliver(road, order_id, scanned(card))
    assert answer.status_code == 200, answer.text
    row = await road.db.fetchrow("SELECT * FROM handovers")
    assert row is not None
    assert (row["method"], row["document_type"]) == (
        "barcode",
        "state_id" if card.own_type == "ID" else "drivers_license",
    )
    assert await decided(road) == ["allow"]


async def test_neither_birth_date_nor_number_of_a_card_is_kept(road: Road) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    assert (await deliver(road, order_id, scanned(), key="door")).status_code == 200
    for table in (
        "handovers",
        "stop_log",
        "rule_decisions",
        "audit_log",
        "manifests",
        "idempotency_keys",
        "order_tracking",
    ):
        rows = await road.db.fetch(f"SELECT t::text AS row FROM {table} t")
        for row in rows:
            for secret in (OWN.number, "1990-05-17", "19900517", "05171990"):
                assert secret not in row["row"], (table, row["row"])


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (OWN.but(family="RIVERA"), "another_person"),
        (OWN.but(born="1990-05-18"), "another_person"),
        (OWN.but(issued="2019-01-02", expires="2026-01-02"), "document_expired"),
        (OWN.but(born="2010-05-17"), "underage"),
        (OWN.but(country="CAN", iin="636012", state="ON"), "document_type"),
    ],
)
async def test_another_card_is_refused_and_the_refusal_kept(road: Road, card: Card, reason: str) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    refused = await deliver(road, order_id, scanned(card), key="k")
    assert (refused.status_code, refused.json()["code"]) == (422, "ID_CHECK_FAILED"), refused.text
    assert refused.json()["reason"] == reason
    assert (await deliver(road, order_id, scanned(card), key="k")).content == refused.content
    assert await road.status(order_id) == "out_for_delivery"
    assert await road.count("handovers") == 0
    assert await decided(road) == ["deny"]
    notes = await road.db.fetch("SELECT note FROM stop_log WHERE kind = 'id_checked'")
    assert [row["note"] for row in notes] == [f"refused ({reason}), barcode"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4006381333931", "NOT_A_LICENCE"),
        (barcode(OWN.but(born="")), "UNREADABLE_LICENCE"),
        (barcode(OWN.but(expires="")), "UNREADABLE_LICENCE"),
    ],
)
async def test_what_is_no_card_decides_nothing(road: Road, text: str, code: str) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    refused = await deliver(road, order_id, {"idCheck": {"method": "barcode", "barcode": text}})
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert await decided(road) == []
    assert (await deliver(road, order_id, {"idCheck": id_check()})).status_code == 200


async def test_a_signature_where_the_law_wants_one(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, handover='signature = "required"')
    order_id = await road.packed()
    await road.on_the_road(order_id)
    refused = await deliver(road, order_id, scanned())
    assert (refused.status_code, refused.json()["code"]) == (422, "SIGNATURE_REQUIRED")
    assert (await deliver(road, order_id, scanned(signature="Lucja"))).status_code == 200
    assert await decided(road) == ["deny", "allow"]


async def test_one_delivery_to_an_address_a_day_whoever_is_first(road: Road, folder: Path) -> None:
    make_strict(road.app, folder, handover="deliveries_per_address_per_day = 1")
    mine, theirs = await road.packed(), await road.packed(driver=road.other)
    await road.on_the_road(mine)
    assert (await road.post(f"orders/{theirs}/pickup", who=road.other)).status_code == 200
    answers = await asyncio.gather(
        road.post(f"orders/{mine}/deliver", {"idCheck": id_check()}),
        road.post(f"orders/{theirs}/deliver", {"idCheck": id_check()}, who=road.other),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    (refused,) = [answer for answer in answers if answer.status_code == 422]
    assert refused.json()["code"] == "DELIVERED_TODAY"
    assert await road.count("handovers") == 1
    yesterday = clock.now() - timedelta(days=2)
    await road.db.fetch("UPDATE orders SET delivered_at = $1 WHERE delivered_at IS NOT NULL", yesterday)
    left, who = (mine, road.driver) if await road.status(mine) != "delivered" else (theirs, road.other)
    again = await road.post(f"orders/{left}/deliver", {"idCheck": id_check()}, who=who)
    assert again.status_code == 200, again.text


async def test_outside_the_hours_nothing_is_handed_over(road: Road, folder: Path) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    local = clock.now().astimezone(make_strict(road.app, folder).timezone)
    hour = (local.hour + 2) % 24
    if hour == 23:
        hour = 3
    hours = (
        f'[[hours]]\nid = "door"\napplies_to = ["handover"]\nopens = "{hour:02}:00"\n'
        f'closes = "{hour:02}:30"\nsource = "made_up"'
    )
    make_strict(road.app, folder, hours)
    refused = await deliver(road, order_id, {"idCheck": id_check()})
    assert (refused.status_code, refused.json()["code"]) == (422, "OUTSIDE_DELIVERY_HOURS")
    assert await road.status(order_id) == "out_for_delivery"


async def test_why_an_order_came_back_is_one_of_a_list(road: Road) -> None:
    order_id = await road.packed(tender="cash")
    trip = await road.on_the_road(order_id)
    for code in ("drunk", "", 7):
        refused = await road.post(f"orders/{order_id}/return", {"reason": "No.", "code": code})
        assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    back = {"reason": "They could not stand.", "code": "intoxicated"}
    assert (await road.post(f"orders/{order_id}/return", back)).status_code == 200
    log = (await road.staff("GET", f"trips/{trip['id']}")).json()["trip"]["log"]
    assert [(line["kind"], line["code"], line["note"]) for line in log][-1] == (
        "returned",
        "intoxicated",
        "They could not stand.",
    )


async def test_the_customers_own_account_is_what_counts(road: Road) -> None:
    order_id = await road.packed()
    await road.on_the_road(order_id)
    await signed_in(road.app, full_name="Maya Rivera")
    card = Card(family="RIVERA", first="MAYA", middle="", born="1990-05-17", expires="2031-05-17")
    refused = await deliver(road, order_id, scanned(card))
    assert refused.json()["reason"] == "another_person"
