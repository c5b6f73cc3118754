"""Lots: what is on sale of them, packing by scan, holds and recalls, and where units go."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from factories.catalog import make_product
from factories.lots import check_even, level, of_lot, receive_lot, scan, try_receive, unscan
from factories.trade import JSON, Trade, open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance import service as compliance
from faded_skies.domains.inventory import service as inventory
from faded_skies.platform import clock

Drain = Callable[[], Awaitable[None]]


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


@pytest.fixture
async def haze(trade: Trade) -> UUID:
    return await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=1000, stock=0)


async def packing(trade: Trade, haze: UUID, quantity: int = 2) -> JSON:
    """An order that is being packed and has a driver."""
    order = await trade.order((haze, quantity), tender="cash")
    await trade.pack(order)
    return order


def today() -> str:
    now = clock.now()
    return compliance.business_day(compliance.read_law("us-tx-example").at(now), now).isoformat()


class TestReceiving:
    async def test_a_passed_lot_is_on_sale_at_once(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze, 12, expiresOn=today(), labName="Green Leaf")
        assert (lot["quantity"], lot["onSale"], lot["status"], lot["labName"]) == (
            12,
            True,
            "active",
            "Green Leaf",
        )
        assert await level(trade.db, haze) == (12, 0)
        await check_even(trade.db)

    @pytest.mark.parametrize(
        "fields", [{"labResult": "pending"}, {"labResult": "failed"}, {"expiresOn": "2026-01-01"}]
    )
    async def test_one_that_may_not_be_sold_waits(self, trade: Trade, haze: UUID, fields: JSON) -> None:
        lot = await receive_lot(trade, haze, 12, **fields)
        assert not lot["onSale"]
        assert await level(trade.db, haze) == (0, 0)
        assert (await trade.try_order()).json()["code"] == "EMPTY_CART"
        await check_even(trade.db)

    async def test_the_laboratory_decides_later(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze, 12, labResult="pending")
        assert (await of_lot(trade, lot, "lab", labResult="passed")).json()["lot"]["onSale"] is True
        assert await level(trade.db, haze) == (12, 0)
        assert (await of_lot(trade, lot, "lab", labResult="failed")).json()["lot"]["onSale"] is False
        assert await level(trade.db, haze) == (0, 0)
        await check_even(trade.db)

    async def test_a_tag_is_taken_once(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze)
        again = await try_receive(trade, haze, tag=lot["tag"])
        assert (again.status_code, again.json()["code"]) == (409, "TAG_TAKEN")
        both = await asyncio.gather(*(try_receive(trade, haze, tag="1A4060300000022") for _ in range(4)))
        assert sorted(answer.status_code for answer in both) == [201, 409, 409, 409]
        assert await level(trade.db, haze) == (20, 0)
        await check_even(trade.db)

    async def test_units_from_before_lots_are_counted_once(self, trade: Trade) -> None:
        old = await make_product(trade.db, "Old", price_cents=4000, net_weight_mg=1000, stock=10)
        await trade.order((old, 3), tender="cash")
        refused = await try_receive(trade, old, 20, alreadyCounted=11)
        assert (refused.status_code, refused.json()["code"]) == (422, "ALREADY_COUNTED")
        await receive_lot(trade, old, 20, alreadyCounted=10)
        assert await level(trade.db, old) == (17, 0)
        refused = await try_receive(trade, old, 5, alreadyCounted=1)
        assert refused.json()["code"] == "ALREADY_COUNTED"
        await check_even(trade.db)

    async def test_bad_fields_and_unknown_products(self, trade: Trade, haze: UUID) -> None:
        for wrong in ({"tag": "short"}, {"tag": "lower case tag"}, {"quantity": 0}, {"labUrl": "ftp://x"}):
            assert (await try_receive(trade, haze, **wrong)).status_code == 422
        unknown = UUID("0190b5a0-7c5e-7cc3-9f0e-1b2c3d4e5f60")
        assert (await try_receive(trade, unknown)).status_code == 404
        assert await trade.db.fetchval("SELECT count(*) FROM lots") == 0


class TestPacking:
    async def test_tags_are_bound_and_the_order_may_leave(self, trade: Trade, haze: UUID) -> None:
        one, other = await receive_lot(trade, haze, 1), await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        refused = await trade.pick_up(order)
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
        assert refused.json()["missing"] == [{"productId": str(haze), "quantity": 2}]
        first = await scan(trade, order, (one, 1))
        assert (first.status_code, first.json()["packed"]) == (200, False)
        second = await scan(trade, order, (other, 1))
        assert second.json()["packed"] is True
        assert [(one["tag"], one["quantity"]) for one in second.json()["packages"]] == [
            (one["tag"], 1),
            (other["tag"], 1),
        ]
        assert await level(trade.db, haze) == (4, 0)
        await check_even(trade.db)
        assert (await trade.pick_up(order)).status_code == 200
        assert (await trade.hand_over(order, cash=200)).status_code == 200
        told = await trade.client.get(f"/api/admin/lots/{one['id']}", headers=trade.admin.headers)
        assert [move["reason"] for move in told.json()["movements"]] == ["packed", "received"]
        assert [traced["status"] for traced in told.json()["orders"]] == ["delivered"]
        await check_even(trade.db)

    async def test_what_does_not_fit_is_refused_whole(self, trade: Trade, haze: UUID) -> None:
        gummies = await make_product(trade.db, "Gummies", price_cents=2000, product_class="edible", stock=0)
        lot, sweets = await receive_lot(trade, haze, 1), await receive_lot(trade, gummies, 5)
        more = await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        for scans, status, code, words in (
            ([(lot, 2)], 409, "TOO_FEW_UNITS", "has 1 units left"),
            ([(lot, 1), (sweets, 1)], 422, "WRONG_LOT", "Gummies is not in this order"),
            ([(more, 3)], 422, "WRONG_LOT", "with this scan it would be 3"),
            ([(lot, 1), (more, 2)], 422, "WRONG_LOT", "with this scan it would be 3"),
            ([({"tag": "NOSUCHTAG"}, 1)], 422, "WRONG_LOT", "no lot with the tag NOSUCHTAG"),
        ):
            refused = await scan(trade, order, *scans)
            assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
            assert words in refused.json()["error"]
        assert await trade.db.fetchval("SELECT count(*) FROM order_packages") == 0
        await check_even(trade.db)

    @pytest.mark.parametrize(
        ("what", "body", "words"),
        [
            ("hold", {}, "is on hold"),
            ("recall", {}, "is recalled"),
            ("lab", {"labResult": "failed"}, "no passed lab result (failed)"),
        ],
    )
    async def test_a_lot_that_may_not_be_sold_is_not_packed(
        self, trade: Trade, haze: UUID, what: str, body: JSON, words: str
    ) -> None:
        lot = await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        assert (await of_lot(trade, lot, what, **body)).status_code == 200
        refused = await scan(trade, order, (lot, 2))
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
        assert words in refused.json()["error"]
        assert await level(trade.db, haze) == (0, 2)
        await check_even(trade.db)
        await receive_lot(trade, haze, 5)
        assert await level(trade.db, haze) == (3, 0)
        await check_even(trade.db)

    async def test_unpacking_and_packing_again(self, trade: Trade, haze: UUID) -> None:
        lot, other = await receive_lot(trade, haze, 5), await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        assert (await scan(trade, order, (lot, 2))).json()["packed"] is True
        assert (await unscan(trade, order, other)).status_code == 404
        undone = await unscan(trade, order, lot)
        assert (undone.status_code, undone.json()["packed"], undone.json()["packages"]) == (200, False, [])
        assert (await scan(trade, order, (lot, 1), (other, 1))).json()["packed"] is True
        await check_even(trade.db)
        await trade.pick_up(order)
        assert (await unscan(trade, order, lot)).status_code == 409
        assert (await scan(trade, order, (lot, 1))).status_code == 409

    async def test_goods_without_lots_need_no_scan(self, trade: Trade) -> None:
        grinder = await make_product(trade.db, "Grinder", price_cents=4000, product_class="accessory")
        order = await packing(trade, grinder, 1)
        assert (await scan(trade, order)).json()["packed"] is True
        assert (await trade.pick_up(order)).status_code == 200

    async def test_another_customers_order_and_another_role(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 1)
        url = f"/api/admin/orders/{order['id']}/pack"
        body = {"lines": [{"tag": lot["tag"], "quantity": 1}]}
        for headers, status in ((trade.shopper.headers, 403), (trade.driver.headers, 403), ({}, 401)):
            assert (await trade.client.post(url, json=body, headers=headers)).status_code == status


class TestHoldAndRecall:
    async def test_a_hold_stops_sale_and_packing_and_its_end_brings_back(
        self, trade: Trade, haze: UUID
    ) -> None:
        lot = await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        held = (await of_lot(trade, lot, "hold")).json()["lot"]
        assert (held["status"], held["onSale"]) == ("held", False)
        assert await level(trade.db, haze) == (0, 2)
        url = "/api/cart/add"
        line = {"productId": str(haze), "quantity": 1}
        sold_out = await trade.client.post(url, json=line, headers=trade.shopper.headers)
        assert sold_out.json()["code"] == "OUT_OF_STOCK"
        assert (await of_lot(trade, lot, "hold")).status_code == 200
        await check_even(trade.db)
        assert (await of_lot(trade, lot, "release")).json()["lot"]["onSale"] is True
        assert await level(trade.db, haze) == (3, 0)
        assert (await scan(trade, order, (lot, 2))).json()["packed"] is True
        await check_even(trade.db)

    async def test_a_recall_names_every_order_and_is_for_good(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze, 9)
        delivered, packed = [await packing(trade, haze, 2) for _ in range(2)]
        await scan(trade, delivered, (lot, 2))
        await trade.pick_up(delivered)
        await trade.hand_over(delivered, cash=200)
        await scan(trade, packed, (lot, 2))
        recalled = (await of_lot(trade, lot, "recall")).json()
        assert {(one["orderId"], one["status"]) for one in recalled["orders"]} == {
            (delivered["id"], "delivered"),
            (packed["id"], "preparing"),
        }
        assert (await of_lot(trade, lot, "release")).json()["lot"]["status"] == "recalled"
        assert (await of_lot(trade, lot, "lab", labResult="passed")).json()["lot"]["onSale"] is False
        await check_even(trade.db)
        assert (await unscan(trade, packed, lot)).status_code == 200
        assert await level(trade.db, haze) == (0, 2)
        await check_even(trade.db)

    @pytest.mark.parametrize("what", ["hold", "recall"])
    async def test_what_is_packed_already_does_not_leave(self, trade: Trade, haze: UUID, what: str) -> None:
        lot, other = await receive_lot(trade, haze, 5), await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        await scan(trade, order, (lot, 2))
        await of_lot(trade, lot, what)
        refused = await trade.pick_up(order)
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE"), refused.text
        assert f"Lot {lot['tag']} is" in refused.json()["error"]
        await unscan(trade, order, lot)
        await scan(trade, order, (other, 2))
        assert (await trade.pick_up(order)).status_code == 200
        await check_even(trade.db)

    @pytest.mark.parametrize("what", ["hold", "recall"])
    async def test_what_is_on_the_road_already_is_not_handed_over(
        self, trade: Trade, haze: UUID, what: str
    ) -> None:
        lot = await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        await scan(trade, order, (lot, 2))
        assert (await trade.pick_up(order)).status_code == 200
        await of_lot(trade, lot, what)
        refused = await trade.hand_over(order, cash=200)
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE"), refused.text
        assert "return the order to the shop" in refused.json()["error"]
        assert await trade.db.fetchval("SELECT count(*) FROM handovers") == 0
        assert (await trade.look(order))["status"] == "out_for_delivery"
        if what == "hold":
            await of_lot(trade, lot, "release")
            assert (await trade.hand_over(order, cash=200)).status_code == 200
        await check_even(trade.db)

    async def test_a_recall_at_the_moment_of_departure_comes_before_or_after(
        self, trade: Trade, haze: UUID
    ) -> None:
        for _ in range(5):
            lot = await receive_lot(trade, haze, 2)
            order = await packing(trade, haze, 2)
            await scan(trade, order, (lot, 2))
            left, recalled = await asyncio.gather(trade.pick_up(order), of_lot(trade, lot, "recall"))
            (traced,) = recalled.json()["orders"]
            assert left.status_code in {200, 409}
            assert traced["status"] == ("out_for_delivery" if left.status_code == 200 else "preparing")
            if left.status_code == 200:
                await trade.hand_over(order, cash=200)
            await check_even(trade.db)

    async def test_a_lot_expires_with_the_shops_day(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze, 5, expiresOn=today())
        day = compliance.business_day(compliance.read_law("us-tx-example").at(clock.now()), clock.now())
        assert await inventory.expire(trade.db, today=day) == 0
        assert await inventory.expire(trade.db, today=day + timedelta(days=1)) == 1
        assert await inventory.expire(trade.db, today=day + timedelta(days=1)) == 0
        assert await level(trade.db, haze) == (0, 0)
        told = await trade.client.get(f"/api/admin/lots/{lot['id']}", headers=trade.admin.headers)
        assert told.json()["lot"]["status"] == "expired"
        assert (await of_lot(trade, lot, "release")).json()["lot"]["status"] == "expired"
        await check_even(trade.db)

    async def test_a_lot_whose_last_day_is_over_is_not_ordered_before_the_clock_comes_by(
        self, trade: Trade, haze: UUID
    ) -> None:
        old = await receive_lot(trade, haze, 5, expiresOn=today())
        await receive_lot(trade, haze, 2)
        await trade.db.fetch("UPDATE lots SET expires_on = expires_on - 1 WHERE id = $1", UUID(old["id"]))
        refused = await trade.try_order((haze, 3), tender="cash")
        assert (refused.status_code, refused.json()["code"]) == (409, "OUT_OF_STOCK"), refused.text
        assert refused.json()["items"][0]["available"] == 2
        await trade.client.delete(f"/api/cart/remove/{haze}", headers=trade.shopper.headers)
        await trade.order((haze, 2), tender="cash")
        assert await level(trade.db, haze) == (0, 0)
        told = await trade.client.get(f"/api/admin/lots/{old['id']}", headers=trade.admin.headers)
        assert told.json()["lot"]["status"] == "expired"
        behind = await trade.client.get("/api/admin/lots?offset=50", headers=trade.admin.headers)
        assert (behind.json()["total"], behind.json()["lots"]) == (2, [])
        await check_even(trade.db)

    async def test_an_order_is_not_changed_to_more_of_a_lot_whose_last_day_is_over(
        self, trade: Trade, haze: UUID
    ) -> None:
        old = await receive_lot(trade, haze, 5, expiresOn=today())
        await receive_lot(trade, haze, 2)
        order = await trade.order((haze, 1), tender="cash")
        await trade.db.fetch("UPDATE lots SET expires_on = expires_on - 1 WHERE id = $1", UUID(old["id"]))
        wish = {"lines": [{"productId": str(haze), "quantity": 3}]}
        url = f"/api/orders/{order['id']}/amend"
        refused = await trade.client.post(url, json=wish, headers=trade.shopper.headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "OUT_OF_STOCK"), refused.text
        assert refused.json()["items"][0]["available"] == 1

    async def test_units_are_found_lost_and_destroyed(self, trade: Trade, haze: UUID, drain: Drain) -> None:
        lot = await receive_lot(trade, haze, 5)
        assert (await of_lot(trade, lot, "adjust", change=2)).json()["lot"]["quantity"] == 7
        assert (await of_lot(trade, lot, "destroy", quantity=3)).json()["lot"]["quantity"] == 4
        assert (await of_lot(trade, lot, "adjust", change=-5)).json()["code"] == "TOO_FEW_UNITS"
        assert (await of_lot(trade, lot, "adjust", change=0)).status_code == 422
        assert await level(trade.db, haze) == (4, 0)
        await drain()
        await check_even(trade.db)


class TestGoingBack:
    async def test_a_cancelled_order_gives_its_units_back_to_their_lots(
        self, trade: Trade, haze: UUID
    ) -> None:
        lot, bad = await receive_lot(trade, haze, 5), await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 3)
        await scan(trade, order, (lot, 1), (bad, 2))
        await of_lot(trade, bad, "hold")
        url = f"/api/admin/orders/{order['id']}/status"
        body = {"status": "cancelled", "reason": "Sorry."}
        assert (await trade.client.patch(url, json=body, headers=trade.admin.headers)).status_code == 200
        assert await level(trade.db, haze) == (5, 0)
        assert await trade.db.fetchval("SELECT quantity FROM lots WHERE tag = $1", bad["tag"]) == 5
        await check_even(trade.db)

    async def test_a_returned_order_does_when_staff_has_it(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 2)
        await scan(trade, order, (lot, 2))
        await trade.pick_up(order)
        url = f"/api/driver/orders/{order['id']}/return"
        await trade.client.post(url, json={"reason": "Nobody there."}, headers=trade.driver.headers)
        assert await level(trade.db, haze) == (3, 0)
        received = f"/api/admin/orders/{order['id']}/receive-goods"
        for _ in range(2):
            assert (await trade.client.post(received, headers=trade.admin.headers)).status_code == 200
        assert await level(trade.db, haze) == (5, 0)
        await check_even(trade.db)

    async def test_refunded_units_go_back_to_the_lot_packed_last(self, trade: Trade, haze: UUID) -> None:
        first, last = await receive_lot(trade, haze, 2), await receive_lot(trade, haze, 2)
        order = await packing(trade, haze, 3)
        await scan(trade, order, (first, 2))
        await scan(trade, order, (last, 1))
        await trade.pick_up(order)
        await trade.hand_over(order, cash=200)
        items = [{"productId": str(haze), "quantity": 2}]
        refunded = await trade.refund(order, items=items, restock=True, reason="Dry.")
        assert refunded.status_code == 200, refunded.text
        rows = await trade.db.fetch("SELECT tag, quantity FROM lots")
        assert {row["tag"]: row["quantity"] for row in rows} == {first["tag"]: 1, last["tag"]: 2}
        await check_even(trade.db)

    async def test_a_changed_order_keeps_what_is_packed(self, trade: Trade, haze: UUID) -> None:
        lot = await receive_lot(trade, haze, 5)
        order = await packing(trade, haze, 3)
        await scan(trade, order, (lot, 2))
        url = f"/api/orders/{order['id']}/amend"
        body = {"lines": [{"productId": str(haze), "quantity": 1}]}
        refused = await trade.client.post(url, json=body, headers=trade.shopper.headers)
        assert refused.status_code == 409
        assert "packed already" in refused.json()["error"]
        body["lines"][0]["quantity"] = 2
        assert (await trade.client.post(url, json=body, headers=trade.shopper.headers)).status_code == 200
        await check_even(trade.db)


class TestAtOnce:
    async def test_two_packers_never_overdraw_a_lot(self, trade: Trade, haze: UUID) -> None:
        lot, rest = await receive_lot(trade, haze, 3), await receive_lot(trade, haze, 30)
        orders = [await packing(trade, haze, 2) for _ in range(3)]
        answers = await asyncio.gather(*(scan(trade, order, (lot, 2)) for order in orders))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert await trade.db.fetchval("SELECT quantity FROM lots WHERE tag = $1", lot["tag"]) == 1
        await asyncio.gather(*(scan(trade, order, (rest, 2)) for order in orders))
        await check_even(trade.db)

    async def test_a_hold_against_orders_and_packing(self, trade: Trade, haze: UUID) -> None:
        lots = [await receive_lot(trade, haze, 6) for _ in range(2)]
        orders = [await packing(trade, haze, 1) for _ in range(4)]
        await asyncio.gather(
            *(scan(trade, order, (lots[number % 2], 1)) for number, order in enumerate(orders)),
            of_lot(trade, lots[0], "hold"),
            trade.try_order((haze, 1), tender="cash"),
            of_lot(trade, lots[1], "adjust", change=-2),
        )
        await check_even(trade.db)
        await asyncio.gather(
            of_lot(trade, lots[0], "release"),
            *(unscan(trade, order, lots[number % 2]) for number, order in enumerate(orders)),
            of_lot(trade, lots[1], "recall"),
        )
        await check_even(trade.db)

    async def test_the_same_scan_twice_is_two_packages_unless_it_has_a_key(
        self, trade: Trade, haze: UUID
    ) -> None:
        lot = await receive_lot(trade, haze, 6)
        order = await packing(trade, haze, 4)
        url = f"/api/admin/orders/{order['id']}/pack"
        body = {"lines": [{"tag": lot["tag"], "quantity": 2}]}
        headers = trade.admin.headers | {"Idempotency-Key": "scan-1"}
        both = await asyncio.gather(*(trade.client.post(url, json=body, headers=headers) for _ in range(2)))
        assert {answer.status_code for answer in both} <= {200, 409}
        assert (await trade.client.post(url, json=body, headers=headers)).json()["packages"][0][
            "quantity"
        ] == 2
        assert (await scan(trade, order, (lot, 2))).json()["packages"][0]["quantity"] == 4
        await check_even(trade.db)
