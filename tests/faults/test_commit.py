"""A commit that fails is never answered as a success and leaves nothing; one whose answer is lost has its files."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from asyncpg.transaction import Transaction

from factories.catalog import make_product
from factories.identity import SignedInPerson, registration, signed_in
from factories.papers import front, saved
from factories.shop import Shopper, make_shopper, open_shop, put_in_cart, stock_of
from factories.verification import hand_in
from faded_skies.bootstrap import Application
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.ports import MediaStore
from faded_skies.domains.verification import service as verification
from faded_skies.domains.verification.models import Paper, Side
from faded_skies.domains.verification.service import Vault
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.settings import Settings

# A deferred constraint is checked by COMMIT itself, after every statement of ours has succeeded.
_FAIL_COMMITS = """
CREATE FUNCTION fail_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the commit fails' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE CONSTRAINT TRIGGER fail_commit AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_commit();
"""
_MEND = "DROP TRIGGER fail_commit ON {table}; DROP FUNCTION fail_commit()"

Breaking = Callable[[str], Awaitable[None]]


@pytest.fixture
async def outside(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sees what a server's client sees: a mistake of ours is an answer, not an exception."""
    transport = httpx.ASGITransport(app=app.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


async def run(app: Application, script: str) -> None:
    async with app.ports.db.pool.acquire() as connection:
        await connection.execute(script)


@pytest.fixture
def lose_answers(app: Application, monkeypatch: pytest.MonkeyPatch) -> Breaking:
    """The answer to COMMIT is lost on its way once a table has rows: they are there, and we cannot know."""

    async def lose(table: str) -> None:
        leave = Transaction.__aexit__

        async def leave_unheard(self: Transaction, *failure: Any) -> None:
            await leave(self, *failure)
            if await app.ports.db.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
                raise ConnectionResetError

        monkeypatch.setattr(Transaction, "__aexit__", leave_unheard)

    return lose


async def add_picture(client: httpx.AsyncClient, admin: SignedInPerson, product_id: UUID) -> httpx.Response:
    return await client.post(
        f"/api/admin/products/{product_id}/images",
        files={"file": ("jar.jpg", saved(front((300, 200))), "image/jpeg")},
        data={"altText": "A jar"},
        headers=admin.headers,
    )


def files_in(settings: Settings, folder: str) -> list[str]:
    return [path.name for path in (settings.data / folder).rglob("*") if path.is_file()]


def assert_honest(answer: httpx.Response) -> None:
    assert answer.status_code >= 500, answer.text
    assert set(answer.json()) == {"error", "code"}
    assert "the commit fails" not in answer.text


async def test_registering(app: Application, outside: httpx.AsyncClient) -> None:
    await run(app, _FAIL_COMMITS.format(table="users"))
    body = registration()
    assert_honest(await outside.post("/api/auth/register", json=body))
    assert await app.ports.db.fetchval("SELECT count(*) FROM users") == 0
    assert await app.ports.db.fetchval("SELECT count(*) FROM pgqueuer") == 0
    await run(app, _MEND.format(table="users"))
    assert (await outside.post("/api/auth/register", json=body)).status_code == 201


async def test_signing_in(app: Application, client: httpx.AsyncClient, outside: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    before = await app.ports.db.fetchval("SELECT count(*) FROM sessions")
    await run(app, _FAIL_COMMITS.format(table="sessions"))
    body = {"email": person.email, "password": registration()["password"]}
    assert_honest(await outside.post("/api/auth/login", json=body))
    assert_honest(await outside.post("/api/auth/logout", headers=person.headers))
    assert await app.ports.db.fetchval("SELECT count(*) FROM sessions") == before
    assert (await client.get("/api/users/profile", headers=person.headers)).status_code == 200


@pytest.mark.parametrize("tender", ["cash", "card"])
@pytest.mark.parametrize("key", [None, "a-key"])
async def test_placing_an_order(
    app: Application, client: httpx.AsyncClient, outside: httpx.AsyncClient, tender: str, key: str | None
) -> None:
    shopper, product = await ready_to_order(app, client)
    headers = shopper.headers | ({"Idempotency-Key": key} if key else {})
    await run(app, _FAIL_COMMITS.format(table="orders"))

    for _ in range(2):
        answer = await outside.post("/api/orders", json=shopper.order(tender), headers=headers)
        assert_honest(answer)

    db = app.ports.db
    for table in ("orders", "payment_intents", "idempotency_keys", "pgqueuer", "sandbox.charges"):
        assert await db.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert await stock_of(app, product) == 10
    cart = await client.get("/api/cart", headers=shopper.headers)
    assert cart.json()["itemCount"] == 1

    await run(app, _MEND.format(table="orders"))
    placed = await client.post("/api/orders", json=shopper.order(tender), headers=headers)
    assert placed.status_code == 201
    assert await stock_of(app, product) == 9


async def test_settling_a_charge(
    app: Application, client: httpx.AsyncClient, outside: httpx.AsyncClient
) -> None:
    """The card was charged, and only the second commit fails: the order waits, and a repeated call takes it up."""
    shopper, product = await ready_to_order(app, client)
    headers = shopper.headers | {"Idempotency-Key": "a-key"}
    await run(
        app, _FAIL_COMMITS.replace("INSERT OR UPDATE OR DELETE", "UPDATE").format(table="payment_intents")
    )

    assert_honest(await outside.post("/api/orders", json=shopper.order(), headers=headers))
    db = app.ports.db
    assert await db.fetchval("SELECT status FROM orders") == "pending"
    assert await db.fetchval("SELECT count(*) FROM sandbox.charges WHERE status = 'succeeded'") == 1

    await run(app, _MEND.format(table="payment_intents"))
    placed = await client.post("/api/orders", json=shopper.order(), headers=headers)
    assert placed.status_code == 201
    assert placed.json()["order"]["payment"]["status"] == "paid"
    assert await db.fetchval("SELECT count(*) FROM orders") == 1
    assert await db.fetchval("SELECT count(*) FROM sandbox.charges") == 1
    assert await stock_of(app, product) == 9


async def test_keeping_the_answer(
    app: Application, client: httpx.AsyncClient, outside: httpx.AsyncClient
) -> None:
    shopper, _ = await ready_to_order(app, client)
    headers = shopper.headers | {"Idempotency-Key": "a-key"}
    order = (await client.post("/api/orders", json=shopper.order("cash"), headers=shopper.headers)).json()[
        "order"
    ]
    await run(app, _FAIL_COMMITS.format(table="idempotency_keys"))
    path = f"/api/orders/{order['id']}/cancel"
    assert_honest(await outside.post(path, headers=headers))
    assert await app.ports.db.fetchval("SELECT status FROM orders") == "confirmed"
    await run(app, _MEND.format(table="idempotency_keys"))
    assert (await outside.post(path, headers=headers)).json()["order"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("table", "method", "path", "body"),
    [
        (
            "delivery_addresses",
            "POST",
            "/api/users/addresses",
            {
                "name": "Home",
                "addressLine1": "600 Congress Ave",
                "city": "Austin",
                "state": "TX",
                "zipCode": "78701",
                "addressType": "home",
            },
        ),
        ("payment_methods", "POST", "/api/payments/methods", {"type": "cash"}),
        ("users", "PUT", "/api/users/profile", {"fullName": "Maya Reyes"}),
        ("device_tokens", "POST", "/api/notifications/register-token", {"token": "a-device"}),
    ],
)
async def test_changing_what_one_owns(
    app: Application,
    outside: httpx.AsyncClient,
    table: str,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    person = await signed_in(app)
    await run(app, _FAIL_COMMITS.format(table=table))
    assert_honest(await outside.request(method, path, json=body, headers=person.headers))
    await run(app, _MEND.format(table=table))
    answer = await outside.request(method, path, json=body, headers=person.headers)
    assert answer.is_success, answer.text


async def test_a_picture_whose_commit_was_not_answered(
    app: Application, client: httpx.AsyncClient, outside: httpx.AsyncClient, lose_answers: Breaking
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    product_id = await make_product(app.ports.db)
    await lose_answers("product_images")
    assert_honest(await add_picture(outside, admin, product_id))
    store = app.ports.get(MediaStore)
    assert await catalog.sweep_pictures(app.ports.db, store, now=clock.now() + timedelta(hours=2)) == 0
    [image] = (await client.get(f"/api/products/{product_id}")).json()["images"]
    assert (await client.get(image["imageUrl"])).status_code == 200


async def test_a_picture_whose_commit_failed(
    app: Application, client: httpx.AsyncClient, outside: httpx.AsyncClient, settings: Settings
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    product_id = await make_product(app.ports.db)
    refused = await add_picture(client, admin, UUID(int=0))
    assert (refused.status_code, files_in(settings, "media")) == (404, [])
    await run(app, _FAIL_COMMITS.format(table="product_images"))
    assert_honest(await add_picture(outside, admin, product_id))
    store = app.ports.get(MediaStore)
    assert await catalog.sweep_pictures(app.ports.db, store, now=clock.now() + timedelta(hours=2)) == 1
    assert files_in(settings, "media") == []


async def test_papers_whose_commit_was_not_answered(
    app: Application, outside: httpx.AsyncClient, lose_answers: Breaking
) -> None:
    person = await signed_in(app, id_verified=False)
    await lose_answers("id_documents")
    assert_honest(await hand_in(outside, person))
    vault: Vault = app.ports.get(Vault)
    assert await verification.sweep(app.ports.db, vault, now=clock.now() + timedelta(hours=2)) == 0
    row = await app.ports.db.fetchrow("SELECT id, wrapped_key FROM id_documents")
    assert row is not None
    paper = Paper(row["id"], UUID(int=0), Side.FRONT, row["wrapped_key"])
    assert (await vault.get(paper)).startswith(b"\xff\xd8\xff")


async def test_papers_whose_commit_failed(
    app: Application, outside: httpx.AsyncClient, settings: Settings
) -> None:
    person = await signed_in(app, id_verified=False)
    await run(app, _FAIL_COMMITS.format(table="id_documents"))
    assert_honest(await hand_in(outside, person))
    vault: Vault = app.ports.get(Vault)
    assert await verification.sweep(app.ports.db, vault, now=clock.now() + timedelta(hours=2)) == 1
    assert files_in(settings, "vault") == []


async def ready_to_order(app: Application, client: httpx.AsyncClient) -> tuple[Shopper, Any]:
    await open_shop(app)
    product = await make_product(app.ports.db, stock=10)
    shopper = await make_shopper(app, client)
    await put_in_cart(client, shopper, product)
    await app.worker.drain()
    return shopper, product
