"""A small world in which every operation has somebody who may call it, and something to call it for."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from factories.authenticator import Authenticator, add
from factories.catalog import make_category, make_product
from factories.dead_letters import make_delivery, make_failed_job
from factories.delivery import make_counted_drawer, make_order, make_trip, make_vehicle
from factories.federated import TalkativeProvider, make_identity
from factories.identity import SignedInPerson, sign_in, signed_in
from factories.lots import make_lot
from factories.messages import make_promotion, make_told
from factories.operations import Operation
from factories.places import make_area, make_barred_place
from factories.reports import make_report
from factories.shop import Shopper, make_shopper, open_shop, put_in_cart
from factories.support import come_in, make_upload, messages_of, open_ticket
from faded_skies.bootstrap import Application
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.identity.ports import IdentityProviders
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id


@dataclass(frozen=True)
class World:
    """An open shop with a product, a customer with a full cart, and one of their orders on the road.

    The customer can also sign in with a provider's account.
    """

    shopper: Shopper
    driver: SignedInPerson
    admin: SignedInPerson
    product_id: UUID
    order_id: UUID
    identity_id: UUID
    session_id: UUID
    invitation_id: UUID
    passkey_id: UUID
    verification_id: UUID
    drawer_id: UUID
    place_id: UUID
    lot_id: UUID
    report_id: UUID
    vehicle_id: UUID
    trip_id: UUID
    agent: SignedInPerson
    ticket_id: UUID
    upload_id: UUID
    message_id: UUID
    promotion_id: UUID
    notification_id: UUID
    mail_id: UUID
    beside: dict[str, UUID | int]
    """What staff may change or take away without anybody else missing it, by the names in paths under /api/admin."""

    def headers(self, operation: Operation) -> dict[str, str]:
        """The headers of somebody who may call it."""
        if operation.path.startswith("/api/admin/"):
            return self.admin.headers
        if operation.path.startswith("/api/agent/"):
            return self.agent.headers
        if operation.path.startswith("/api/driver/"):
            return self.driver.headers
        return {} if operation.public else self.shopper.headers

    def path(self, operation: Operation) -> str:
        """Its path, with ids that exist."""
        known = {
            "product_id": self.product_id,
            "order_id": self.order_id,
            "user_id": self.shopper.id,
            "address_id": self.shopper.address_id,
            "method_id": self.shopper.methods["card"],
            "identity_id": self.identity_id,
            "session_id": self.session_id,
            "invitation_id": self.invitation_id,
            "passkey_id": self.passkey_id,
            "verification_id": self.verification_id,
            "drawer_id": self.drawer_id,
            "place_id": self.place_id,
            "lot_id": self.lot_id,
            "amendment_id": new_id(),
            "report_id": self.report_id,
            "tag": "1A4060300000022000000001",
            "vehicle_id": self.vehicle_id,
            "driver_id": self.driver.id,
            "trip_id": self.trip_id,
            "promotion_id": self.promotion_id,
            "notification_id": self.notification_id,
            "message_id": self.mail_id,
            "ticket_id": self.ticket_id,
            "upload_id": self.upload_id,
            "provider": "google",
            "token": "a-link-that-nobody-made",
        }
        if operation.path.startswith("/api/admin/"):
            known |= self.beside
        path = operation.path
        for name in operation.ids:
            path = path.replace(f"{{{name}}}", str(known[name]))
        return path

    def body(self, operation: Operation) -> dict[str, Any]:
        """The document's example of its body, with ids that exist."""
        known = {
            "productId": self.product_id,
            "deliveryAddressId": self.shopper.address_id,
            "paymentMethodId": self.shopper.methods["card"],
            "orderId": self.order_id,
            "driverId": self.driver.id,
            "agentId": self.agent.id,
            "messageId": self.message_id,
        }
        example: dict[str, Any] = operation.example
        if "orderIds" in example:
            return example | {"orderIds": [str(self.order_id)]}
        return example | {name: str(value) for name, value in known.items() if name in example}


async def make_world(app: Application, client: httpx.AsyncClient) -> World:
    await open_shop(app)
    product_id = await make_product(app.ports.db, stock=50)
    shopper = await make_shopper(app, client)
    driver = await signed_in(app, Role.DRIVER)
    admin = await signed_in(app, Role.ADMIN)
    order_id = await make_order(app, shopper.id, status=Status.OUT_FOR_DELIVERY, driver_id=driver.id)
    await put_in_cart(client, shopper, product_id)
    app.ports.provide(IdentityProviders, IdentityProviders([TalkativeProvider("google")]))
    identity_id = await make_identity(app, shopper.id)
    other = await sign_in(client, shopper.email)
    session_id = app.ports.tokens.read(other.access_token).session_id
    invited = await client.post(
        "/api/admin/invitations",
        json={"email": "dara@example.com", "role": "driver"},
        headers=admin.headers,
    )
    invitation_id = UUID(invited.json()["invitation"]["id"])
    passkey_id = UUID(await add(client, other, Authenticator()))
    verification_id = await app.ports.db.fetchval(
        "INSERT INTO id_verifications (id, user_id, document_type) VALUES ($1, $2, 'passport') RETURNING id",
        new_id(),
        shopper.id,
    )
    agent = await signed_in(app, Role.AGENT)
    await come_in(client, agent)
    ticket = await open_ticket(client, other)
    [message] = await messages_of(client, other, ticket)
    return World(
        shopper,
        driver,
        admin,
        product_id,
        order_id,
        identity_id,
        session_id,
        invitation_id,
        passkey_id,
        verification_id,
        await make_counted_drawer(app, driver.id, cents=18_450),
        await make_barred_place(app.ports.db, actor_id=admin.id),
        await make_lot(app.ports.db, product_id, tag="1A4060300000022000000001", actor_id=admin.id),
        await make_report(app.ports.db, order_id),
        await make_vehicle(app, actor_id=admin.id),
        await make_trip(app, client, shopper.id, driver),
        agent,
        UUID(ticket["id"]),
        await make_upload(app, shopper.id),
        UUID(message["id"]),
        await make_promotion(app, actor_id=admin.id),
        *await make_told(app, shopper.id),
        await _make_beside(app, client, admin),
    )


async def _make_beside(
    app: Application, client: httpx.AsyncClient, admin: SignedInPerson
) -> dict[str, UUID | int]:
    db = app.ports.db
    category_id = await make_category(db, "Beside")
    product_id = await make_product(db, "Beside", category_id=category_id, thc_mg=9)
    image_id = new_id()
    size = catalog.Size(width=9, height=9, url="/media/9.webp")
    async with db.transaction() as tx:
        await catalog.add_picture(tx, product_id, image_id, [size], alt_text="A jar", actor_id=admin.id)
    return {
        "product_id": product_id,
        "category_id": category_id,
        "image_id": image_id,
        "area_id": (await make_area(db, "Beside")).id,
        "job_id": await make_failed_job(db, "test.letter", {}),
        "webhook_id": await make_delivery(db),
        "user_id": (await signed_in(app)).id,
    }


async def rows_of(db: Database) -> dict[str, int]:
    """How many rows each table holds."""
    tables = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    counts = " UNION ALL ".join(
        f"SELECT '{name}' AS name, count(*) AS rows FROM \"{name}\"" for (name,) in tables
    )
    return {row["name"]: row["rows"] for row in await db.fetch(counts)}
