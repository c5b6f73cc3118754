"""Every door asks who comes: nobody, a forger, yesterday's token, an ended session, and the wrong role are refused."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import httpx
import jwt
import pytest
import socketio

from factories.catalog import make_product
from factories.delivery import make_order
from factories.identity import signed_in
from factories.operations import Operation, operations_of
from factories.support import messages_of, open_ticket
from faded_skies import registry
from faded_skies.bootstrap import Application
from faded_skies.permissions import TABLE
from faded_skies.platform import clock
from faded_skies.platform.access import Access, Permission, UnnamedDoorError
from faded_skies.platform.actor import Actor, Owed, Role
from faded_skies.platform.db import Database
from faded_skies.platform.errors import InsufficientPermissions
from faded_skies.platform.ids import new_id
from servers import serving

ACCESS = Access(TABLE)
PUBLIC = {door for permission in TABLE if permission.public for door in permission.doors}

PAGES = {"read the API's document", "see what the doubles did"}
"""Permissions for what is not in the document."""

SEES_ALL = {
    "track-order": {Role.ADMIN, Role.AGENT},
    "driver-location-update": {Role.DRIVER},
    **{event: {Role.AGENT} for event in ("join-chat", "send-message", "typing", "mark-read")},
}
"""Who may send an event about things of others; to the rest these do not exist."""

ABSENT_IS_NO_ERROR = {"DELETE /api/cart/remove/{product_id}"}

Headers = dict[str, str]


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


async def call(
    client: httpx.AsyncClient, operation: Operation, headers: Headers, ids: str = ""
) -> httpx.Response:
    """Call the operation with the id in every place of its path, and with its example as the body."""
    path = operation.path
    for name in operation.ids:
        path = path.replace(f"{{{name}}}", ids or str(new_id()))
    return await client.request(operation.method, path, headers=headers, **operation.body)


async def guarded(client: httpx.AsyncClient) -> list[Operation]:
    return [operation for operation in await operations_of(client) if operation.name not in PUBLIC]


def roles_of(operation: Operation) -> frozenset[Role]:
    return frozenset(Role) if operation.name in PUBLIC else ACCESS.roles(operation.name)


async def test_the_table_names_every_door_and_no_other(app: Application, client: httpx.AsyncClient) -> None:
    documented = {operation.name for operation in await operations_of(client)}
    events = {f"SOCKET {event.name}" for event in registry.client_events(app.ports)}
    pages = {door for permission in TABLE if permission.name in PAGES for door in permission.doors}
    assert set(ACCESS.doors) == documented | events | pages | {"SOCKET connect"}


async def test_the_document_shows_a_padlock_on_what_is_not_public(client: httpx.AsyncClient) -> None:
    operations = await operations_of(client)
    public = {operation.name for operation in operations if operation.public}
    assert public == {operation.name for operation in operations if operation.name in PUBLIC}


def test_a_door_that_the_table_does_not_name_stops_the_start() -> None:
    with pytest.raises(UnnamedDoorError, match="GET /api/secret"):
        ACCESS.require_named([*ACCESS.doors, "GET /api/secret"])
    with pytest.raises(UnnamedDoorError, match="GET /health is named twice"):
        Access([*TABLE, Permission(name="again", public=True, doors=("GET /health",))])


@pytest.mark.parametrize("role", list(Role))
def test_what_the_table_does_not_name_is_refused(role: Role) -> None:
    somebody = Actor(id=UUID(int=1), role=role, name="Maya Okafor", session_id=UUID(int=2))
    with pytest.raises(InsufficientPermissions):
        ACCESS.check("GET /api/secret", somebody)
    with pytest.raises(InsufficientPermissions):
        ACCESS.check("PUT /api/shop", somebody)


async def test_who_owes_a_birth_date_may_only_hand_it_in(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app, date_of_birth=None)
    operations = await guarded(client)
    handing_in = {door for one in TABLE if Owed.DATE_OF_BIRTH in one.while_owing for door in one.doors}
    for operation in operations:
        if Role.CUSTOMER in roles_of(operation) and operation.name not in handing_in:
            answer = await call(client, operation, person.headers)
            refused = (answer.status_code, answer.json()["code"])
            assert refused == (403, "AGE_VERIFICATION_REQUIRED"), operation.name
    for operation in operations:
        if operation.name in handing_in:
            person = await signed_in(app, date_of_birth=None)
            answer = await call(client, operation, person.headers)
            assert b"AGE_VERIFICATION_REQUIRED" not in answer.content, operation.name


async def test_without_a_token_every_door_but_the_public_ones_stays_shut(client: httpx.AsyncClient) -> None:
    for operation in await guarded(client):
        for headers in ({}, {"Authorization": "Basic bWF5YTpwdw=="}, {"Authorization": "Bearer "}):
            answer = await call(client, operation, headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_REQUIRED"), operation.name
            assert answer.headers["www-authenticate"] == "Bearer", operation.name


async def _forged(app: Application, client: httpx.AsyncClient) -> str:
    person = await signed_in(app)
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    return jwt.encode(claims, "another-secret-that-is-just-as-long", algorithm="HS256")


async def _unsigned(app: Application, client: httpx.AsyncClient) -> str:
    person = await signed_in(app)
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none")


async def _of_nobody(app: Application, client: httpx.AsyncClient) -> str:
    return app.ports.tokens.issue(user_id=new_id(), session_id=new_id())


async def _of_another_session(app: Application, client: httpx.AsyncClient) -> str:
    mine, other = await signed_in(app), await signed_in(app, Role.ADMIN)
    claims = jwt.decode(other.access_token, options={"verify_signature": False})
    return app.ports.tokens.issue(user_id=mine.id, session_id=claims["sid"])


async def _revoked(app: Application, client: httpx.AsyncClient) -> str:
    person = await signed_in(app)
    assert (await client.post("/api/auth/logout", headers=person.headers)).status_code == 204
    return person.access_token


async def _refresh_token(app: Application, client: httpx.AsyncClient) -> str:
    return (await signed_in(app)).refresh_token


async def _nonsense(app: Application, client: httpx.AsyncClient) -> str:
    return "nonsense"


async def _expired(app: Application, client: httpx.AsyncClient) -> str:
    person = await signed_in(app)
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    moment = int((clock.now() - timedelta(seconds=1)).timestamp())
    secret = app.ports.settings.jwt_secret.get_secret_value()
    return jwt.encode(claims | {"exp": moment}, secret, algorithm="HS256")


BAD_TOKENS: list[tuple[Callable[[Application, httpx.AsyncClient], Awaitable[str]], str]] = [
    (_forged, "INVALID_TOKEN"),
    (_unsigned, "INVALID_TOKEN"),
    (_of_nobody, "INVALID_TOKEN"),
    (_of_another_session, "INVALID_TOKEN"),
    (_revoked, "INVALID_TOKEN"),
    (_refresh_token, "INVALID_TOKEN"),
    (_nonsense, "INVALID_TOKEN"),
    (_expired, "TOKEN_EXPIRED"),
]


@pytest.mark.parametrize(("make", "code"), BAD_TOKENS, ids=[make.__name__[1:] for make, _ in BAD_TOKENS])
async def test_a_bad_token_is_refused_everywhere(
    app: Application,
    client: httpx.AsyncClient,
    make: Callable[[Application, httpx.AsyncClient], Awaitable[str]],
    code: str,
) -> None:
    headers = bearer(await make(app, client))
    for operation in await guarded(client):
        answer = await call(client, operation, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code), operation.name
        assert answer.headers["www-authenticate"] == "Bearer", operation.name


@pytest.mark.parametrize("status", ["suspended", "closed"])
async def test_an_account_that_is_no_longer_active_is_refused_everywhere(
    app: Application, client: httpx.AsyncClient, db: Database, status: str
) -> None:
    person = await signed_in(app)
    await db.fetch("UPDATE users SET account_status = $2 WHERE id = $1", person.id, status)
    for operation in await guarded(client):
        answer = await call(client, operation, person.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN"), operation.name


@pytest.mark.parametrize("role", list(Role))
async def test_the_wrong_role_is_refused_before_anything_is_looked_up(
    app: Application, client: httpx.AsyncClient, role: Role
) -> None:
    person = await signed_in(app, role)
    for operation in await guarded(client):
        if role not in roles_of(operation):
            answer = await call(client, operation, person.headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS"), (
                operation.name
            )


async def test_a_stranger_and_an_id_of_another_kind_find_nothing(
    app: Application, client: httpx.AsyncClient
) -> None:
    """What is not yours does not exist; the answer tells nothing of whether it does."""
    owner = await signed_in(app)
    order_id = await make_order(app, owner.id)
    product_id = await make_product(app.ports.db)
    people = {role: await signed_in(app, role) for role in Role}
    method_id = await app.ports.db.fetchval("SELECT id FROM payment_methods WHERE user_id = $1", owner.id)
    address_id = await app.ports.db.fetchval("SELECT id FROM delivery_addresses WHERE user_id = $1", owner.id)
    for operation in await operations_of(client):
        if not operation.ids or operation.name in ABSENT_IS_NO_ERROR:
            continue
        allowed = roles_of(operation)
        role = Role.CUSTOMER if Role.CUSTOMER in allowed else min(allowed)
        wrong = {"nothing": new_id(), "person": owner.id, "method": method_id, "address": address_id}
        wrong |= {"order": order_id, "product": product_id}
        if role is Role.ADMIN:
            del wrong["order"]
        if operation.path.startswith("/api/admin/users"):
            del wrong["person"]
        if operation.path.startswith(("/api/products", "/api/admin/products")):
            del wrong["product"]
        answers = {
            kind: await call(client, operation, people[role].headers, str(one)) for kind, one in wrong.items()
        }
        told = {
            (answer.status_code, answer.json()["code"], answer.json()["error"]) for answer in answers.values()
        }
        assert len(told) == 1, (operation.name, {kind: answer.text for kind, answer in answers.items()})
        assert told.pop()[:2] == (404, "NOT_FOUND"), operation.name


async def test_sockets_refuse_bad_tokens_and_wrong_roles(app: Application, client: httpx.AsyncClient) -> None:
    owner = await signed_in(app)
    order_id = await make_order(app, owner.id)
    ticket = await open_ticket(client, owner)
    [message] = await messages_of(client, owner, ticket)
    payloads = {
        "track-order": {"orderId": str(order_id)},
        "driver-location-update": {"lat": 30.2, "lng": -97.7},
        "join-chat": {"ticketId": ticket["id"]},
        "send-message": {"ticketId": ticket["id"], "message": "Hello?"},
        "typing": {"ticketId": ticket["id"]},
        "mark-read": {"ticketId": ticket["id"], "messageId": message["id"]},
    }
    async with serving(app.asgi) as address:
        for make, _ in BAD_TOKENS:
            io = socketio.AsyncClient(reconnection=False)
            with pytest.raises(socketio.exceptions.ConnectionError):
                await io.connect(address, auth={"token": await make(app, client)}, transports=["websocket"])
            assert not io.connected
        for role in Role:
            person = await signed_in(app, role)
            io = socketio.AsyncClient(reconnection=False)
            await io.connect(address, auth={"token": person.access_token}, transports=["websocket"])
            try:
                for event in (event.name for event in registry.client_events(app.ports)):
                    answer = await io.call(event, payloads[event], timeout=5)
                    if role not in ACCESS.roles(f"SOCKET {event}"):
                        assert (answer["ok"], answer["code"]) == (False, "INSUFFICIENT_PERMISSIONS"), (
                            role,
                            event,
                        )
                    elif role not in SEES_ALL[event]:
                        assert (answer["ok"], answer["code"]) == (False, "NOT_FOUND"), role
                    else:
                        assert answer["ok"] is True, (role, event)
            finally:
                await io.disconnect()
