"""A driver with a vehicle on their shift, and orders that wait to be taken on the road."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from factories.delivery import make_order
from factories.identity import SignedInPerson, signed_in
from factories.shop import open_shop
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database

JSON = dict[str, Any]


@dataclass(frozen=True)
class Road:
    """A shop with a driver on a shift with a vehicle, a customer and an admin."""

    app: Application
    client: httpx.AsyncClient
    driver: SignedInPerson
    other: SignedInPerson
    customer: SignedInPerson
    admin: SignedInPerson
    vehicle_id: str

    @property
    def db(self) -> Database:
        return self.app.ports.db

    async def packed(self, *, tender: str = "card", driver: SignedInPerson | None = None) -> UUID:
        return await make_order(
            self.app,
            self.customer.id,
            status=Status.PREPARING,
            driver_id=(driver or self.driver).id,
            tender=tender,
        )

    async def post(
        self,
        path: str,
        body: object = None,
        *,
        who: SignedInPerson | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        headers = (who or self.driver).headers | ({} if key is None else {"Idempotency-Key": key})
        return await self.client.post(f"/api/driver/{path}", json=body, headers=headers)

    async def plan(self, *order_ids: UUID, **more: Any) -> JSON:
        body = {"orderIds": [str(one) for one in order_ids]} | more
        answer = await self.post("trips", body)
        assert answer.status_code == 201, answer.text
        trip: JSON = answer.json()["trip"]
        return trip

    async def depart(self, trip: JSON, **more: Any) -> httpx.Response:
        return await self.post(f"trips/{trip['id']}/depart", **more)

    async def on_the_road(self, *order_ids: UUID) -> JSON:
        answer = await self.depart(await self.plan(*order_ids))
        assert answer.status_code == 200, answer.text
        trip: JSON = answer.json()["trip"]
        return trip

    async def staff(self, method: str, path: str, body: object = None) -> httpx.Response:
        return await self.client.request(method, f"/api/admin/{path}", json=body, headers=self.admin.headers)

    async def status(self, order_id: UUID) -> str:
        found: str = await self.db.fetchval("SELECT status FROM orders WHERE id = $1", order_id)
        return found

    async def count(self, table: str) -> int:
        found: int = await self.db.fetchval(f"SELECT count(*) FROM {table}")
        return found


async def make_road(app: Application, client: httpx.AsyncClient) -> Road:
    await open_shop(app)
    admin = await signed_in(app, Role.ADMIN, full_name="Ada Brandt")
    driver = await signed_in(app, Role.DRIVER, full_name="Dana Reyes")
    car = {"make": "Kia", "model": "Niro", "plate": "FS-1042"}
    added = await client.post("/api/admin/vehicles", json=car, headers=admin.headers)
    assert added.status_code == 201, added.text
    vehicle_id: str = added.json()["vehicle"]["id"]
    shift = {"online": True, "vehicleId": vehicle_id}
    begun = await client.post("/api/driver/shift", json=shift, headers=driver.headers)
    assert begun.status_code == 200, begun.text
    return Road(
        app,
        client,
        driver,
        await signed_in(app, Role.DRIVER, full_name="Omar Ruiz"),
        await signed_in(app, full_name="Łucja Ñuñez-Okafor"),
        admin,
        vehicle_id,
    )
