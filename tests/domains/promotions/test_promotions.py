"""Promotions by the door: written, previewed, sent once to who agreed, stopped, counted."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.delivery import make_order
from factories.identity import SignedInPerson, mails_to, make_person, signed_in
from factories.shop import Shopper, give_coins, make_shopper, open_shop
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.notifications.service import Channel, Topic
from faded_skies.domains.notifications.service import sending as sending_module
from faded_skies.domains.places import service as places
from faded_skies.domains.places.service import Circle, Polygon
from faded_skies.domains.promotions import service
from faded_skies.domains.promotions.errors import PostalAddressMissing
from faded_skies.domains.promotions.service import Sending, running
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.calendar import latest_birth
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

Drain = Callable[[], Awaitable[None]]
PATH = "/api/admin/promotions"
NOON = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
WRITTEN: dict[str, Any] = {
    "title": "Edibles <b>",
    "body": "Twenty percent off.\n\nUntil Sunday.",
    "imageUrl": "https://shop.example/edibles.jpg",
}


@pytest.fixture
def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """No quiet hours, whatever the time is; tests/domains/notifications has them."""
    monkeypatch.setattr(sending_module, "SHOPS_QUIET", (0, 0))


@pytest.fixture
async def admin(app: Application) -> SignedInPerson:
    await open_shop(app)
    return await signed_in(app, Role.ADMIN)


async def agreed(app: Application, *, email: str | None = None, device: bool = False, **person: Any) -> UUID:
    """Make a customer who agreed to promotions."""
    user_id = await make_person(app, email=email, **person)
    async with app.ports.db.transaction() as tx:
        await notifications.consent(tx, user_id, given_by="preferences")
        if device:
            await notifications.register_device(tx, user_id=user_id, token=f"device-{user_id}")
    return user_id


async def write(client: httpx.AsyncClient, admin: SignedInPerson, **fields: Any) -> str:
    answer = await client.post(PATH, headers=admin.headers, json=WRITTEN | fields)
    assert answer.status_code == 201, answer.text
    promotion_id: str = answer.json()["promotion"]["id"]
    return promotion_id


async def look(client: httpx.AsyncClient, admin: SignedInPerson, promotion_id: str) -> dict[str, Any]:
    told: dict[str, Any] = (await client.get(f"{PATH}/{promotion_id}", headers=admin.headers)).json()
    return told


async def do(client: httpx.AsyncClient, admin: SignedInPerson, promotion_id: str, step: str) -> Any:
    answer = await client.post(f"{PATH}/{promotion_id}/{step}", headers=admin.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def recipients(db: Database) -> list[UUID]:
    rows = await db.fetch("SELECT user_id FROM promotion_recipients ORDER BY user_id")
    return [row["user_id"] for row in rows]


async def test_it_goes_once_to_who_agreed_and_says_who_was_passed_over(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    by_day: None,
    drain: Drain,
) -> None:
    maya = await agreed(app, email="maya@example.com", device=True)
    by_mail = await agreed(app, email="lee@example.com")
    await make_person(app)  # did not agree
    born = latest_birth(years=21, on=app.ports.get(Sending).adulthood.day(clock.now()))
    await agreed(app, date_of_birth=born + timedelta(days=1))  # 21 tomorrow
    await agreed(app, date_of_birth=None)
    grown = await agreed(app, date_of_birth=born)  # 21 today
    suspended = await agreed(app)
    await db.fetch("UPDATE users SET account_status = 'suspended' WHERE id = $1", suspended)
    await agreed(app, email_verified=False)
    off = await agreed(app)
    async with db.transaction() as tx:
        await notifications.choose(tx, off, [(Topic.PROMOTIONS, Channel.EMAIL, False)])
    await make_person(app, role=Role.DRIVER)
    promotion_id = await write(client, admin)
    skipped = {"no_consent": 1, "under_age": 2, "not_active": 1, "no_channel": 2}
    assert await do(client, admin, promotion_id, "preview") == {"recipients": 3, "skipped": skipped}
    assert await recipients(db) == []
    assert (await do(client, admin, promotion_id, "start"))["promotion"]["state"] == "sending"
    await drain()
    told = await look(client, admin, promotion_id)
    assert told["promotion"]["state"] == "done"
    nothing = {"queued": 0, "sent": 0, "failed": 0, "dropped": {}}
    assert told["counts"] == {
        "audience": 9,
        "lookedAt": 9,
        "recipients": 3,
        "opened": 0,
        "skipped": skipped,
        "email": nothing | {"sent": 3},
        "push": nothing | {"sent": 1},
    }
    assert await recipients(db) == sorted([maya, by_mail, grown])
    (mail,) = mails_to(app, "maya@example.com")
    assert mail.subject == "Edibles <b>"
    assert "Edibles &lt;b&gt;" in mail.html
    assert mail.text.startswith("Hello Maya,\n\nTwenty percent off.\n\nUntil Sunday.\n\n")
    assert "Faded Skies, licence TX-1" in mail.text
    assert f"http://localhost:5173/promotions/{promotion_id}" in mail.text
    assert '<img src="https://shop.example/edibles.jpg"' in mail.html
    assert mail.unsubscribe is not None
    # Whatever runs again, nobody gets it twice.
    sending: Sending = app.ports.get(Sending)
    await db.fetch("UPDATE promotions SET state = 'sending', ended_at = NULL, reached_id = NULL")
    await service.send_batches(db, UUID(promotion_id), sending, now=NOON)
    assert await db.fetchval("SELECT count(*) FROM messages") == 4


async def test_what_a_push_leads_to(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    by_day: None,
    drain: Drain,
) -> None:
    shopper = await signed_in(app)
    async with db.transaction() as tx:
        await notifications.consent(tx, shopper.id, given_by="preferences")
        await notifications.register_device(tx, user_id=shopper.id, token="a")
    promotion_id = await write(client, admin, channels=["push"])
    shown = f"/api/promotions/{promotion_id}"
    assert (await client.get(shown, headers=shopper.headers)).status_code == 404
    await do(client, admin, promotion_id, "start")
    await drain()
    content = await db.fetchval("SELECT content FROM messages")
    assert content["data"] == {"type": "promotion", "url": f"/promotions/{promotion_id}"}
    assert content["body"] == "Twenty percent off. Until Sunday."
    stranger = await signed_in(app)
    for person in (shopper, shopper, stranger):
        told = (await client.get(shown, headers=person.headers)).json()["promotion"]
        assert (told["title"], told["imageUrl"]) == (WRITTEN["title"], WRITTEN["imageUrl"])
        assert set(told) == {"id", "title", "body", "imageUrl", "startedAt"}
    assert (await look(client, admin, promotion_id))["counts"]["opened"] == 1
    notices = "/api/notifications"
    assert (await client.get(notices, headers=shopper.headers)).json()["total"] == 1
    await do(client, admin, promotion_id, "stop")
    assert (await client.get(shown, headers=shopper.headers)).status_code == 404
    # What leads there is gone with it.
    told = (await client.get(notices, headers=shopper.headers)).json()
    assert (told["notifications"], told["unread"]) == ([], 0)


async def test_batches_keep_the_pace_and_are_resumed(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    people = sorted([await agreed(app) for _ in range(7)])
    promotion_id = await write(client, admin)
    sending = Sending(
        adulthood=app.ports.get(Sending).adulthood,
        needs_postal_address=False,
        most_a_minute=3,
    )
    async with db.transaction() as tx:
        await service.start(tx, UUID(promotion_id), sending, at=None, actor_id=admin.id, now=NOON)
    for second, number in ((0, 3), (30, 3), (61, 6), (90, 6), (122, 7)):
        now = NOON + timedelta(seconds=second)
        await service.send_batches(db, UUID(promotion_id), sending, now=now)
        assert await recipients(db) == people[:number], second
        progress = (await look(client, admin, promotion_id))["counts"]
        assert (progress["lookedAt"], progress["audience"]) == (number, 7)
    assert (await look(client, admin, promotion_id))["promotion"]["state"] == "done"


async def test_a_batch_that_fails_leaves_nothing_and_is_done_again(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(5):
        await agreed(app)
    promotion_id = await write(client, admin)
    sending: Sending = app.ports.get(Sending)
    async with db.transaction() as tx:
        await service.start(tx, UUID(promotion_id), sending, at=None, actor_id=admin.id, now=NOON)
    promote, calls = notifications.promote, 0

    async def fails_at_the_fourth(*values: Any, **named: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise ConnectionResetError
        await promote(*values, **named)

    monkeypatch.setattr(notifications, "promote", fails_at_the_fourth)
    with pytest.raises(ConnectionResetError):
        await service.send_batches(db, UUID(promotion_id), sending, now=NOON)
    assert (await recipients(db), await db.fetchval("SELECT count(*) FROM messages")) == ([], 0)
    await service.send_batches(db, UUID(promotion_id), sending, now=NOON)
    assert len(await recipients(db)) == await db.fetchval("SELECT count(*) FROM messages") == 5


async def test_two_senders_and_a_stop_at_once(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    admin: SignedInPerson,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "BATCH", 1)
    for _ in range(8):
        await agreed(app)
    promotion_id = await write(client, admin)
    sending: Sending = app.ports.get(Sending)
    async with db.transaction() as tx:
        await service.start(tx, UUID(promotion_id), sending, at=None, actor_id=admin.id, now=NOON)
    await asyncio.gather(
        *(service.send_batches(db, UUID(promotion_id), sending, now=NOON) for _ in range(2)),
        client.post(f"{PATH}/{promotion_id}/stop", headers=admin.headers),
    )
    told = await look(client, admin, promotion_id)
    assert told["promotion"]["state"] == "stopped"
    reached, counts = await recipients(db), told["counts"]
    assert len(reached) == counts["lookedAt"] == counts["recipients"]
    # Whatever was queued before the stop is kept back by it.
    assert counts["email"] == {
        "queued": 0,
        "sent": 0,
        "failed": 0,
        "dropped": {"stopped": len(reached)} if reached else {},
    }
    await service.send_batches(db, UUID(promotion_id), sending, now=NOON + timedelta(minutes=2))
    assert await recipients(db) == reached


async def test_a_promotion_for_later_waits_and_can_be_stopped_before(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    await agreed(app)
    sending: Sending = app.ports.get(Sending)
    now = clock.now()
    ids = [await write(client, admin) for _ in range(2)]
    later = {"startsAt": (now + timedelta(hours=1)).isoformat()}
    for promotion_id in ids:
        answer = await client.post(f"{PATH}/{promotion_id}/start", headers=admin.headers, json=later)
        assert answer.json()["promotion"]["state"] == "scheduled"
    await do(client, admin, ids[1], "stop")
    await service.start_due(db, sending, now=now + timedelta(minutes=59))
    assert (await look(client, admin, ids[0]))["promotion"]["state"] == "scheduled"
    for _ in range(2):
        await service.start_due(db, sending, now=now + timedelta(minutes=61))
    states = [(await look(client, admin, one))["promotion"]["state"] for one in ids]
    assert states == ["sending", "stopped"]
    assert await db.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'promotions.send'") == 1


@pytest.mark.parametrize(
    "starts_at",
    [
        "0",
        0,
        "2026-12-01",
        "2026-12-01T17:00:00",
        "tomorrow",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
    ],
)
async def test_another_time_is_refused(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson, starts_at: object
) -> None:
    promotion_id = await write(client, admin)
    body = {"startsAt": starts_at}
    answer = await client.post(f"{PATH}/{promotion_id}/start", headers=admin.headers, json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "startsAt")
    assert await db.fetchval("SELECT state FROM promotions") == "draft"


class TestSegments:
    async def preview(self, client: httpx.AsyncClient, admin: SignedInPerson, **segment: Any) -> int:
        promotion_id = await write(client, admin, segment=segment)
        number: int = (await do(client, admin, promotion_id, "preview"))["recipients"]
        return number

    @pytest.fixture
    async def shoppers(self, app: Application, client: httpx.AsyncClient, db: Database) -> list[Shopper]:
        """Three who agreed: one bought for $49 ten days ago, one for $24.50 a year ago, one nothing."""
        driver = await make_person(app, role=Role.DRIVER)
        made = [await make_shopper(app, client) for _ in range(3)]
        for shopper, days, number in ((made[0], 10, 2), (made[1], 365, 1)):
            for _ in range(number):
                order_id = await make_order(app, shopper.id, driver_id=driver)
                at = clock.now() - timedelta(days=days)
                await db.fetch(
                    "UPDATE orders SET status = 'delivered', eta_at = NULL, delivered_at = $2 WHERE id = $1",
                    order_id,
                    at,
                )
        await make_order(app, made[2].id)  # on its way: counts for nothing
        async with db.transaction() as tx:
            for shopper in made:
                await notifications.consent(tx, shopper.id, given_by="preferences")
        return made

    @pytest.mark.parametrize(
        ("segment", "number"),
        [
            ({}, 3),
            ({"orderedWithinDays": 9}, 0),
            ({"orderedWithinDays": 11}, 1),
            ({"orderedWithinDays": 400}, 2),
            ({"notOrderedWithinDays": 11}, 2),
            ({"notOrderedWithinDays": 400}, 1),
            ({"orderedWithinDays": 400, "notOrderedWithinDays": 30}, 1),
            ({"minSpent": 49}, 1),
            ({"minSpent": 49.01}, 0),
            ({"minSpent": 0}, 3),
            ({"zipCodes": ["78701"]}, 3),
            ({"zipCodes": ["78702", "10001"]}, 0),
            ({"minPoints": 1}, 0),
        ],
    )
    @pytest.mark.usefixtures("shoppers")
    async def test_by_orders_money_and_place(
        self,
        client: httpx.AsyncClient,
        admin: SignedInPerson,
        segment: dict[str, Any],
        number: int,
    ) -> None:
        assert await self.preview(client, admin, **segment) == number

    async def test_by_points(
        self, app: Application, client: httpx.AsyncClient, admin: SignedInPerson, shoppers: list[Shopper]
    ) -> None:
        await give_coins(app, shoppers[0], 500)
        await give_coins(app, shoppers[1], 499)
        assert await self.preview(client, admin, minPoints=500) == 1

    async def test_refunds_are_no_spending(
        self, client: httpx.AsyncClient, db: Database, admin: SignedInPerson, shoppers: list[Shopper]
    ) -> None:
        await db.fetch("UPDATE orders SET refunded_cents = 1 WHERE user_id = $1", shoppers[0].id)
        assert await self.preview(client, admin, minSpent=49) == 0

    @pytest.mark.parametrize(
        ("shape", "number"),
        [
            (Circle(30.2672, -97.7431, 500), 3),
            (Circle(30.30, -97.7431, 3_000), 0),
            (Polygon((((30.0, -98.0), (31.0, -98.0), (31.0, -97.0), (30.0, -97.0)),)), 3),
            (
                Polygon(
                    (
                        ((30.0, -98.0), (31.0, -98.0), (31.0, -97.0), (30.0, -97.0)),
                        ((30.2, -97.8), (30.3, -97.8), (30.3, -97.7), (30.2, -97.7)),
                    )
                ),
                0,
            ),
        ],
    )
    @pytest.mark.usefixtures("shoppers")
    async def test_by_area(
        self,
        app: Application,
        client: httpx.AsyncClient,
        admin: SignedInPerson,
        shape: Circle | Polygon,
        number: int,
    ) -> None:
        area = places.ServiceArea(
            id=new_id(),
            name="Another",
            shape=shape,
            fee_cents=0,
            minimum_cents=0,
            opens_minute=0,
            closes_minute=1440,
        )
        async with app.ports.db.transaction() as tx:
            await places.add_area(tx, area)
        assert await self.preview(client, admin, areaId=str(area.id)) == number

    async def test_an_area_that_is_none(self, client: httpx.AsyncClient, admin: SignedInPerson) -> None:
        body = WRITTEN | {"segment": {"areaId": str(new_id())}}
        answer = await client.post(PATH, headers=admin.headers, json=body)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "segment.areaId")


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "Two\nlines"},
        {"title": "x" * 101},
        {"body": " "},
        {"body": "x" * 2001},
        {"imageUrl": "http://shop.example/a.jpg"},
        {"imageUrl": 'https://shop.example/"><script>'},
        {"imageUrl": "javascript:alert(1)"},
        {"channels": []},
        {"channels": ["sms"]},
        {"segment": {"zipCodes": ["7870"]}},
        {"segment": {"zipCodes": ["78701'--"]}},
        {"segment": {"orderedWithinDays": 0}},
        {"segment": {"minSpent": -1}},
        {"segment": {"minSpent": "49"}},
        {"segment": {"sql": "true"}},
        {"state": "sending"},
    ],
)
async def test_other_bodies_are_refused(
    client: httpx.AsyncClient, db: Database, admin: SignedInPerson, fields: dict[str, Any]
) -> None:
    answer = await client.post(PATH, headers=admin.headers, json=WRITTEN | fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await db.fetchval("SELECT count(*) FROM promotions") == 0


async def test_only_a_draft_is_changed_and_started_and_a_stop_happens_once(
    app: Application, client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    promotion_id = await write(client, admin)
    before = (await client.get(f"{PATH}/{promotion_id}", headers=admin.headers)).json()["promotion"]
    changed = await client.patch(f"{PATH}/{promotion_id}", headers=admin.headers, json={"title": "Flower"})
    assert changed.json()["promotion"] == before | {"title": "Flower"}
    starts = await asyncio.gather(
        *(client.post(f"{PATH}/{promotion_id}/start", headers=admin.headers) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in starts) == [200, 409, 409]
    for refused in (
        await client.patch(f"{PATH}/{promotion_id}", headers=admin.headers, json={"title": "Edibles"}),
        await client.delete(f"{PATH}/{promotion_id}", headers=admin.headers),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "INVALID_STATE")
    stops = await asyncio.gather(
        *(client.post(f"{PATH}/{promotion_id}/stop", headers=admin.headers) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in stops) == [200, 409, 409]
    actions = await app.ports.db.fetch(
        "SELECT action FROM audit_log WHERE action LIKE 'promotion.%' ORDER BY id"
    )
    assert [row["action"] for row in actions] == [
        "promotion.created",
        "promotion.changed",
        "promotion.started",
        "promotion.stopped",
    ]


async def test_changes_of_a_draft_at_once_are_all_kept(
    client: httpx.AsyncClient, admin: SignedInPerson
) -> None:
    path = f"{PATH}/{await write(client, admin)}"
    changes: list[dict[str, Any]] = [
        {"title": "Flower"},
        {"body": "Ten percent off."},
        {"imageUrl": None},
        {"channels": ["push"]},
        {"segment": {"minPoints": 5}},
    ]
    answers = await asyncio.gather(
        *(client.patch(path, headers=admin.headers, json=change) for change in changes)
    )
    assert [answer.status_code for answer in answers] == [200] * len(changes)
    told = (await client.get(path, headers=admin.headers)).json()["promotion"]
    assert (told["title"], told["body"], told["imageUrl"], told["channels"]) == (
        "Flower",
        "Ten percent off.",
        None,
        ["push"],
    )
    assert {name: value for name, value in told["segment"].items() if value} == {"minPoints": 5}


async def test_a_draft_is_thrown_away_once(client: httpx.AsyncClient, admin: SignedInPerson) -> None:
    path = f"{PATH}/{await write(client, admin)}"
    gone = await asyncio.gather(*(client.delete(path, headers=admin.headers) for _ in range(3)))
    assert sorted(answer.status_code for answer in gone) == [204, 404, 404]
    assert (await client.get(path, headers=admin.headers)).status_code == 404


async def test_offers_by_mail_say_where_the_shop_is(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    sending = Sending(app.ports.get(Sending).adulthood, needs_postal_address=True, most_a_minute=300)

    async def start(promotion_id: str) -> None:
        async with db.transaction() as tx:
            await service.start(tx, UUID(promotion_id), sending, at=None, actor_id=admin.id, now=NOON)
        await service.send_batches(db, UUID(promotion_id), sending, now=NOON)

    await agreed(app, device=True)
    with pytest.raises(PostalAddressMissing):
        await start(await write(client, admin))
    await start(await write(client, admin, channels=["push"]))
    await db.fetch(
        "UPDATE shop SET legal_name = 'Faded Skies LLC', address = E'1 Main St\n  Austin, TX 78701'"
    )
    await start(await write(client, admin, channels=["email"]))
    content = await db.fetchval("SELECT content FROM messages WHERE channel = 'email'")
    assert content["small_print"] == ["Faded Skies LLC, licence TX-1", "1 Main St Austin, TX 78701"]


async def test_an_address_that_went_before_a_later_start_holds_the_promotion_and_admins_hear_of_it(
    app: Application, client: httpx.AsyncClient, db: Database, admin: SignedInPerson
) -> None:
    sending = Sending(app.ports.get(Sending).adulthood, needs_postal_address=True, most_a_minute=300)
    await db.fetch("UPDATE shop SET address = '1 Main St'")
    ids = [UUID(await write(client, admin, channels=[channel])) for channel in ("email", "push")]
    for promotion_id in ids:
        async with db.transaction() as tx:
            at = NOON + timedelta(hours=1)
            await service.start(tx, promotion_id, sending, at=at, actor_id=admin.id, now=NOON)
    await db.fetch("UPDATE shop SET address = NULL")
    for minutes in (60, 61):
        await service.start_due(db, sending, now=NOON + timedelta(minutes=minutes))
    states = [(await look(client, admin, str(one)))["promotion"]["state"] for one in ids]
    assert states == ["scheduled", "sending"]
    (alarm,) = (await client.get("/api/notifications", headers=admin.headers)).json()["notifications"]
    assert alarm["title"] == "A promotion waits for the shop's address"
    await db.fetch("UPDATE shop SET address = '1 Main St'")
    await service.start_due(db, sending, now=NOON + timedelta(minutes=62))
    assert (await look(client, admin, str(ids[0])))["promotion"]["state"] == "sending"
