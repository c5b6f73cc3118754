"""What is told of a sale after units of it came back, of trips that never left, and of packages that arrived."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from factories.lots import of_lot, receive_lot
from factories.tracing import CENTRAL, TAG, Tracing, law_says
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.orders.events import SaleChanged
from faded_skies.domains.traceability import service
from faded_skies.domains.traceability.queries.reports import STALE_AFTER
from faded_skies.platform import clock


async def sold(tracing: Tracing, units: int, *, flow: str = "receipts") -> dict[str, Any]:
    """Hand over an order of so many units, and tell it."""
    law_says(tracing.app, flow=flow)
    order = await tracing.packed(units)
    trip = await tracing.depart(order)
    await tracing.deliver(order)
    await tracing.drive(f"trips/{trip}/end")
    await tracing.queue()
    await tracing.send()
    return order


async def give_back(tracing: Tracing, order: dict[str, Any], units: int, *, restock: bool = True) -> None:
    body = {
        "items": [{"productId": str(tracing.product_id), "quantity": units}],
        "reason": "The pack was broken.",
        "restock": restock,
    }
    url = f"/api/admin/orders/{order['id']}/refund"
    answer = await tracing.trade.client.post(url, json=body, headers=tracing.trade.admin.headers)
    assert answer.status_code == 200, answer.text
    await tracing.queue()


def held(tracing: Tracing) -> float:
    return float(tracing.peer.packages[TAG]["Quantity"])


async def test_a_receipt_is_told_again_without_what_came_back_and_archived_with_the_last_unit(
    tracing: Tracing,
) -> None:
    order = await sold(tracing, 3)
    (receipt,) = tracing.peer.receipts.values()
    assert (held(tracing), receipt["TotalPrice"]) == (57, 120.0)
    await give_back(tracing, order, 1)
    assert await tracing.send() == 1
    (receipt,) = tracing.peer.receipts.values()
    (line,) = receipt["Transactions"]
    assert (line["PackageLabel"], line["Quantity"], line["TotalAmount"]) == (TAG, 2.0, 80.0)
    assert (held(tracing), receipt["ExternalReceiptNumber"][:3]) == (58, "RC-")
    await give_back(tracing, order, 2)
    assert await tracing.send() == 1
    assert [name for name, _ in tracing.peer.told] == ["receipts", "receipt again", "void receipts"]
    assert held(tracing) == 60
    first, *rest = await tracing.reports()
    assert {row["lane"] for row in rest} == {first["lane"]}
    assert [row["step"] for row in rest] == ["receipt_update", "receipt_void"]


async def test_units_whose_money_alone_went_back_stay_sold_for_nothing(tracing: Tracing) -> None:
    order = await sold(tracing, 2)
    await give_back(tracing, order, 2, restock=False)
    assert await tracing.send() == 1
    (receipt,) = tracing.peer.receipts.values()
    (line,) = receipt["Transactions"]
    assert (line["Quantity"], line["TotalAmount"], held(tracing)) == (2.0, 0.0, 58)


async def test_an_amount_as_a_favour_changes_nothing_there(tracing: Tracing) -> None:
    order = await sold(tracing, 1)
    url = f"/api/admin/orders/{order['id']}/refund"
    body = {"amount": 5, "reason": "It was late."}
    answer = await tracing.trade.client.post(url, json=body, headers=tracing.trade.admin.headers)
    assert answer.status_code == 200, answer.text
    assert len(await tracing.queue()) == 1


@pytest.mark.parametrize("flow", ["deliveries", "retailer_delivery"])
async def test_a_delivered_sale_is_told_again_and_void_in_the_end(tracing: Tracing, flow: str) -> None:
    order = await sold(tracing, 3, flow=flow)
    (before,) = [dict(one) for one in tracing.peer.deliveries.values()]
    await give_back(tracing, order, 2)
    assert await tracing.send() == 1
    name, (told,) = tracing.peer.told[-1]
    assert (name, told["Id"]) == ("delivery again", before["Id"])
    same = ("SalesDateTime", "PlannedRoute", "RecipientAddressStreet1", "EstimatedArrivalDateTime")
    assert [told[field] for field in same] == [before[field] for field in same]
    assert (told["VehicleLicensePlateNumber"], told["DriversLicenseNumber"]) == ("FS-1042", "F1234567")
    assert [(line["Quantity"], line["TotalAmount"]) for line in told["Transactions"]] == [(1.0, 40.0)]
    assert held(tracing) == 59
    await give_back(tracing, order, 1)
    assert await tracing.send() == 1
    assert (tracing.peer.told[-1][0], held(tracing)) == ("void deliveries", 60)
    steps = [row["step"] for row in await tracing.reports()][-2:]
    assert steps == ["delivery_update", "delivery_void"]


async def test_a_change_that_is_heard_before_its_sale_is_told_after_it_and_once(tracing: Tracing) -> None:
    order = await tracing.packed(2)
    await tracing.depart(order)
    await tracing.deliver(order)
    await tracing.db.fetch("DELETE FROM pgqueuer WHERE entrypoint LIKE 'traceability.%'")
    await give_back(tracing, order, 1)
    async with tracing.db.transaction() as tx:
        for _ in range(2):
            tx.emit(SaleChanged(order_id=UUID(order["id"]), at=clock.now()))
    assert [row["step"] for row in await tracing.queue()] == ["receipt", "receipt_update"]
    assert await tracing.send() == 2
    assert held(tracing) == 59


async def test_a_refund_that_failed_puts_its_price_back(tracing: Tracing) -> None:
    order = await sold(tracing, 2)
    await give_back(tracing, order, 1, restock=False)
    async with tracing.db.transaction() as tx:
        await tx.execute(
            "UPDATE order_items SET refunded_quantity = 0 WHERE order_id = $1", UUID(order["id"])
        )
        tx.emit(SaleChanged(order_id=UUID(order["id"]), at=clock.now()))
    await tracing.queue()
    assert await tracing.send() == 2
    amounts = [rows[0]["Transactions"][0]["TotalAmount"] for _, rows in tracing.peer.told]
    assert amounts == [80.0, 40.0, 80.0]


@pytest.mark.parametrize("fault", ["forget", "500 after", "drop"])
@pytest.mark.parametrize("units", [1, 2])
async def test_lost_answers_about_changes_do_no_harm(tracing: Tracing, fault: Any, units: int) -> None:
    order = await sold(tracing, 2)
    await give_back(tracing, order, units)
    tracing.peer.faults = [fault]
    await tracing.send()
    assert await tracing.send(now=clock.now() + STALE_AFTER) == 1
    assert {state for _, state in await tracing.states()} == {"sent"}
    assert held(tracing) == 58 + units


async def test_after_a_change_the_comparison_of_the_day_finds_nothing(tracing: Tracing) -> None:
    await give_back(tracing, await sold(tracing, 3), 1)
    await give_back(tracing, await sold(tracing, 2), 2)
    await tracing.send()
    later = clock.now() + timedelta(hours=1)
    assert await service.compare(tracing.db, tracing.sender.system, timezone=CENTRAL, now=later)
    found = await tracing.staff("GET", "differences")
    assert found.json()["differences"] == []


async def test_a_trip_that_is_given_up_leaves_nothing_there(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    gate = tracing.gate()
    order = await tracing.packed(2)
    trip = await tracing.plan(order)
    await gate.before_departure(UUID(trip))
    assert len(tracing.peer.ledgers) == 1
    await tracing.drive(f"trips/{trip}/end")
    assert [row["step"] for row in await tracing.queue()] == ["ledger_open", "ledger_void"]
    assert await tracing.send() == 1
    (ledger,) = tracing.peer.ledgers.values()
    assert ledger["VoidedDate"] is not None


async def test_what_was_never_told_of_a_given_up_trip_is_withdrawn(tracing: Tracing) -> None:
    law_says(tracing.app, flow="deliveries")
    tracing.peer.down = True
    trip = await tracing.plan(await tracing.packed(1))
    await tracing.prepare(trip)
    await tracing.drive(f"trips/{trip}/end")
    await tracing.queue()
    assert await tracing.states() == [("delivery_create", "cancelled")]
    assert await tracing.send() == 0


@pytest.mark.parametrize(
    ("flow", "steps"),
    [
        ("retailer_delivery", ["ledger_open", "ledger_depart", "ledger_restock"]),
        ("deliveries", ["delivery_create", "delivery_create", "delivery_void"]),
    ],
)
async def test_an_order_that_left_the_plan_leaves_what_was_told(
    tracing: Tracing, flow: str, steps: list[str]
) -> None:
    law_says(tracing.app, flow=flow)
    first, second = await tracing.packed(1), await tracing.packed(2)
    await tracing.gate().before_departure(UUID(await tracing.plan(first, second)))
    trip = await tracing.depart(first)
    await tracing.deliver(first)
    await tracing.drive(f"trips/{trip}/end")
    await tracing.queue()
    await tracing.send()
    reports = await tracing.reports()
    assert [row["step"] for row in reports][: len(steps)] == steps
    assert {row["state"] for row in reports} == {"sent"}
    assert held(tracing) == 59


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (
            "retailer_delivery",
            "ledger_open ledger_depart ledger_restock ledger_restock ledger_sale ledger_sale ledger_end",
        ),
        (
            "deliveries",
            "delivery_create delivery_create delivery_void delivery_create delivery_complete delivery_complete",
        ),
    ],
)
async def test_an_order_that_left_the_plan_and_joined_again_is_told_anew(
    tracing: Tracing, flow: str, expected: str
) -> None:
    law_says(tracing.app, flow=flow)
    first, second = await tracing.packed(1), await tracing.packed(2)
    await tracing.gate().before_departure(UUID(await tracing.plan(first, second)))
    trip = await tracing.depart(first)
    await tracing.queue()
    await tracing.drive(f"orders/{second['id']}/pickup")
    await tracing.queue()
    for order in (first, second):
        await tracing.deliver(order)
        await tracing.queue()
    await tracing.drive(f"trips/{trip}/end")
    await tracing.queue()
    await tracing.send()
    reports = await tracing.reports()
    assert sorted(row["step"] for row in reports) == sorted(expected.split())
    assert {row["state"] for row in reports} == {"sent"}
    assert held(tracing) == 57


async def test_an_order_that_joined_and_left_twice_is_told_each_time(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    first, second = await tracing.packed(1), await tracing.packed(2)
    trip = UUID(await tracing.depart(first))
    await tracing.queue()
    await tracing.drive(f"orders/{second['id']}/pickup")
    leaves = (
        "UPDATE trip_stops SET outcome = 'handed_on', ended_at = now() WHERE trip_id = $1 AND order_id = $2"
    )
    comes = "UPDATE trip_stops SET outcome = NULL, ended_at = NULL WHERE trip_id = $1 AND order_id = $2"
    law = tracing.app.ports.get(Law)
    for statement in (leaves, comes, leaves):
        await tracing.queue()
        async with tracing.db.transaction() as tx:
            await tx.execute(statement, trip, UUID(second["id"]))
            for _ in range(2):
                await service.report_trip(tx, law, trip, now=clock.now())
    await tracing.send()
    numbers = [row["external_number"] for row in await tracing.reports() if row["step"] == "ledger_restock"]
    bare = min(numbers, key=len)
    assert numbers == [bare, f"{bare}-X", f"{bare}-2", f"{bare}-X-2"]
    assert {row["state"] for row in await tracing.reports()} == {"sent"}
    assert [
        one["RemoveCurrentPackage"]
        for name, rows in tracing.peer.told
        if name == "restock"
        for one in rows[0]["Packages"]
    ] == [
        False,
        True,
        False,
        True,
    ]


async def test_a_package_that_arrived_is_agreed_on_before_it_is_adjusted(tracing: Tracing) -> None:
    lot = await receive_lot(tracing.trade, tracing.product_id, 10)
    await tracing.queue()
    assert (await of_lot(tracing.trade, lot, "adjust", change=-1)).status_code == 200
    assert [row["step"] for row in await tracing.queue()] == ["package_receive", "package_adjust"]
    await tracing.send()
    first, second = await tracing.reports()
    assert (first["state"], second["state"]) == ("rejected", "waiting")
    assert "Metrc has no package with this tag" in first["last_error"]
    tracing.peer.stock(lot["tag"], 10)
    answer = await tracing.staff("POST", f"reports/{first['id']}/requeue")
    assert answer.status_code == 200, answer.text
    assert await tracing.send() == 2
    assert {state for _, state in await tracing.states()} == {"sent"}
    assert tracing.peer.packages[lot["tag"]]["Quantity"] == 9
    assert [name for name, _ in tracing.peer.told] == ["adjust"]


@pytest.mark.parametrize(
    ("there", "unit", "sentence"),
    [
        (12, "Each", "Metrc holds 12 of this package, and 10 arrived. Count it again."),
        (10, "Grams", "Metrc measures this package in Grams, and we count it in Each."),
        (8, "Each", None),  # two were sold since
    ],
)
async def test_a_package_that_differs_is_named(
    tracing: Tracing, there: int, unit: str, sentence: str | None
) -> None:
    lot = await receive_lot(tracing.trade, tracing.product_id, 10)
    tracing.peer.stock(lot["tag"], there, unit)
    await tracing.queue()
    await tracing.send()
    (report,) = await tracing.reports()
    assert (report["state"], report["last_error"]) == ("rejected" if sentence else "sent", sentence)
