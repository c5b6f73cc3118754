"""Staff need a second factor where the shop does not say otherwise."""

import httpx
import pytest
import socketio

from factories.identity import PASSWORD, sign_in, signed_in
from factories.operations import operations_of
from factories.second_factor import challenge, enrol, give
from faded_skies.bootstrap import Application
from faded_skies.permissions import TABLE
from faded_skies.platform.access import Access
from faded_skies.platform.actor import Owed, Role
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings
from servers import serving

ACCESS = Access(TABLE)
STAFF = [Role.ADMIN, Role.AGENT]
OPEN = {
    "GET /api/users/mfa",
    "POST /api/users/mfa",
    "POST /api/users/mfa/confirm",
    "GET /api/users/profile",
    "POST /api/auth/logout",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mfa_required": True})


def test_it_is_required_unless_the_shop_says_otherwise() -> None:
    assert Settings.model_fields["mfa_required"].default is True


def test_the_table_leaves_only_the_way_to_it_open() -> None:
    doors = {door for one in TABLE if Owed.SECOND_FACTOR in one.while_owing for door in one.doors}
    assert doors == OPEN


@pytest.mark.parametrize("role", STAFF)
async def test_who_owes_it_may_only_turn_it_on(
    app: Application, client: httpx.AsyncClient, role: Role
) -> None:
    person = await signed_in(app, role)
    seen = set()
    for operation in await operations_of(client):
        if role not in ACCESS.roles(operation.name):
            continue
        if operation.name == "POST /api/auth/logout":
            continue
        path = operation.path
        for name in operation.ids:
            path = path.replace(f"{{{name}}}", str(person.id))
        answer = await client.request(operation.method, path, headers=person.headers, json=operation.example)
        seen.add(operation.name)
        if operation.name in OPEN:
            assert answer.status_code != 403, operation.name
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "MFA_REQUIRED"), operation.name
            assert "POST /api/users/mfa" in answer.json()["error"]
    assert OPEN - {"POST /api/auth/logout"} <= seen
    assert (await client.post("/api/auth/logout", headers=person.headers)).status_code == 204


@pytest.mark.parametrize("role", STAFF)
async def test_turning_it_on_opens_the_rest_here_and_at_each_sign_in(
    app: Application, client: httpx.AsyncClient, db: Database, role: Role
) -> None:
    person = await signed_in(app, role)
    status = await client.get("/api/users/mfa", headers=person.headers)
    assert (status.json()["enabled"], status.json()["required"]) == (False, True)
    phone = await enrol(client, person)
    assert (await client.get("/api/cart", headers=person.headers)).status_code == 200
    answer = await give(client, await challenge(client, person.email), phone.code())
    headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    assert (await client.get("/api/cart", headers=headers)).status_code == 200
    renewed = await client.post(
        "/api/auth/refresh-token", json={"refreshToken": answer.json()["refreshToken"]}
    )
    headers = {"Authorization": f"Bearer {renewed.json()['accessToken']}"}
    assert (await client.get("/api/cart", headers=headers)).status_code == 200


async def test_staff_cannot_turn_it_off_but_replace_it(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app, Role.ADMIN)
    phone = await enrol(client, person)
    answer = await client.request(
        "DELETE", "/api/users/mfa", headers=person.headers, json={"password": PASSWORD, "code": phone.code()}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")
    assert await db.fetchval("SELECT count(*) FROM second_factors") == 1
    # The refusal spent nothing: the same code still replaces it.
    new = await enrol(client, person, code=phone.code())
    assert (await give(client, await challenge(client, person.email), new.code())).status_code == 200


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.DRIVER])
async def test_others_may_have_one_and_need_none(
    app: Application, client: httpx.AsyncClient, role: Role
) -> None:
    person = await signed_in(app, role)
    status = await client.get("/api/users/mfa", headers=person.headers)
    assert (status.json()["enabled"], status.json()["required"]) == (False, False)
    assert (await client.get("/api/cart", headers=person.headers)).status_code == 200
    phone = await enrol(client, person)
    body = {"password": PASSWORD, "code": phone.code()}
    removed = await client.request("DELETE", "/api/users/mfa", headers=person.headers, json=body)
    assert removed.status_code == 204


async def test_who_becomes_staff_owes_it_at_once(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    await db.fetch("UPDATE users SET role = 'admin'")
    answer = await client.get("/api/admin/orders", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "MFA_REQUIRED")
    await enrol(client, person)
    assert (await client.get("/api/admin/orders", headers=person.headers)).status_code == 200


async def test_a_session_that_was_not_checked_owes_it_though_there_is_one(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app, Role.ADMIN)
    await enrol(client, person)
    await db.fetch("UPDATE sessions SET second_factor_at = NULL")
    answer = await client.get("/api/admin/orders", headers=person.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "MFA_REQUIRED")


async def test_sockets_refuse_who_owes_it(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app, Role.AGENT)
    async with serving(app.asgi) as address:
        io = socketio.AsyncClient(reconnection=False)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await io.connect(address, auth={"token": person.access_token}, transports=["websocket"])
        assert not io.connected
        await enrol(client, person)
        io = socketio.AsyncClient(reconnection=False)
        await io.connect(address, auth={"token": person.access_token}, transports=["websocket"])
        assert io.connected
        await io.disconnect()


class TestNotRequired:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"mfa_required": False})

    async def test_staff_come_in_without_and_may_turn_it_off(
        self, app: Application, client: httpx.AsyncClient
    ) -> None:
        person = await signed_in(app, Role.ADMIN)
        assert (await client.get("/api/admin/orders", headers=person.headers)).status_code == 200
        phone = await enrol(client, person)
        body = {"password": PASSWORD, "code": phone.code()}
        removed = await client.request("DELETE", "/api/users/mfa", headers=person.headers, json=body)
        assert removed.status_code == 204
        assert (await sign_in(client, person.email)).id == person.id
