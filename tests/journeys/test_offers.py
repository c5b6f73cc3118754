"""Drivers hear of what they are given and of what they have no more; nobody else does."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx

from factories.delivery import make_order
from factories.identity import signed_in
from factories.road import make_road
from factories.sockets import connected
from faded_skies.bootstrap import Application
from faded_skies.domains.orders.service import Status
from faded_skies.platform.actor import Role

OFFERS = {"order-offered", "offer-withdrawn"}


async def test_offers_and_withdrawals_reach_their_driver_and_nobody_else(
    app: Application, client: httpx.AsyncClient, address: str, drain: Callable[[], Awaitable[None]]
) -> None:
    road = await make_road(app, client)
    await road.staff("PATCH", "settings", {"automaticDispatch": True})
    agent = await signed_in(app, Role.AGENT)
    bystander = await signed_in(app)
    people = {
        "driver": road.driver,
        "other": road.other,
        "customer": road.customer,
        "admin": road.admin,
        "agent": agent,
        "bystander": bystander,
    }
    async with AsyncExitStack() as stack:
        sockets = {
            name: await stack.enter_async_context(connected(app, address, person))
            for name, person in people.items()
        }

        async def told() -> dict[str, list[tuple[str, str | None]]]:
            await drain()
            heard = {name: await socket.heard() for name, socket in sockets.items()}
            return {
                name: [(event, data.get("reason")) for event, data in events if event in OFFERS]
                for name, events in heard.items()
                if any(event in OFFERS for event, _ in events)
            }

        order_id = await make_order(app, road.customer.id, status=Status.PREPARING)
        assert await told() == {"driver": [("order-offered", None)]}
        to_other = {"driverId": str(road.other.id)}
        assert (await road.staff("POST", f"orders/{order_id}/assign", to_other)).status_code == 200
        assert await told() == {"driver": [("offer-withdrawn", "moved")], "other": [("order-offered", None)]}
        no = {"reason": "Too far."}
        assert (await road.post(f"orders/{order_id}/decline", no, who=road.other)).status_code == 200
        assert await told() == {"driver": [("order-offered", None)]}
        await road.db.fetch("UPDATE stops SET assigned_at = assigned_at - interval '6 minutes'")
        again = await make_order(app, road.customer.id, status=Status.PREPARING, tender="cash")
        heard = await told()
        assert heard.keys() == {"driver"}
        assert sorted(heard["driver"]) == [("offer-withdrawn", "unanswered"), ("order-offered", None)]
        assert (
            await road.staff("PATCH", f"orders/{again}/status", {"status": "cancelled"})
        ).status_code == 200
        assert await told() == {"driver": [("offer-withdrawn", "cancelled")]}
        taken = await make_order(app, road.customer.id, status=Status.PREPARING)
        assert (await road.staff("POST", f"orders/{taken}/assign", to_other)).status_code == 200
        assert (await road.post(f"orders/{taken}/accept", who=road.other)).status_code == 200
        assert await told() == {}, "an order that was accepted by the time of telling is no offer"
    rows = await road.db.fetch(
        "SELECT user_id, content->'data'->>'type' AS type, count(*) FROM messages WHERE kind = 'offer' GROUP BY 1, 2"
    )
    assert {(row["user_id"], row["type"]): row["count"] for row in rows} == {
        (road.driver.id, "order_offered"): 3,
        (road.driver.id, "offer_withdrawn"): 3,
        (road.other.id, "order_offered"): 1,
    }
