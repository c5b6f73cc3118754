"""What is told of a trip in each flow that states have, from the driver's doors to Metrc's books."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest

from factories.catalog import make_product
from factories.identity import signed_in
from factories.lots import of_lot, receive_lot
from factories.tracing import CENTRAL, TAG, Tracing, law_says
from factories.trade import JSON
from faded_skies.domains.delivery.events import TripDeparted, TripEnded
from faded_skies.domains.delivery.ports import DepartureGate
from faded_skies.domains.traceability.errors import NotReportedYet
from faded_skies.platform import clock
from faded_skies.platform.actor import Role


def local(moment: datetime) -> str:
    return moment.astimezone(CENTRAL).replace(tzinfo=None).isoformat(timespec="milliseconds")


async def test_a_ledger_is_opened_before_its_sales_and_ended_with_what_is_left(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    first, second = await tracing.packed(2), await tracing.packed(3)
    trip = await tracing.depart(first, second)
    await tracing.deliver(second)
    await tracing.bring_back(first)
    await tracing.drive(f"trips/{trip}/end")
    reports = await tracing.queue()
    assert [(row["sequence"], row["step"], row["state"]) for row in reports] == [
        (1, "ledger_open", "waiting"),
        (2, "ledger_depart", "waiting"),
        (3, "ledger_sale", "waiting"),
        (4, "ledger_end", "waiting"),
    ]
    assert {row["lane"] for row in reports} == {row["trip_id"] for row in reports} == {UUID(trip)}
    assert reports[2]["order_id"] == UUID(second["id"])

    assert await tracing.send() == 4
    assert [state for _, state in await tracing.states()] == ["sent"] * 4
    assert [name for name, _ in tracing.peer.told] == ["retailer", "depart", "sale", "end"]
    (ledger,) = tracing.peer.told[0][1]
    assert ledger["DriversLicenseNumber"] == "F1234567"
    assert (ledger["VehicleLicensePlateNumber"], ledger["DriverEmployeeId"]) == ("FS-1042", "E-7")
    (aboard,) = ledger["Packages"]
    assert (aboard["PackageLabel"], aboard["Quantity"], aboard["UnitOfMeasure"]) == (TAG, 5.0, "Each")
    departed = await tracing.db.fetchval("SELECT departed_at FROM trips WHERE id = $1", UUID(trip))
    assert ledger["EstimatedDepartureDateTime"] == local(departed)
    (sale,) = tracing.peer.told[2][1]
    assert sale["Transactions"] == [
        {"PackageLabel": TAG, "Quantity": 3.0, "UnitOfMeasure": "Each", "TotalAmount": 120.0}
    ]
    assert (sale["RecipientAddressCity"], sale["RecipientAddressState"]) == ("Austin", "TX")
    assert sale["RecipientName"] is None
    (end,) = tracing.peer.told[3][1]
    assert end["Packages"] == [{"Label": TAG, "EndQuantity": 2.0, "EndUnitOfMeasure": "Each"}]
    assert tracing.peer.packages[TAG]["Quantity"] == 57
    assert await tracing.send() == 0


async def test_an_order_that_joins_a_ledger_on_the_road_is_a_restock(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    first, second = await tracing.packed(1), await tracing.packed(2)
    await tracing.drive(f"orders/{first['id']}/pickup")
    await tracing.queue()
    await tracing.drive(f"orders/{second['id']}/pickup")
    await tracing.deliver(first)
    await tracing.deliver(second)
    steps = [row["step"] for row in await tracing.queue()]
    assert steps == [
        "ledger_open",
        "ledger_depart",
        "ledger_restock",
        "ledger_sale",
        "ledger_sale",
        "ledger_end",
    ]
    assert await tracing.send() == 6
    assert [name for name, _ in tracing.peer.told] == ["retailer", "depart", "restock", "sale", "sale", "end"]
    assert tracing.peer.packages[TAG]["Quantity"] == 57


async def test_an_order_handed_to_another_driver_leaves_one_ledger_for_another(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    first, second = await tracing.packed(1), await tracing.packed(2)
    trip = UUID(await tracing.depart(first, second))
    async with tracing.db.transaction() as tx:
        await tx.execute(
            "UPDATE trip_stops SET outcome = 'handed_on', ended_at = now() WHERE trip_id = $1 AND order_id = $2",
            trip,
            UUID(second["id"]),
        )
    await tracing.deliver(first)
    await tracing.drive(f"trips/{trip}/end")
    steps = [row["step"] for row in await tracing.queue()]
    assert steps == ["ledger_open", "ledger_depart", "ledger_restock", "ledger_sale", "ledger_end"]
    assert await tracing.send() == 5
    assert tracing.peer.told[2][1][0]["Packages"][0]["RemoveCurrentPackage"] is True
    assert tracing.peer.told[4][1][0]["Packages"] == []


async def test_single_deliveries_are_made_at_departure_and_completed_at_the_door(tracing: Tracing) -> None:
    law_says(tracing.app, flow="deliveries", due="within_hours", due_hours=1)
    first, second = await tracing.packed(2), await tracing.packed(3)
    trip = await tracing.depart(first, second)
    await tracing.deliver(first)
    await tracing.bring_back(second)
    await tracing.drive(f"trips/{trip}/end")
    reports = await tracing.queue()
    assert [row["step"] for row in reports] == ["delivery_create"] * 2 + ["delivery_complete"] * 2
    departed = await tracing.db.fetchval("SELECT departed_at FROM trips WHERE id = $1", UUID(trip))
    assert [row["due_at"] == departed for row in reports] == [True, True, False, False]
    late = [(row["due_at"] - row["happened_at"]).total_seconds() for row in reports]
    assert late == [0, 0, 3600, 3600]

    assert await tracing.send() == 4
    assert [(name, len(rows)) for name, rows in tracing.peer.told] == [
        ("deliveries", 1),
        ("deliveries", 1),
        ("complete", 1),
        ("complete", 1),
    ]
    assert tracing.peer.told[2][1][0]["AcceptedPackages"] == [TAG]
    assert tracing.peer.told[3][1][0]["AcceptedPackages"] == []
    assert tracing.peer.packages[TAG]["Quantity"] == 58


async def test_receipts_are_told_by_order_in_one_call(tracing: Tracing) -> None:
    orders = [await tracing.packed(1) for _ in range(3)]
    await tracing.depart(*orders)
    for order in orders:
        await tracing.deliver(order)
    reports = await tracing.queue()
    assert [(row["step"], row["lane"] == row["order_id"]) for row in reports] == [("receipt", True)] * 3
    assert await tracing.send() == 3
    ((name, rows),) = tracing.peer.told
    assert (name, len(rows)) == ("receipts", 3)
    midnight = reports[0]["due_at"].astimezone(CENTRAL)
    assert (midnight.hour, midnight.minute) == (0, 0)
    assert tracing.peer.packages[TAG]["Quantity"] == 57


async def test_events_may_come_twice_and_in_any_order(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    order = await tracing.packed(2)
    trip = await tracing.depart(order)
    await tracing.deliver(order)
    await tracing.drive(f"trips/{trip}/end")
    async with tracing.db.transaction() as tx:
        await tx.execute("DELETE FROM pgqueuer WHERE entrypoint LIKE 'traceability.%'")
        tx.emit(TripEnded(trip_id=UUID(trip), at=clock.now()))
        for _ in range(3):
            tx.emit(TripDeparted(trip_id=UUID(trip), at=clock.now()))
    reports = await tracing.queue()
    assert [row["step"] for row in reports] == ["ledger_open", "ledger_depart", "ledger_sale", "ledger_end"]


async def test_what_is_not_cannabis_is_not_told(tracing: Tracing) -> None:
    grinder = await make_product(tracing.db, "Grinder", price_cents=1500, product_class="accessory")
    order = await tracing.trade.order((grinder, 1))
    await tracing.trade.deliver(order)
    assert await tracing.queue() == []
    law_says(tracing.app, flow="retailer_delivery")
    await tracing.trade.deliver(await tracing.trade.order((grinder, 1)))
    assert await tracing.queue() == []


async def test_goods_without_a_tag_are_rejected_at_once_and_say_so(tracing: Tracing) -> None:
    loose = await make_product(tracing.db, "Old stock", price_cents=2000, stock=5)
    order = await tracing.trade.order((loose, 1))
    await tracing.trade.deliver(order)
    (report,) = await tracing.queue()
    assert (report["state"], report["last_error"]) == (
        "rejected",
        "These goods have no package tag: Old stock.",
    )
    assert await tracing.send() == 0
    assert tracing.peer.asked == []


async def test_a_line_out_of_two_packages_is_told_as_two(tracing: Tracing) -> None:
    other = await receive_lot(tracing.trade, tracing.product_id, 10)
    tracing.peer.stock(other["tag"], 10)
    order = await tracing.trade.order((tracing.product_id, 5))
    await tracing.trade.pack(order)
    lines = [{"tag": TAG, "quantity": 2}, {"tag": other["tag"], "quantity": 3}]
    url = f"/api/admin/orders/{order['id']}/pack"
    scanned = await tracing.trade.client.post(url, json={"lines": lines}, headers=tracing.trade.admin.headers)
    assert scanned.status_code == 200, scanned.text
    await tracing.depart(order)
    await tracing.deliver(order)
    await tracing.queue()
    assert await tracing.send() == 2  # the other lot arrived, too
    sold = {
        line["PackageLabel"]: (line["Quantity"], line["TotalAmount"])
        for line in tracing.peer.told[0][1][0]["Transactions"]
    }
    assert sold == {TAG: (2.0, 80.0), other["tag"]: (3.0, 120.0)}


@pytest.mark.parametrize(("what", "reason"), [("adjust", "Entry Error"), ("destroy", "Waste")])
async def test_units_found_lost_or_destroyed_are_told_of_their_package(
    tracing: Tracing, what: str, reason: str
) -> None:
    body: dict[str, Any] = {"change": -2} if what == "adjust" else {"quantity": 2}
    done = await of_lot(tracing.trade, tracing.lot, what, **body)
    assert done.status_code == 200, done.text
    await tracing.queue()
    assert await tracing.send() == 1
    (told,) = tracing.peer.adjustments
    assert (told["AdjustmentReasonName"], told["AdjustmentQuantity"]) == (reason, -2.0)
    assert told["AdjustmentNote"].startswith("Ref PA-")
    assert tracing.peer.packages[TAG]["Quantity"] == Decimal(58)


async def test_where_no_system_is_named_nothing_is_queued(tracing: Tracing) -> None:
    law_says(tracing.app, system="none")
    order = await tracing.packed(1)
    await tracing.depart(order)
    await tracing.deliver(order)
    assert (await of_lot(tracing.trade, tracing.lot, "adjust", change=-1)).status_code == 200
    assert await tracing.queue() == []


async def test_reports_hold_no_name_no_street_and_no_number_of_a_licence(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    order = await tracing.packed(1)
    await tracing.depart(order)
    await tracing.deliver(order)
    held = b"".join(orjson.dumps(row["payload"]) for row in await tracing.queue()).decode()
    street = order["deliveryAddress"]["addressLine1"]
    assert not any(secret in held for secret in ("F1234567", street, "Dana", "Maya"))


async def test_departure_waits_for_the_ledger_only_where_the_operator_wants_it(
    tracing: Tracing,
) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    tracing.peer.down = True
    assert await tracing.depart(await tracing.packed(1))
    gate = tracing.gate()
    await tracing.db.fetch("UPDATE trips SET ended_at = now()")
    trip = UUID(await tracing.plan(await tracing.packed(1)))
    with pytest.raises(NotReportedYet):
        await gate.before_departure(trip)
    tracing.peer.down = False
    await tracing.db.fetch("UPDATE trace_line SET paused_until = NULL")
    await tracing.db.fetch("UPDATE trace_reports SET next_try_at = now()")
    await gate.before_departure(trip)
    await gate.before_departure(trip)
    assert [row["state"] for row in await tracing.reports() if row["trip_id"] == trip] == ["sent"]
    assert len(tracing.peer.ledgers) == 1


async def test_a_pickup_without_a_plan_asks_the_same_gate(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    tracing.app.ports.provide(DepartureGate, tracing.gate())
    first, second = await tracing.packed(1), await tracing.packed(2)
    tracing.peer.down = True
    refused = await tracing.drive(f"orders/{first['id']}/pickup", status=503)
    assert "does not know of this trip yet" in refused["error"]
    assert await tracing.drive(f"orders/{second['id']}/pickup", status=503)
    trips = "SELECT departed_at, ended_at IS NULL AS open FROM trips ORDER BY created_at"
    assert [tuple(row) for row in await tracing.db.fetch(trips)] == [(None, False), (None, True)]

    tracing.peer.down = False
    await tracing.db.fetch("UPDATE trace_line SET paused_until = NULL")
    await tracing.db.fetch("UPDATE trace_reports SET next_try_at = now()")
    picked = await tracing.drive(f"orders/{second['id']}/pickup")
    assert picked["order"]["status"] == "out_for_delivery"
    assert [name for name, _ in tracing.peer.told] == ["retailer"]
    await tracing.drive(f"orders/{first['id']}/pickup")  # joins the trip that left
    for order in (first, second):
        await tracing.deliver(order)
    await tracing.queue()
    await tracing.send()
    # What a 503 leaves unsure may have been done: the trip that gave way is told once more, and void then.
    told = [name for name, _ in tracing.peer.told]
    assert [name for name in told if name != "void retailer"] == [
        "retailer",
        "depart",
        "restock",
        "sale",
        "sale",
        "end",
    ]
    assert told.count("void retailer") == 1
    assert {state for _, state in await tracing.states()} == {"sent"}


@pytest.mark.parametrize(
    ("flow", "queued", "goes_along"),
    [
        ("retailer_delivery", ["ledger_open", "ledger_depart"], "ledger_restock"),
        ("deliveries", ["delivery_create"], "delivery_create"),
    ],
)
async def test_an_order_that_joins_is_told_of_before_the_next_stop(
    tracing: Tracing, flow: str, queued: list[str], goes_along: str
) -> None:
    law_says(tracing.app, flow=flow)
    first, second = await tracing.packed(1), await tracing.packed(2)
    await tracing.depart(first)
    assert [row["step"] for row in await tracing.queue()] == queued
    await tracing.drive(f"orders/{second['id']}/pickup")
    reports = await tracing.queue()
    assert [row["step"] for row in reports] == [*queued, goes_along]
    assert reports[-1]["order_id"] == UUID(second["id"])


async def test_an_order_given_to_a_driver_on_the_road_changes_its_ledger_at_once(tracing: Tracing) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    first, second, third = [await tracing.packed(1) for _ in range(3)]
    other = await signed_in(tracing.app, Role.DRIVER, full_name="Omar Ruiz")
    was = UUID(await tracing.depart(first, second))

    async def assign(order: JSON) -> None:
        url = f"/api/admin/orders/{order['id']}/assign"
        body = {"driverId": str(other.id)}
        done = await tracing.trade.client.post(url, json=body, headers=tracing.trade.admin.headers)
        assert done.status_code == 200, done.text

    await assign(third)
    url = f"/api/driver/orders/{third['id']}/pickup"
    picked = await tracing.trade.client.post(url, headers=other.headers)
    assert picked.status_code == 200, picked.text
    before = {row["id"] for row in await tracing.queue()}
    await assign(second)
    told = [row for row in await tracing.queue() if row["id"] not in before]
    assert [(row["step"], row["trip_id"] == was, bool(row["payload"]["removed"])) for row in told] == [
        ("ledger_restock", True, True),
        ("ledger_restock", False, False),
    ]
    assert {row["order_id"] for row in told} == {UUID(second["id"])}


@pytest.mark.parametrize(
    ("flow", "joins"), [("retailer_delivery", "ledger_restock"), ("deliveries", "delivery_create")]
)
async def test_an_order_joins_once_the_gate_knows_of_it_where_departures_wait(
    tracing: Tracing, flow: str, joins: str
) -> None:
    law_says(tracing.app, flow=flow)
    tracing.app.ports.provide(DepartureGate, tracing.gate())
    first, second = await tracing.packed(1), await tracing.packed(2)
    trip = await tracing.depart(first)
    tracing.peer.down = True
    refused = await tracing.drive(f"orders/{second['id']}/pickup", status=503)
    assert "does not know of this trip yet" in refused["error"]
    on_board = "SELECT order_id FROM trip_stops WHERE trip_id = $1"
    assert [row["order_id"] for row in await tracing.db.fetch(on_board, UUID(trip))] == [UUID(first["id"])]

    tracing.peer.down = False
    await tracing.db.fetch("UPDATE trace_line SET paused_until = NULL")
    await tracing.db.fetch("UPDATE trace_reports SET next_try_at = now()")
    await tracing.drive(f"orders/{second['id']}/pickup")
    told = [row for row in await tracing.reports() if row["order_id"] == UUID(second["id"])]
    assert [(row["step"], row["state"]) for row in told] == [(joins, "sent")]
    await tracing.queue()
    for order in (first, second):
        await tracing.deliver(order)
    await tracing.drive(f"trips/{trip}/end")
    reports = await tracing.queue()
    assert sum(row["step"] == joins and row["order_id"] == UUID(second["id"]) for row in reports) == 1
    await tracing.send()
    assert {state for _, state in await tracing.states()} == {"sent"}
    assert tracing.peer.packages[TAG]["Quantity"] == 57


@pytest.mark.parametrize(
    ("flow", "undone"), [("retailer_delivery", "ledger_restock"), ("deliveries", "delivery_void")]
)
async def test_what_the_gate_let_join_and_the_law_refused_does_not_stay_on_board(
    tracing: Tracing, flow: str, undone: str
) -> None:
    law_says(tracing.app, flow=flow)
    tracing.app.ports.provide(DepartureGate, tracing.gate())
    first, second = await tracing.packed(1), await tracing.packed(2)
    trip = await tracing.depart(first)
    await tracing.db.fetch("UPDATE lots SET on_sale = false, status = 'held'")
    await tracing.drive(f"orders/{second['id']}/pickup", status=409)
    await tracing.db.fetch("UPDATE lots SET on_sale = true, status = 'active'")
    await tracing.deliver(first)
    await tracing.drive(f"trips/{trip}/end")
    await tracing.queue()
    await tracing.send()
    reports = await tracing.reports()
    assert [row["step"] for row in reports if row["order_id"] == UUID(second["id"])][-1] == undone
    assert {row["state"] for row in reports} == {"sent"}
    assert tracing.peer.packages[TAG]["Quantity"] == 59


async def test_a_pickup_that_the_gate_let_through_and_the_law_refused_can_be_planned_anew(
    tracing: Tracing,
) -> None:
    law_says(tracing.app, flow="retailer_delivery")
    tracing.app.ports.provide(DepartureGate, tracing.gate())
    order = await tracing.packed(1)
    await tracing.db.fetch("UPDATE lots SET on_sale = false, status = 'held'")
    await tracing.drive(f"orders/{order['id']}/pickup", status=409)
    await tracing.db.fetch("UPDATE lots SET on_sale = true, status = 'active'")
    await tracing.depart(order)
    ends = await tracing.db.fetch("SELECT ends_itself FROM trips")
    assert [row["ends_itself"] for row in ends] == [False]
    await tracing.queue()
    await tracing.send()
    assert [name for name, _ in tracing.peer.told] == ["retailer", "depart"]
