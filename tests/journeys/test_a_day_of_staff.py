"""A staff member's day by the API alone: all that staff, agent and driver do goes through it.

The shop, the people and their sessions are made directly, some of them in the middle of the day; a job is made to fail.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from factories.dead_letters import make_delivery
from factories.delivery import id_check
from factories.identity import PASSWORD, mails_to, make_person, sign_in, signed_in, token_in
from factories.papers import front, saved
from factories.shop import make_shopper, open_shop, put_in_cart
from factories.verification import hand_in
from faded_skies.adapters.outbox.outbox import Outbox
from faded_skies.bootstrap import Application
from faded_skies.domains.compliance import service as compliance
from faded_skies.platform import clock
from faded_skies.platform.actor import Role

Drain = Callable[[], Awaitable[None]]
JSON = dict[str, Any]
TAG = "1A4060300000022000000777"


class Person:
    """Somebody who calls the API, and whose calls must be answered well."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client = client
        self.headers = headers

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self._client.request(method, f"/api{path}", json=body, headers=self.headers, **more)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        kind = answer.headers.get("content-type", "")
        return answer.json() if kind.startswith("application/json") else answer.content


async def test_a_day(
    app: Application, client: httpx.AsyncClient, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_shop(app)
    sam = await signed_in(app, Role.ADMIN, full_name="Sam Rivera")
    admin = Person(client, sam.headers)
    desk = await signed_in(app, Role.AGENT)
    agent = Person(client, desk.headers)
    road = await signed_in(app, Role.DRIVER)
    driver = Person(client, road.headers)

    await _open(admin)
    product_id = await _fill_the_shelf(client, admin)
    shopper = await make_shopper(app, client)
    await _look_at_papers(app, client, admin, drain)
    await _hire(app, client, admin, drain)
    await _promote(client, admin, shopper.headers, drain)

    # An order comes in; the board shows what it waits for.
    await put_in_cart(client, shopper, product_id, 2)
    placed = await client.post("/api/orders", json=shopper.order("cash"), headers=shopper.headers)
    assert placed.status_code == 201, placed.text
    order = placed.json()["order"]
    waiting = await admin("GET", "/admin/orders", params={"needs": ["pack", "assign"]})
    assert [one["id"] for one in waiting["orders"]] == [order["id"]]
    assert (await admin("GET", "/admin/orders/counts"))["counts"]["confirmed"] == 1
    by_name = await admin(
        "GET", "/admin/orders", params={"search": waiting["orders"][0]["customer"]["fullName"]}
    )
    assert by_name["total"] == 1

    # Packed by scan, given to the driver by dispatch, which says why, and brought.
    path = f"/admin/orders/{order['id']}"
    await admin("PATCH", f"{path}/status", {"status": "preparing"})
    assert (await admin("POST", f"{path}/pack", {"lines": [{"tag": TAG, "quantity": 2}]}))["packed"]
    await driver("POST", "/driver/shift", {"online": True, "openingCash": 50})
    await drain()
    (given,) = (await admin("GET", "/admin/dispatch/decisions", params={"orderId": order["id"]}))["decisions"]
    assert (given["driverId"], given["stop"]) == (str(road.id), 1)
    await driver("POST", f"/driver/orders/{order['id']}/accept")
    await driver("POST", f"/driver/orders/{order['id']}/pickup")
    handed = {"idCheck": id_check(), "cashReceived": 200}
    change = (await driver("POST", f"/driver/orders/{order['id']}/deliver", handed))["change"]

    asking = Person(client, shopper.headers)
    await _answer_a_ticket(admin, agent, asking, order, agent_id=str(desk.id), drain=drain)
    refund = {"items": [{"productId": str(product_id), "quantity": 1}], "reason": "The jar was broken."}
    await admin("POST", f"{path}/refund", refund)
    await drain()
    board = await admin("GET", "/admin/orders", params={"orderNumber": order["orderNumber"]})
    assert board["orders"][0]["payment"]["refundedAmount"] > 0

    await _replay_a_dead_job(app, client, admin, drain, monkeypatch)
    await _replay_a_webhook(app, admin, drain)
    await _send_home(app, client, admin)
    await _close(admin, driver, order, change)


async def _open(admin: Person) -> None:
    """Pause the shop while looking at where it delivers, and open it."""
    assert (await admin("PATCH", "/admin/settings", {"paused": True}))["settings"]["paused"] is True
    areas = await admin("GET", "/admin/service-areas")
    kept = await admin("POST", "/admin/service-areas/import", areas)
    assert (kept["created"], kept["changed"]) == (0, 0)
    lake: JSON = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-97.78, 30.29]},
        "properties": areas["features"][0]["properties"] | {"name": "Lake", "radiusMetres": 2000},
    }
    areas["features"].append(lake)
    came = await admin("POST", "/admin/service-areas/import", areas)
    assert (came["created"], came["changed"]) == (1, 0)
    (drawn,) = [
        one
        for one in (await admin("GET", "/admin/service-areas"))["features"]
        if one["properties"]["name"] == "Lake"
    ]
    assert drawn["geometry"] == lake["geometry"]
    closed = await admin("DELETE", f"/admin/service-areas/{drawn['id']}")
    assert closed["properties"]["isActive"] is False
    opened = await admin("PATCH", "/admin/settings", {"paused": False, "automaticDispatch": True})
    assert opened["settings"]["automaticDispatch"] is True


async def _fill_the_shelf(client: httpx.AsyncClient, admin: Person) -> Any:
    """Enter a product with a picture, take its lot in, and change its price by a file."""
    category = (await admin("POST", "/admin/categories", {"name": "Flower"}))["category"]
    product = {
        "categoryId": category["id"],
        "name": "Barton Haze",
        "price": 45,
        "productClass": "flower",
        "netWeightMg": 3500,
    }
    product_id = (await admin("POST", "/admin/products", product))["product"]["id"]
    picture = {"files": {"file": ("jar.jpg", saved(front()), "image/jpeg")}, "data": {"altText": "A jar"}}
    images = (await admin("POST", f"/admin/products/{product_id}/images", **picture))["images"]
    assert (await client.get(images[0]["sizes"][0]["url"])).status_code == 200
    lot = {"productId": product_id, "tag": TAG, "quantity": 9, "labResult": "passed"}
    assert (await admin("POST", "/admin/lots", lot))["lot"]["onSale"] is True
    sheet = (await admin("GET", "/admin/products/export")).replace(b'"45.00"', b'"40.00"')
    for file, changed, bad in (
        (sheet.replace(b'"40.00"', b'"dear"'), 0, [(2, "price")]),
        (sheet, 1, []),
    ):
        dry = await admin(
            "POST", "/admin/products/import", params={"dryRun": "true"}, files={"file": ("a.csv", file)}
        )
        assert dry["changed"] == changed
        assert [(problem["row"], problem["column"]) for problem in dry["problems"]] == bad
    await admin("POST", "/admin/products/import", files={"file": ("a.csv", sheet)})
    shown = (await client.get(f"/api/products/{product_id}")).json()["product"]
    assert (shown["price"], shown["stockQuantity"], shown["primaryImage"]) == (40, 9, images[0]["imageUrl"])
    return product_id


async def _look_at_papers(app: Application, client: httpx.AsyncClient, admin: Person, drain: Drain) -> None:
    """Approve somebody's papers, and suspend and reactivate them."""
    new = await signed_in(app, id_verified=False)
    await hand_in(client, new)
    await drain()
    (paper,) = (await admin("GET", "/admin/id-verifications", params={"status": "processing"}))[
        "verifications"
    ]
    await admin("POST", f"/admin/id-verifications/{paper['id']}/document-link")
    await admin("POST", f"/admin/id-verifications/{paper['id']}/approve", {"expiresOn": "2099-01-01"})
    (found,) = (await admin("GET", "/admin/users", params={"search": new.email}))["users"]
    assert found["idVerificationStatus"] == "approved"
    for status in ("suspended", "active"):
        body = {"accountStatus": status, "reason": "A mistake, and mended."}
        assert (await admin("PATCH", f"/admin/users/{new.id}", body))["user"]["accountStatus"] == status
    assert (await sign_in(client, new.email)).access_token


async def _hire(app: Application, client: httpx.AsyncClient, admin: Person, drain: Drain) -> None:
    """Invite a driver, who comes, and make them an agent."""
    email = "lee@example.com"
    await admin("POST", "/admin/invitations", {"email": email, "role": "driver", "fullName": "Lee Park"})
    await drain()
    told = {
        "token": token_in(mails_to(app, email)[0]),
        "fullName": "Lee Park",
        "password": PASSWORD,
        "phone": "(512) 555-0134",
    }
    hired = await client.post("/api/auth/accept-invitation", json=told)
    assert hired.status_code == 201, hired.text
    body = {"role": "agent", "reason": "Knows our customers."}
    changed = await admin("PATCH", f"/admin/users/{hired.json()['user']['id']}", body)
    assert (changed["user"]["role"], changed["user"]["liveSessions"]) == ("agent", 0)
    assert (await admin("GET", "/admin/invitations"))["invitations"][0]["status"] == "accepted"


async def _promote(client: httpx.AsyncClient, admin: Person, customer: dict[str, str], drain: Drain) -> None:
    """Write a promotion, see whom it reaches, send it, and stop it."""
    agreed = await client.put("/api/notifications/preferences", json={"promotions": True}, headers=customer)
    assert agreed.status_code == 200, agreed.text
    words = {"title": "Haze is here", "body": "Forty dollars the jar."}
    path = f"/admin/promotions/{(await admin('POST', '/admin/promotions', words))['promotion']['id']}"
    assert (await admin("POST", f"{path}/preview"))["recipients"] == 1
    await admin("POST", f"{path}/start")
    await drain()
    sent = await admin("GET", path)
    assert (sent["promotion"]["state"], sent["counts"]["recipients"]) == ("done", 1)
    assert (await admin("POST", f"{path}/stop"))["promotion"]["state"] == "stopped"


async def _answer_a_ticket(
    admin: Person, agent: Person, customer: Person, order: JSON, *, agent_id: str, drain: Drain
) -> None:
    """A ticket waits while the agent is away; the admin finds it, makes it urgent, and gives it to them later."""
    away = await agent("PUT", "/agent/presence", {"status": "away"})
    assert away["agent"]["status"] == "away"
    told = {"subject": "A jar is broken", "message": "One of the two.", "orderId": order["id"]}
    opened = (await customer("POST", "/support/tickets", told))["ticket"]
    (found,) = (await admin("GET", "/admin/tickets", params={"search": "broken"}))["tickets"]
    assert (found["id"], found["chatStatus"]) == (opened["id"], "waiting")
    path = f"tickets/{opened['id']}"
    assert (await admin("PATCH", f"/admin/{path}", {"priority": "urgent"}))["ticket"]["priority"] == "urgent"
    await admin("POST", f"/admin/{path}/notes", {"note": "Pay the jar back."})
    await agent("PUT", "/agent/presence", {"status": "present"})
    given = await admin("POST", f"/admin/{path}/assign", {"agentId": agent_id})
    assert given["ticket"]["agentId"] == agent_id
    await drain()
    assert (await agent("GET", f"/agent/{path}"))["notes"][0]["note"] == "Pay the jar back."
    await agent("POST", f"/support/{path}/messages", {"message": "We pay it back."})
    await agent("POST", f"/agent/{path}/close", {"reason": "Refunded."})
    whole = await admin("GET", f"/admin/{path}")
    assert (whole["ticket"]["chatStatus"], len(whole["messages"])) == ("ended", 2)


async def _replay_a_dead_job(
    app: Application,
    client: httpx.AsyncClient,
    admin: Person,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The outbox breaks in a way that nobody foresaw; once it is mended the job runs again, and the mail leaves."""
    await make_person(app, email="late@example.com")
    with monkeypatch.context() as broken:

        async def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        broken.setattr(Outbox, "send", fail)
        broken.setattr("faded_skies.platform.jobs.MOST_ATTEMPTS", 0)
        await client.post("/api/auth/forgot-password", json={"email": "late@example.com"})
        await drain()
    failed = (await admin("GET", "/admin/jobs/failed"))["jobs"]
    assert {job["cause"] for job in failed} == {"ZeroDivisionError"}
    assert mails_to(app, "late@example.com") == []
    for job in failed:
        await admin("GET", f"/admin/jobs/failed/{job['id']}")
        await admin("POST", f"/admin/jobs/failed/{job['id']}/replay")
    await drain()
    assert len(mails_to(app, "late@example.com")) == 1
    assert (await admin("GET", "/admin/jobs/failed"))["total"] == 0
    assert (await admin("GET", "/admin/webhooks", params={"handled": "false"}))["total"] == 0


async def _replay_a_webhook(app: Application, admin: Person, drain: Drain) -> None:
    """Somebody deleted the job of a delivery; it waits in the inbox until it is replayed."""
    waiting = await make_delivery(app.ports.db, source="sandbox")
    (seen,) = (await admin("GET", "/admin/webhooks", params={"handled": "false"}))["webhooks"]
    assert seen["id"] == str(waiting)
    await admin("POST", f"/admin/webhooks/{waiting}/replay")
    await drain()
    assert (await admin("GET", "/admin/webhooks", params={"handled": "false"}))["total"] == 0


async def _send_home(app: Application, client: httpx.AsyncClient, admin: Person) -> None:
    """Suspend a driver who left during a shift, end it, and take their cash in."""
    gone = await signed_in(app, Role.DRIVER)
    await Person(client, gone.headers)("POST", "/driver/shift", {"online": True, "openingCash": 20})
    why = {"reason": "Left with the car."}
    await admin("PATCH", f"/admin/users/{gone.id}", {"accountStatus": "suspended"} | why)
    ended = await admin("POST", f"/admin/drivers/{gone.id}/end-shift", {"closingCash": 20} | why)
    drawer = ended["drawer"]
    assert (ended["shift"]["online"], drawer["status"]) == (False, "counted")
    signed = await admin("POST", f"/admin/drawers/{drawer['id']}/sign-off", {"receivedCash": 20})
    assert signed["drawer"]["difference"] == 0


async def _close(admin: Person, driver: Person, order: JSON, change: float) -> None:
    """Count the driver's cash once more, look at what is running out and at the day's figures."""
    due = 200 - change
    await driver("POST", "/driver/shift", {"online": False, "closingCash": round(50 + due, 2)})
    (drawer,) = (await admin("GET", "/admin/drawers", params={"status": "counted"}))["drawers"]
    count = {"receivedCash": drawer["counted"]}
    await admin("POST", f"/admin/drawers/{drawer['id']}/sign-off", count)
    low = await admin("GET", "/admin/stock/low", params={"below": 8})
    assert [one["name"] for one in low["products"]] == ["Barton Haze"]
    now = clock.now()
    today = compliance.business_day(compliance.read_law("us-tx-example").at(now), now).isoformat()
    assert await admin("GET", "/admin/reports/day-close", params={"date": today})
    days = {"startDate": today, "endDate": today}
    assert (await admin("GET", "/admin/reports/products", params=days))["products"][0][
        "name"
    ] == "Barton Haze"
    for report in ("", "/sales", "/taxes", "/journal", "/refusals", "/funnel"):
        assert await admin("GET", f"/admin/reports{report}", params=days), report
    told = await admin("GET", "/admin/audit-log", params={"objectId": order["id"]})
    assert told["total"] > 0
    assert (await admin("POST", "/admin/audit-log/verify"))["ok"] is True
