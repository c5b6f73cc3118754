"""What people choose to hear of, the app's own list, and the link that ends offers."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from factories.identity import SignedInPerson, make_person, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications import service
from faded_skies.domains.notifications.rules import Letter, Push
from faded_skies.domains.notifications.service import WORDING, unsubscribe_token
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id

PATH = "/api/notifications/preferences"


async def change(client: httpx.AsyncClient, person: SignedInPerson, **body: Any) -> dict[str, Any]:
    answer = await client.put(PATH, headers=person.headers, json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()["preferences"]
    return told


async def tell(db: Database, user_id: UUID, kind: str, fact: str) -> list[str]:
    """Write a mail and a push of a kind; returns by which channels they were queued."""
    async with db.transaction() as tx:
        letter = Letter("maya@example.com", f"About {fact}", "Maya", ["Told."], "Go", "/go?token=s3cr3t")
        await service.notify(
            tx, user_id=user_id, kind=kind, fact=fact, letter=letter, push=Push("T", "B", {"type": "x"})
        )
    rows = await db.fetch("SELECT channel FROM messages WHERE fact = $1 ORDER BY channel", fact)
    return [row["channel"] for row in rows]


def enabled(told: dict[str, Any]) -> dict[str, bool]:
    return {f"{one['topic']}.{one['channel']}": one["enabled"] for one in told["topics"]}


async def test_all_is_on_at_first_but_offers_need_consent(
    app: Application, client: httpx.AsyncClient
) -> None:
    person = await signed_in(app)
    told = (await client.get(PATH, headers=person.headers)).json()["preferences"]
    assert len(told["topics"]) == 14
    assert set(enabled(told).values()) == {True}
    assert {f"{one['topic']}.{one['channel']}" for one in told["topics"] if one["locked"]} == {
        "account.email",
        "purchases.email",
    }
    assert told["promotions"] == {"consented": False, "since": None, "source": None, "wording": WORDING}
    assert told["quietHours"] == {
        "start": "21:00",
        "end": "08:00",
        "timeZone": "America/Chicago",
        "own": False,
    }


async def test_what_is_switched_off_is_not_sent_but_stands_in_the_list(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    off = [{"topic": "orders", "channel": channel, "enabled": False} for channel in ("email", "push")]
    told = await change(client, person, topics=off)
    assert [name for name, on in enabled(told).items() if not on] == ["orders.email", "orders.push"]
    assert await tell(db, person.id, "order_status", "status") == []
    assert await tell(db, person.id, "eta", "eta") == ["email", "push"]
    listed = (await client.get("/api/notifications", headers=person.headers)).json()
    assert (listed["total"], listed["unread"]) == (2, 2)
    await change(client, person, topics=[{"topic": "orders", "channel": "push", "enabled": True}])
    assert await tell(db, person.id, "order_status", "another") == ["push"]


@pytest.mark.parametrize("topic", ["account", "purchases"])
async def test_security_and_purchases_by_mail_cannot_be_switched_off(
    app: Application, client: httpx.AsyncClient, db: Database, topic: str
) -> None:
    person = await signed_in(app)
    for channel, code in (("email", 422), ("push", 200)):
        body = {"topics": [{"topic": topic, "channel": channel, "enabled": False}]}
        answer = await client.put(PATH, headers=person.headers, json=body)
        assert answer.status_code == code, answer.text
    kind = {"account": "password_changed", "purchases": "refund"}[topic]
    # Also when a row says so, as an older release or a mistake might.
    await db.fetch("INSERT INTO notification_choices VALUES ($1, $2, 'email', false)", person.id, topic)
    assert await tell(db, person.id, kind, "one") == ["email"]


async def test_consent_is_kept_with_time_and_words_and_so_is_its_end(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    for _ in range(2):
        told = await change(client, person, promotions=True)
        assert (told["promotions"]["consented"], told["promotions"]["source"]) == (True, "preferences")
    assert (await change(client, person, topics=[]))["promotions"]["consented"] is True
    assert (await change(client, person, promotions=False))["promotions"]["consented"] is False
    await change(client, person, promotions=True)
    rows = await db.fetch("SELECT * FROM promotion_consents ORDER BY given_at")
    assert [(row["wording"], row["given_by"], row["withdrawn_by"]) for row in rows] == [
        (WORDING, "preferences", "preferences"),
        (WORDING, "preferences", None),
    ]


async def test_two_consents_at_once_are_one(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    answers = await asyncio.gather(
        *(client.put(PATH, headers=person.headers, json={"promotions": True}) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert await db.fetchval("SELECT count(*) FROM promotion_consents") == 1


async def test_quiet_hours_of_ones_own(app: Application, client: httpx.AsyncClient) -> None:
    person = await signed_in(app)
    own = {"start": "20:00", "end": "09:30", "timeZone": "America/Los_Angeles"}
    assert (await change(client, person, quietHours=own))["quietHours"] == own | {"own": True}
    assert (await change(client, person, promotions=True))["quietHours"]["own"] is True
    assert (await change(client, person, quietHours=None))["quietHours"]["own"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"topics": [{"topic": "gossip", "channel": "email", "enabled": True}]},
        {"topics": [{"topic": "orders", "channel": "sms", "enabled": True}]},
        {"topics": [{"topic": "orders", "channel": "email", "enabled": "yes"}]},
        {"topics": [{"topic": "orders", "channel": "email"}]},
        {"topics": [{"topic": "orders", "channel": "email", "enabled": True}] * 15},
        {"promotions": 1},
        {"quietHours": {"start": "24:00", "end": "08:00", "timeZone": "America/Chicago"}},
        {"quietHours": {"start": "20:00", "end": "8:00", "timeZone": "America/Chicago"}},
        {"quietHours": {"start": "20:00", "end": "08:00", "timeZone": "../../etc/passwd"}},
        {"quietHours": {"start": "20:00", "end": "08:00"}},
        {"everything": True},
    ],
)
async def test_other_bodies_are_refused(
    app: Application, client: httpx.AsyncClient, db: Database, body: dict[str, Any]
) -> None:
    person = await signed_in(app)
    answer = await client.put(PATH, headers=person.headers, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert await db.fetchval("SELECT count(*) FROM promotion_consents") == 0


async def test_the_list_is_ones_own_and_is_read_one_by_one_or_whole(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person, other = await signed_in(app), await signed_in(app)
    for number in range(3):
        await tell(db, person.id, "password_changed", f"fact {number}")
        await tell(db, person.id, "password_changed", f"fact {number}")
    await tell(db, other.id, "password_changed", "theirs")
    path = "/api/notifications"
    page = (await client.get(path, headers=person.headers, params={"limit": 2})).json()
    assert (page["total"], page["hasMore"], page["unread"]) == (3, True, 3)
    assert "s3cr3t" not in str(page)
    first = page["notifications"][0]
    assert (first["title"], first["readAt"], first["data"]) == ("T", None, {"type": "x"})
    reading = f"{path}/{first['id']}/read"
    assert (await client.post(reading, headers=other.headers)).status_code == 404
    read = (await client.post(reading, headers=person.headers)).json()["notification"]
    assert read["readAt"] is not None
    assert (await client.post(reading, headers=person.headers)).json()["notification"] == read
    unread = (await client.get(path, headers=person.headers, params={"unread": "true"})).json()
    assert (unread["total"], unread["unread"], len(unread["notifications"])) == (2, 2, 2)
    assert (await client.post(f"{path}/read-all", headers=person.headers)).json() == {"unread": 0}
    assert (await client.get(path, headers=other.headers)).json()["unread"] == 1


async def test_a_letter_without_a_push_is_listed_without_its_link(
    app: Application, client: httpx.AsyncClient, db: Database
) -> None:
    person = await signed_in(app)
    async with db.transaction() as tx:
        await service.mail_password_changed(tx, user_id=person.id, change_id=new_id())
    (one,) = (await client.get("/api/notifications", headers=person.headers)).json()["notifications"]
    assert (one["title"], one["data"]) == ("Your password was changed", {})
    assert one["body"].startswith("A new password was chosen")


async def test_nobody_who_left_is_told_anything(app: Application, db: Database) -> None:
    user_id = await make_person(app)
    await db.fetch("UPDATE users SET account_status = 'closed' WHERE id = $1", user_id)
    assert await tell(db, user_id, "password_changed", "one") == []
    assert await db.fetchval("SELECT count(*) FROM notices") == 0


class TestTheLink:
    @pytest.fixture
    async def person(self, app: Application, client: httpx.AsyncClient) -> SignedInPerson:
        person = await signed_in(app)
        await change(client, person, promotions=True)
        return person

    @pytest.fixture
    def link(self, app: Application, person: SignedInPerson) -> str:
        token = unsubscribe_token(app.ports.purpose_keys, person.id)
        return f"/api/notifications/unsubscribe/{token}"

    async def ends(self, db: Database) -> list[str | None]:
        rows = await db.fetch("SELECT withdrawn_by FROM promotion_consents")
        return [row["withdrawn_by"] for row in rows]

    async def test_looking_at_it_changes_nothing(
        self, client: httpx.AsyncClient, db: Database, link: str
    ) -> None:
        page = await client.get(link)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert '<form method="post">' in page.text
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert (await client.head(link)).status_code in {200, 405}
        assert await self.ends(db) == [None]

    async def test_a_mail_program_ends_offers_by_one_click(
        self, client: httpx.AsyncClient, db: Database, link: str
    ) -> None:
        # RFC 8058 §3.1: no cookies, no credentials; either form of the body.
        bodies: list[dict[str, Any]] = [
            {"data": {"List-Unsubscribe": "One-Click"}},
            {"files": {"List-Unsubscribe": (None, "One-Click")}},
        ]
        for body in bodies:
            assert (await client.post(link, **body)).status_code == 200
        assert await self.ends(db) == ["one_click"]

    async def test_a_person_ends_offers_by_the_page(
        self, client: httpx.AsyncClient, db: Database, person: SignedInPerson, link: str
    ) -> None:
        assert (await client.post(link, data={"confirmed": "yes"})).status_code == 200
        assert await self.ends(db) == ["unsubscribe_link"]
        told = (await client.get(PATH, headers=person.headers)).json()["preferences"]
        assert told["promotions"]["consented"] is False

    async def test_a_link_we_did_not_write_ends_nothing(
        self, app: Application, client: httpx.AsyncClient, db: Database, link: str
    ) -> None:
        path, _, token = link.rpartition("/")
        other = unsubscribe_token(app.ports.purpose_keys, new_id())
        flipped = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
        # The mac of one person under the id of another.
        mixed = token[:21] + other[21:]
        for wrong in (flipped, mixed, token[:20], "x", "%00", "é", "A" * 43, "A" * 101):
            for method in ("GET", "POST"):
                answer = await client.request(method, f"{path}/{wrong}")
                assert answer.status_code in {404, 422}, wrong
        assert await self.ends(db) == [None]
