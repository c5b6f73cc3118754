"""A shop whose sales are told to a peer of Metrc: packed orders with tags, trips, and the queue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr

from factories.catalog import make_product
from factories.delivery import id_check
from factories.lots import receive_lot, scan
from factories.trade import JSON, Trade, open_trade
from faded_skies.adapters.metrc.opening import open_metrc
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.traceability import service
from faded_skies.domains.traceability.ports import Line, TrackAndTrace
from faded_skies.domains.traceability.service import Gate, Sender
from faded_skies.platform import clock
from faded_skies.platform.db import Database, Row
from faded_skies.platform.settings.metrc import MetrcAccount
from peers.metrc import LICENSE, USER, VENDOR, MetrcPeer

TAG = "1A4060300002EE1000000001"
CENTRAL = ZoneInfo("America/Chicago")


@asynccontextmanager
async def metrc_of(peer: MetrcPeer, timezone: ZoneInfo = CENTRAL) -> AsyncIterator[TrackAndTrace]:
    """Open the adapter on a peer in this process."""
    account = MetrcAccount(
        "https://metrc.test",
        SecretStr(VENDOR),
        SecretStr(USER),
        LICENSE,
        "(512) 555-0100",
        "Unable to Deliver",
        "Entry Error",
        "Waste",
    )
    async with open_metrc(account, timezone, transport=peer.transport()) as opened:
        yield opened


def law_says(app: Application, **reporting: Any) -> None:
    """Change what the law in force says of reports, for everybody who holds it."""
    law: Law = app.ports.get(Law)
    law._versions = [
        replace(version, book=replace(version.book, reporting=replace(version.book.reporting, **reporting)))
        for version in law._versions
    ]


@dataclass
class Tracing:
    """A trade with one product that has a lot, and the peer that is told of it."""

    trade: Trade
    peer: MetrcPeer
    sender: Sender
    lot: JSON
    product_id: UUID

    @property
    def app(self) -> Application:
        return self.trade.app

    @property
    def db(self) -> Database:
        return self.trade.db

    async def packed(self, units: int = 1) -> JSON:
        """Place an order of so many units, pack it by scan, and give it to the driver."""
        order = await self.trade.order((self.product_id, units))
        await self.trade.pack(order)
        scanned = await scan(self.trade, order, (self.lot, units))
        assert scanned.status_code == 200, scanned.text
        return order

    async def drive(self, path: str, body: object = None, *, status: int = 200) -> JSON:
        answer = await self.trade.client.post(
            f"/api/driver/{path}", json=body, headers=self.trade.driver.headers
        )
        assert answer.status_code == status, answer.text
        told: JSON = answer.json()
        return told

    async def plan(self, *orders: JSON) -> str:
        planned = await self.drive("trips", {"orderIds": [order["id"] for order in orders]}, status=201)
        trip_id: str = planned["trip"]["id"]
        return trip_id

    async def depart(self, *orders: JSON) -> str:
        trip_id = await self.plan(*orders)
        await self.drive(f"trips/{trip_id}/depart")
        return trip_id

    async def deliver(self, order: JSON) -> None:
        await self.drive(f"orders/{order['id']}/deliver", {"idCheck": id_check()})

    async def bring_back(self, order: JSON) -> None:
        await self.drive(
            f"orders/{order['id']}/return", {"reason": "Nobody opened.", "code": "refused_by_customer"}
        )

    def gate(self) -> Gate:
        """The gate of an operator who lets departures wait for Metrc."""
        line = Line(self.sender.system, blocks_departure=True)
        return Gate(self.db, self.app.ports.keyring, self.app.ports.get(Law), line)

    async def prepare(self, trip_id: str) -> None:
        """Queue what has to be told before a planned trip may leave."""
        async with self.db.transaction() as tx:
            await service.prepare_departure(tx, self.app.ports.get(Law), UUID(trip_id), now=clock.now())

    async def queue(self) -> list[Row]:
        """Let the jobs run; returns all reports by lane and place."""
        await self.app.worker.drain()
        return await self.reports()

    async def reports(self) -> list[Row]:
        return await self.db.fetch("SELECT * FROM trace_reports ORDER BY created_at, lane, sequence")

    async def states(self) -> list[tuple[str, str]]:
        return [(row["step"], row["state"]) for row in await self.reports()]

    async def send(self, *, now: datetime | None = None) -> int:
        """Send until nothing may go any more; returns how many were settled."""
        count = 0
        while settled := await service.send_next(self.sender, now=now or clock.now()):
            count += settled
        return count

    async def staff(self, method: str, path: str, body: object = None, **more: Any) -> httpx.Response:
        url = f"/api/admin/traceability/{path}"
        headers = self.trade.admin.headers
        return await self.trade.client.request(method, url, json=body, headers=headers, **more)


async def make_tracing(
    app: Application, client: httpx.AsyncClient, system: TrackAndTrace, peer: MetrcPeer
) -> Tracing:
    trade = await open_trade(app, client)
    staff = trade.admin.headers
    car = {"make": "Kia", "model": "Niro", "plate": "FS-1042"}
    added = await client.post("/api/admin/vehicles", json=car, headers=staff)
    car_id = added.json()["vehicle"]["id"]
    for body in ({"online": False, "closingCash": 0}, {"online": True, "vehicleId": car_id}):
        shift = await client.post("/api/driver/shift", json=body, headers=trade.driver.headers)
        assert shift.status_code == 200, shift.text
    papers = {"papers": [], "employeeNo": "E-7", "licenseNumber": "F1234567"}
    url = f"/api/admin/drivers/{trade.driver.id}/papers"
    put = await client.put(url, json=papers, headers=staff)
    assert put.status_code == 200, put.text
    product_id = await make_product(app.ports.db, "Haze 3.5 g", price_cents=4000, net_weight_mg=3500, stock=0)
    lot = await receive_lot(trade, product_id, 60, tag=TAG)
    peer.stock(TAG, 60)
    await app.worker.drain()
    await app.ports.db.fetch(
        "DELETE FROM trace_reports"
    )  # that the lot arrived: tests of that receive one themselves
    sender = Sender(app.ports.db, system, app.ports.keyring)
    return Tracing(trade, peer, sender, lot, product_id)
