"""A shop at work: orders placed, packed, driven and handed over by the doors that people use."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from factories.delivery import id_check
from factories.identity import SignedInPerson, signed_in
from factories.shop import Shopper, make_shopper, open_shop, put_in_cart
from faded_skies.bootstrap import Application
from faded_skies.domains.ledger.service import Account
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

JSON = dict[str, Any]


@dataclass(frozen=True)
class Trade:
    """An open shop with a customer, a driver on their shift, and an admin."""

    app: Application
    client: httpx.AsyncClient
    shopper: Shopper
    driver: SignedInPerson
    admin: SignedInPerson

    @property
    def db(self) -> Database:
        return self.app.ports.db

    async def order(self, *goods: tuple[UUID, int], tender: str = "card", **fields: Any) -> JSON:
        """Put goods into the cart and order them; returns the order."""
        placed = await self.try_order(*goods, tender=tender, **fields)
        assert placed.status_code == 201, placed.text
        order: JSON = placed.json()["order"]
        return order

    async def try_order(
        self, *goods: tuple[UUID, int], tender: str = "card", **fields: Any
    ) -> httpx.Response:
        for product_id, quantity in goods:
            await put_in_cart(self.client, self.shopper, product_id, quantity)
        return await self.client.post(
            "/api/orders", json=self.shopper.order(tender, **fields), headers=self.shopper.headers
        )

    async def pack(self, order: JSON) -> None:
        """Pack an order and give it to the driver."""
        for method, path, body in (
            ("PATCH", "status", {"status": "preparing"}),
            ("POST", "assign", {"driverId": str(self.driver.id)}),
        ):
            url = f"/api/admin/orders/{order['id']}/{path}"
            answer = await self.client.request(method, url, json=body, headers=self.admin.headers)
            assert answer.status_code == 200, answer.text

    async def pick_up(self, order: JSON) -> httpx.Response:
        url = f"/api/driver/orders/{order['id']}/pickup"
        return await self.client.post(url, headers=self.driver.headers)

    async def hand_over(self, order: JSON, *, cash: float | None = None) -> httpx.Response:
        body: JSON = {"idCheck": id_check()} | ({} if cash is None else {"cashReceived": cash})
        url = f"/api/driver/orders/{order['id']}/deliver"
        return await self.client.post(url, json=body, headers=self.driver.headers)

    async def deliver(self, order: JSON, *, cash: float | None = None) -> JSON:
        """Bring an order to its customer; returns it as it is then."""
        await self.pack(order)
        assert (await self.pick_up(order)).status_code == 200
        handed = await self.hand_over(order, cash=cash)
        assert handed.status_code == 200, handed.text
        delivered: JSON = handed.json()["order"]
        return delivered

    async def refund(self, order: JSON, *, key: str | None = None, **body: Any) -> httpx.Response:
        headers = self.admin.headers | ({} if key is None else {"Idempotency-Key": key})
        url = f"/api/admin/orders/{order['id']}/refund"
        return await self.client.post(url, json={"reason": "It was broken."} | body, headers=headers)

    async def look(self, order: JSON) -> JSON:
        answer = await self.client.get(f"/api/orders/{order['id']}", headers=self.shopper.headers)
        found: JSON = answer.json()["order"]
        return found

    async def coins(self) -> JSON:
        answer = await self.client.get("/api/users/rewards", headers=self.shopper.headers)
        told: JSON = answer.json()
        return told


async def open_trade(app: Application, client: httpx.AsyncClient, *cards: str) -> Trade:
    """Open the shop, with further test cards for its customer, and start the driver's shift."""
    await open_shop(app)
    trade = Trade(
        app,
        client,
        await make_shopper(app, client, cards=cards),
        await signed_in(app, role=Role.DRIVER),
        await signed_in(app, role=Role.ADMIN),
    )
    shift = await client.post("/api/driver/shift", json={"online": True}, headers=trade.driver.headers)
    assert shift.status_code == 200, shift.text
    return trade


async def balances(db: Database, *, order_id: str | None = None) -> dict[Account, int]:
    """Return what stands in each account that is not at zero, in its natural direction, of an order or of all."""
    rows = await db.fetch(
        """
        SELECT account, sum(cents)::int AS cents FROM (
            SELECT debit AS account, amount_cents AS cents, order_id FROM ledger_transfers
            UNION ALL SELECT credit, -amount_cents, order_id FROM ledger_transfers
        ) moved WHERE $1::uuid IS NULL OR order_id = $1 GROUP BY account HAVING sum(cents) <> 0
        """,
        order_id and UUID(order_id),
    )
    found = {Account(row["account"]): row["cents"] for row in rows}
    return {account: cents if account.grows_by_debit else -cents for account, cents in found.items()}
