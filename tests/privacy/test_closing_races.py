"""Leaving at the same moment as everything else, and being killed in between."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from factories.catalog import make_product
from factories.identity import PASSWORD, signed_in
from factories.privacy import DEVICE, close, tables_with
from factories.shop import make_shopper, open_shop, put_in_cart
from faded_skies.bootstrap import Application
from faded_skies.domains.identity import service as identity
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Tx

Drain = Callable[[], Awaitable[None]]


async def test_an_order_and_the_closing_one_of_them_happens(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    await open_shop(app)
    product = await make_product(db, price_cents=2000, stock=50)
    outcomes = set()
    for tender in ("cash", "card") * 4:
        shopper = await make_shopper(app, client)
        await put_in_cart(client, shopper, product)
        placed, closed = await asyncio.gather(
            client.post("/api/orders", json=shopper.order(tender), headers=shopper.headers),
            close(client, shopper.headers),
        )
        outcomes.add((placed.status_code, closed.status_code))
        status = await db.fetchval("SELECT account_status FROM users WHERE id = $1", shopper.id)
        orders = await db.fetchval("SELECT count(*) FROM orders WHERE user_id = $1", shopper.id)
        # Never an order that nobody is there for any more.
        assert (status, orders) in {("active", 1), ("closed", 0)}, (placed.text, closed.text)
        assert (closed.status_code == 204) == (status == "closed")
        assert (placed.status_code == 201) == (orders == 1)
        await drain()
    assert outcomes <= {(201, 409), (401, 204), (404, 204), (403, 204), (422, 204)}


async def test_a_sign_in_and_the_closing_leave_no_session(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    for _ in range(5):
        person = await signed_in(app)
        login = client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
        entered, closed = await asyncio.gather(login, close(client, person.headers))
        assert closed.status_code == 204
        assert entered.status_code in {200, 401, 403}
        if entered.status_code == 200:
            headers = {"Authorization": f"Bearer {entered.json()['accessToken']}"}
            assert (await client.get("/api/users/profile", headers=headers)).status_code == 401
        assert await db.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", person.id) == 0


async def test_closing_many_times_at_once_is_closing_once(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    answers = await asyncio.gather(*(close(client, person.headers) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [204, 401, 401, 401, 401, 401]
    assert await db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'account.closed'") == 1
    await drain()
    assert await db.fetchval("SELECT count(*) FROM messages") == 1


async def test_two_last_admins_cannot_both_leave(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    for _ in range(5):
        admins = [await signed_in(app, Role.ADMIN) for _ in range(2)]
        answers = await asyncio.gather(*(close(client, admin.headers) for admin in admins))
        assert sorted(answer.status_code for answer in answers) == [204, 409]
        left = "SELECT count(*) FROM users WHERE role = 'admin' AND account_status = 'active'"
        assert await db.fetchval(left) == 1
        await db.fetchval("UPDATE users SET role = 'customer'")


async def test_devices_registered_meanwhile_do_not_stay(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    person = await signed_in(app)
    registered, closed = await asyncio.gather(
        client.post("/api/notifications/register-token", json={"token": DEVICE}, headers=person.headers),
        close(client, person.headers),
    )
    assert closed.status_code == 204
    assert registered.status_code in {200, 401}
    await drain()
    assert await tables_with(db, DEVICE) == set()


async def test_killed_before_the_commit_nothing_has_happened(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopper = await make_shopper(app, client)
    await drain()
    before = await db.fetch("SELECT u::text FROM users u UNION ALL SELECT m::text FROM payment_methods m")

    async def die(tx: Tx, user_id: object, *, keeps_name: bool) -> None:
        await tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(identity, "close", die)
        assert (await close(client, shopper.headers)).status_code in {500, 503}
    after = await db.fetch("SELECT u::text FROM users u UNION ALL SELECT m::text FROM payment_methods m")
    assert after == before
    assert await db.fetchval("SELECT count(*) FROM pgqueuer") == 0
    assert (await client.get("/api/users/addresses", headers=shopper.headers)).json()["addresses"] != []
    assert (await close(client, shopper.headers)).status_code == 204


async def test_killed_after_the_commit_the_job_does_the_rest_even_twice(
    app: Application, client: httpx.AsyncClient, db: Database, drain: Drain
) -> None:
    await open_shop(app)
    product = await make_product(db, price_cents=2000, stock=10)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, product)
    assert (await close(client, shopper.headers)).status_code == 204
    # Nobody has worked yet: the cart and the card at the gateway are what lies outside.
    assert await app.ports.valkey.exists(f"cart:{shopper.id}") == 1
    again = "INSERT INTO pgqueuer (priority, status, entrypoint, payload) SELECT 0, 'queued', entrypoint, payload "
    await db.fetchval(
        f"{again} FROM pgqueuer WHERE entrypoint IN ('privacy.erase_again', 'payments.forget_customer')"
    )
    await drain()
    assert await app.ports.valkey.exists(f"cart:{shopper.id}") == 0
    assert await db.fetchval("SELECT count(*) FROM pgqueuer") == 0
