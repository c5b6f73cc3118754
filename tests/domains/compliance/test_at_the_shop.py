"""The law by the doors that people use: a shop in Colorado, acknowledged rule by rule."""

import asyncio
import os
import subprocess
import sys
from datetime import date, timedelta

import httpx
import pytest

from factories.catalog import make_product
from factories.identity import signed_in
from factories.places import AUSTIN, make_barred_place
from factories.shop import put_in_cart
from factories.trade import JSON, Trade, open_trade
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance import service as compliance
from faded_skies.platform import clock
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.settings import Settings

UNSURE = ["limits.plants", "privacy", "tenders.networks"]


class TestInColorado:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"jurisdiction": "us-co"})

    @pytest.fixture
    async def trade(
        self, app: Application, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> Trade:
        trade = await open_trade(app, client)
        await trade.db.fetch(
            "UPDATE delivery_addresses SET city = 'Boulder', state = 'CO', zip_code = '80301'"
        )
        noon = clock.now().replace(hour=19, minute=0)
        monkeypatch.setattr(clock, "now", lambda: noon)
        return trade

    async def acknowledge(self, trade: Trade, rule: str) -> httpx.Response:
        body = {"rule": rule, "operator": "Maya Okafor"}
        url = "/api/admin/rules/acknowledgements"
        return await trade.client.post(url, json=body, headers=trade.admin.headers)

    async def test_nothing_is_sold_before_the_operator_has_answered_for_each_rule(
        self, trade: Trade, settings: Settings
    ) -> None:
        haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=3500)
        refused = await trade.try_order((haze, 1), tender="cash")
        assert (refused.status_code, refused.json()["code"]) == (422, "SHOP_CLOSED")
        told = await trade.client.get("/api/admin/rules", headers=trade.admin.headers)
        unsure = [rule["rule"] for rule in told.json()["rules"] if rule["unverified"] and not rule["counts"]]
        assert set(UNSURE) < set(unsure)
        assert (await self.acknowledge(trade, "tenders.networks")).status_code == 201
        assert (await self.acknowledge(trade, "privacy")).status_code == 201
        assert (await trade.try_order(tender="cash")).json()["code"] == "SHOP_CLOSED"
        assert (await self.acknowledge(trade, "tenders.cheques")).status_code == 404
        typed = await asyncio.to_thread(self.type_acknowledgement, settings, "limits.plants")
        assert typed.startswith("limits.plants")
        assert "acknowledged by Ines Marlow" in typed
        placed = await trade.try_order(tender="cash")
        assert placed.status_code == 201, placed.text
        kept = await self.decisions(trade)
        assert [one["outcome"] for one in kept] == ["allow", *["needs_acknowledgement"] * 2]
        assert kept[0]["orderId"] == placed.json()["order"]["id"]
        digest: str = await trade.db.fetchval("SELECT rules_hash FROM orders")
        files = await trade.db.fetchval("SELECT files FROM rule_files WHERE digest = $1", digest)
        assert set(files) == {"us-co.toml", "us-co/denver.toml"}
        assert kept[0]["rulesHash"] == digest

    def type_acknowledgement(self, settings: Settings, rule: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "faded_skies", "rules", "acknowledge", rule, "--operator", "Ines Marlow"],
            env={
                "PATH": os.environ["PATH"],
                "NODE_ENV": "test",
                "JURISDICTION": "us-co",
                "DATABASE_URL": settings.database_url,
                "REDIS_URL": settings.redis_url,
                "JWT_SECRET": settings.jwt_secret.get_secret_value(),
                "VAULT_MASTER_KEYS": settings.vault_master_keys.get_secret_value(),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    async def decisions(self, trade: Trade) -> list[JSON]:
        told = await trade.client.get("/api/admin/rules/decisions", headers=trade.admin.headers)
        found: list[JSON] = told.json()["decisions"]
        return found

    async def _ready(self, trade: Trade) -> None:
        for rule in UNSURE:
            await self.acknowledge(trade, rule)

    async def test_places_that_the_law_bars(self, trade: Trade) -> None:
        await self._ready(trade)
        haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=1000)
        school = await make_barred_place(trade.db, actor_id=trade.admin.id, kind="school", at=AUSTIN)
        refused = await trade.try_order((haze, 1), tender="cash")
        assert refused.json()["code"] == "OUTSIDE_DELIVERY_AREA"
        assert "school" in refused.json()["error"]
        gone = await trade.client.delete(f"/api/admin/barred-places/{school}", headers=trade.admin.headers)
        assert gone.status_code == 204
        await make_barred_place(
            trade.db, actor_id=trade.admin.id, kind="school", at=(AUSTIN[0] + 0.01, AUSTIN[1])
        )
        await make_barred_place(trade.db, actor_id=trade.admin.id, kind="circus", at=AUSTIN)
        await trade.db.fetch("UPDATE delivery_addresses SET address_line1 = 'P.O. Box 12'")
        refused = await trade.try_order(tender="cash")
        assert refused.json()["code"] == "OUTSIDE_DELIVERY_AREA"
        await trade.db.fetch("UPDATE delivery_addresses SET address_line1 = '1 Boxwood Ave'")
        assert (await trade.try_order(tender="cash")).status_code == 201

    async def test_one_delivery_to_an_address_a_day(self, trade: Trade) -> None:
        await self._ready(trade)
        haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=1000)
        assert (await trade.try_order((haze, 1), tender="cash")).status_code == 201
        refused = await trade.try_order((haze, 1), tender="cash")
        assert (refused.status_code, refused.json()["code"]) == (422, "DELIVERED_TODAY")
        # One's own door written in another way is the same door; the neighbour's is another one.
        await trade.db.fetch("UPDATE delivery_addresses SET address_line2 = 'Apt 2'")
        assert (await trade.try_order(tender="cash")).json()["code"] == "DELIVERED_TODAY"
        neighbour = await signed_in(trade.app)
        await trade.db.fetch("UPDATE orders SET user_id = $1", neighbour.id)
        assert (await trade.try_order(tender="cash")).status_code == 201
        await trade.db.fetch("UPDATE orders SET user_id = $1", neighbour.id)
        await put_in_cart(trade.client, trade.shopper, haze, 1)
        assert (await trade.try_order(tender="cash")).json()["code"] == "DELIVERED_TODAY"
        await trade.db.fetch("UPDATE delivery_addresses SET address_line1 = '2 Main St'")
        assert (await trade.try_order(tender="cash")).status_code == 201

    async def test_cards_pay_for_a_grinder_and_not_for_flower(self, trade: Trade) -> None:
        await self._ready(trade)
        haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=1000)
        refused = await trade.try_order((haze, 1))
        assert (refused.json()["code"], refused.json()["because"]) == ("TENDER_NOT_ALLOWED", "law")
        await trade.client.delete(f"/api/cart/remove/{haze}", headers=trade.shopper.headers)
        grinder = await make_product(trade.db, "Grinder", price_cents=4000, product_class="accessory")
        placed = await trade.try_order((grinder, 1))
        assert placed.status_code == 201, placed.text
        assert placed.json()["order"]["taxes"]["state"] == 1.16
        assert placed.json()["order"]["taxes"]["cannabis"] == 0


@pytest.fixture
async def trade(app: Application, client: httpx.AsyncClient) -> Trade:
    return await open_trade(app, client)


async def test_carts_in_parallel_cannot_pass_the_day_together(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=30_000, stock=50)
    line = {"productId": str(haze), "quantity": 1}

    async def tab() -> int:
        await trade.client.put("/api/cart/update", json=line, headers=trade.shopper.headers)
        placed = await trade.client.post(
            "/api/orders", json=trade.shopper.order("cash"), headers=trade.shopper.headers
        )
        return placed.status_code

    for _ in range(4):
        await asyncio.gather(*(tab() for _ in range(5)))
    sold = await trade.db.fetchval(
        "SELECT sum(i.net_weight_mg * i.quantity)::int FROM orders o JOIN order_items i ON i.order_id = o.id "
        "WHERE o.status NOT IN ('cancelled', 'payment_failed')"
    )
    assert sold == 60_000  # a third would make 90,000 of 70,875 mg


async def test_what_is_in_it_must_be_known(trade: Trade) -> None:
    haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=1000)
    await trade.db.fetch("UPDATE products SET net_weight_mg = NULL")
    line = {"productId": str(haze), "quantity": 1}
    refused = await trade.client.post("/api/cart/add", json=line, headers=trade.shopper.headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "PRODUCT_NOT_SELLABLE")
    await trade.db.fetch("UPDATE products SET net_weight_mg = 1000")
    await trade.client.post("/api/cart/add", json=line, headers=trade.shopper.headers)
    await trade.db.fetch("UPDATE products SET net_weight_mg = NULL")
    assert (await trade.try_order(tender="cash")).json()["code"] == "PRODUCT_NOT_SELLABLE"


@pytest.mark.parametrize(
    ("days", "status", "sells"),
    [(61, "Active", True), (60, "Expires soon", True), (0, "Expires soon", True), (-1, "Expired", False)],
)
async def test_the_licence_ends(trade: Trade, days: int, status: str, *, sells: bool) -> None:
    today = clock.now().astimezone(compliance.read_law("us-tx-example").timezone).date()
    await trade.db.fetch("UPDATE shop SET license_expires_on = $1", today + timedelta(days=days))
    told = (await trade.client.get("/api/compliance/license")).json()
    assert (told["business"]["status"], told["business"]["daysLeft"]) == (status, max(days, 0))
    assert (await trade.client.get("/api/shop")).json()["openNow"] is sells
    haze = await make_product(trade.db, "Haze", price_cents=4000, net_weight_mg=1000)
    placed = await trade.try_order((haze, 1), tender="cash")
    assert placed.status_code == (201 if sells else 422)
    if not sells:
        assert placed.json()["code"] == "SHOP_CLOSED"
        assert "licence" in placed.json()["error"]


async def test_pictures_of_ids_are_kept_no_longer_than_the_law_allows(settings: Settings) -> None:
    jersey = settings.model_copy(update={"jurisdiction": "us-nj", "id_documents_keep": timedelta(days=1)})
    with pytest.raises(StartRefused, match="ID_DOCUMENTS_KEEP is longer than New Jersey allows"):
        async with bootstrap.application(jersey):
            pass
    california = settings.model_copy(update={"jurisdiction": "us-ca", "id_documents_keep": timedelta(days=1)})
    with pytest.raises(StartRefused, match="rests on the rule privacy of California, which is not verified"):
        async with bootstrap.application(california):
            pass
    longest = settings.model_copy(update={"id_documents_keep": timedelta(days=30)})
    async with bootstrap.application(longest):
        pass


async def test_only_the_law_of_a_place_that_has_a_file_is_followed(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"jurisdiction": "atlantis"})
    with pytest.raises(Exception, match="JURISDICTION=atlantis"):
        async with bootstrap.application(nowhere):
            pass


async def test_taxes_of_several_classes_and_a_wrong_sum(client: httpx.AsyncClient) -> None:
    body = {
        "subtotal": 100,
        "deliveryAddress": {"city": "Austin"},
        "items": [{"productClass": "flower", "amount": 60}, {"productClass": "accessory", "amount": 40}],
    }
    told = (await client.post("/api/compliance/calculate-tax", json=body)).json()
    assert told["taxes"] == {"state": 6.25, "cannabis": 9.0, "local": 2.0, "total": 17.25}
    assert [step["base"] for step in told["breakdown"]] == [100.0, 60.0, 100.0]
    wrong = await client.post("/api/compliance/calculate-tax", json=body | {"subtotal": 99})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "VALIDATION_ERROR")


def test_a_birthday_counts_in_the_shops_zone() -> None:
    assert date(2026, 11, 27) == compliance.business_day(
        compliance.read_law("us-co").at(clock.now()),
        clock.now().replace(year=2026, month=11, day=28, hour=5),
    )
