"""GET /api/users/rewards."""

import httpx

from factories.identity import signed_in
from factories.payments import bare_order, keep_cash
from faded_skies.bootstrap import Application
from faded_skies.domains.rewards import service

URL = "/api/users/rewards"


async def test_a_new_customer_has_an_empty_account(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    answer = await client.get(URL, headers=person.headers)
    assert answer.status_code == 200
    assert answer.json() == {
        "balance": 0,
        "debt": 0,
        "pending": 0,
        "transactions": [],
        "total": 0,
        "hasMore": False,
    }


async def test_changes_come_newest_first_in_pages_and_are_ones_own(
    app: Application, client: httpx.AsyncClient
) -> None:
    person, stranger = await signed_in(app), await signed_in(app)
    db = app.ports.db
    order_id = await bare_order(db, await keep_cash(db, person.id))
    async with db.transaction() as tx:
        await service.grant(tx, user_id=person.id, coins=500, description="A welcome")
    async with db.transaction() as tx:
        await service.hold(tx, user_id=person.id, order_id=order_id, coins=120)
    page = (await client.get(f"{URL}?limit=1", headers=person.headers)).json()
    [change] = page.pop("transactions")
    assert page == {"balance": 380, "debt": 0, "pending": 0, "total": 2, "hasMore": True}
    assert change == {
        "id": change["id"],
        "type": "redeemed",
        "amount": -120,
        "description": "Spent on an order",
        "orderId": str(order_id),
        "createdAt": change["createdAt"],
    }
    assert change["createdAt"].endswith("Z")
    rest = (await client.get(f"{URL}?limit=1&offset=1", headers=person.headers)).json()
    assert ([one["type"] for one in rest["transactions"]], rest["hasMore"]) == (["granted"], False)
    assert (await client.get(URL, headers=stranger.headers)).json()["total"] == 0


async def test_points_of_orders_on_their_way_are_pending_without_the_tip(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    db = app.ports.db
    cash = await keep_cash(db, person.id)
    await bare_order(db, cash, amount_cents=2999, tip_cents=500, status="confirmed")
    await bare_order(db, cash, amount_cents=1999, status="preparing")
    for status in ("pending", "cancelled"):
        await bare_order(db, cash, amount_cents=5000, status=status)
    assert (await client.get(URL, headers=person.headers)).json()["pending"] == 24 + 19


async def test_wrong_pages_and_no_token_are_refused(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    for query in ("limit=0", "limit=101", "offset=-1", "limit=x"):
        assert (await client.get(f"{URL}?{query}", headers=person.headers)).status_code == 422
    assert (await client.get(URL)).status_code == 401
