"""One fact, one message; and each message sent."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

import httpx
import pytest

from factories.identity import mails_to, make_person, outbox, token_in
from faded_skies.bootstrap import Application
from faded_skies.domains.identity.events import PersonRegistered
from faded_skies.domains.notifications import service
from faded_skies.domains.notifications.events import MessageQueued
from faded_skies.domains.notifications.ports import Email, Mailer, Push, Pusher, PushReport
from faded_skies.domains.notifications.rules import Letter
from faded_skies.domains.notifications.subscribers import subscriptions
from faded_skies.platform.db import Database
from faded_skies.platform.events import Event
from faded_skies.platform.outbound import refuse_inside_transaction

Drain = Callable[[], Awaitable[None]]

LETTER = Letter(
    to="maya@example.com",
    subject="Hello",
    full_name="Maya",
    paragraphs=["A secret link."],
    button="Go",
    path="/go?token=s3cr3t",
)
PUSH = Push("Title", "Body", {"type": "promotion", "url": "/promotions/1"})


class Recorder:
    """A mailer and pusher that remembers, and fails as often as told."""

    def __init__(self, *, failures: int = 0, dead: Sequence[str] = ()) -> None:
        self.failures = failures
        self.dead = dead
        self.mails: list[tuple[UUID, Email]] = []
        self.pushes: list[tuple[UUID, Push, list[str]]] = []

    async def send(self, message_id: UUID, email: Email) -> None:
        refuse_inside_transaction("The mailer")
        if self.failures:
            self.failures -= 1
            raise OSError("the mail server is down")
        self.mails.append((message_id, email))

    async def push(
        self, message_id: UUID, push: Push, *, devices: Sequence[str], good_until: datetime | None = None
    ) -> PushReport:
        refuse_inside_transaction("The pusher")
        del good_until
        self.pushes.append((message_id, push, sorted(devices)))
        return PushReport(reached=[token for token in devices if token not in self.dead], gone=self.dead)


async def deliver(app: Application, event: Event) -> None:
    """Run the subscribers of an event, as the worker does."""
    for subscription in subscriptions(app.ports):
        if subscription.event is type(event):
            await subscription.handler(event)


def recording(app: Application, recorder: Recorder) -> Recorder:
    app.ports.provide(Mailer, recorder)
    app.ports.provide(Pusher, recorder)
    return recorder


async def notify(db: Database, user_id: UUID, fact: str, *, push: bool = True) -> None:
    async with db.transaction() as tx:
        await service.notify(
            tx, user_id=user_id, kind="test", fact=fact, letter=LETTER, push=PUSH if push else None
        )


async def test_one_fact_is_told_once_by_each_channel(app: Application, db: Database, drain: Drain) -> None:
    user_id, other = await make_person(app), await make_person(app)
    await notify(db, user_id, "one")
    await notify(db, user_id, "one")
    await notify(db, user_id, "two", push=False)
    await notify(db, other, "one")
    assert await db.fetchval("SELECT count(*) FROM messages") == 5
    assert await db.fetchval("SELECT count(*) FROM pgqueuer") == 5
    await drain()
    assert len(outbox(app).newest(100)) == 5
    rows = await db.fetch(
        "SELECT channel, reason FROM messages WHERE sent_at IS NULL AND dropped_at IS NOT NULL"
    )
    assert [tuple(row) for row in rows] == [("push", "no_device")] * 2
    assert await db.fetchval("SELECT count(*) FROM messages WHERE sent_at IS NOT NULL") == 3


async def test_a_second_run_sends_nothing(app: Application, db: Database) -> None:
    recorder = recording(app, Recorder())
    user_id = await make_person(app)
    await notify(db, user_id, "one")
    ids = [row["id"] for row in await db.fetch("SELECT id FROM messages ORDER BY channel")]
    for message_id in (*ids, *ids, uuid4()):
        await deliver(app, MessageQueued(message_id=message_id))
    assert [message_id for message_id, _ in recorder.mails] == [ids[0]]
    assert recorder.mails[0][1].subject == "Hello"
    assert recorder.pushes == [(ids[1], PUSH, [])]


async def test_a_failed_mail_stays_unsent_and_is_tried_again(app: Application, db: Database) -> None:
    recorder = recording(app, Recorder(failures=1))
    await notify(db, await make_person(app), "one", push=False)
    message_id = await db.fetchval("SELECT id FROM messages")
    with pytest.raises(OSError, match="the mail server is down"):
        await deliver(app, MessageQueued(message_id=message_id))
    assert await db.fetchval("SELECT sent_at FROM messages") is None
    assert recorder.mails == []
    await deliver(app, MessageQueued(message_id=message_id))
    assert [one for one, _ in recorder.mails] == [message_id]
    assert await db.fetchval("SELECT sent_at IS NOT NULL FROM messages") is True


async def test_secrets_leave_the_database_with_the_mail(app: Application, db: Database, drain: Drain) -> None:
    await notify(db, await make_person(app), "one")
    assert "s3cr3t" in await db.fetchval("SELECT content::text FROM messages WHERE channel = 'email'")
    await drain()
    rows = await db.fetch("SELECT content FROM messages ORDER BY channel")
    assert rows[0]["content"] == {"subject": "Hello"}
    assert rows[1]["content"]["title"] == "Title"


async def test_a_push_goes_to_all_devices_and_dead_ones_are_forgotten(app: Application, db: Database) -> None:
    recorder = recording(app, Recorder(dead=["old"]))
    user_id, other = await make_person(app), await make_person(app)
    async with db.transaction() as tx:
        for token in ("old", "new"):
            await service.register_device(tx, user_id=user_id, token=token)
        await service.register_device(tx, user_id=other, token="theirs")
    await notify(db, user_id, "one")
    message_id = await db.fetchval("SELECT id FROM messages WHERE channel = 'push'")
    await deliver(app, MessageQueued(message_id=message_id))
    assert recorder.pushes == [(message_id, PUSH, ["new", "old"])]
    rows = await db.fetch("SELECT token FROM device_tokens ORDER BY token")
    assert [row["token"] for row in rows] == ["new", "theirs"]


async def test_a_welcome_that_runs_twice_is_one_mail_whose_link_works(
    app: Application, client: httpx.AsyncClient, drain: Drain
) -> None:
    user_id = await make_person(app, email="maya@example.com", email_verified=False)
    await deliver(app, PersonRegistered(user_id=user_id))
    await deliver(app, PersonRegistered(user_id=user_id))
    await drain()
    (mail,) = mails_to(app, "maya@example.com")
    assert (await client.post("/api/auth/verify-email", json={"token": token_in(mail)})).status_code == 200


async def test_a_customer_hears_how_the_order_stands(app: Application, db: Database, drain: Drain) -> None:
    user_id = await make_person(app, email="maya@example.com")
    order_id = uuid4()
    for status in ("pending", "preparing", "preparing"):
        async with db.transaction() as tx:
            await service.notify_order_status(
                tx,
                user_id=user_id,
                order_id=order_id,
                order_number="FS-1001",
                status=status,
                message="Your order is being packed.",
            )
    await drain()
    (mail,) = mails_to(app, "maya@example.com")
    assert mail.subject == "We are packing your order: FS-1001"
    assert f"http://localhost:5173/orders/{order_id}" in mail.text
    assert await db.fetchval("SELECT count(*) FROM messages") == 2


async def test_nobody_is_written_to_when_nobody_is_there(app: Application, db: Database) -> None:
    async with db.transaction() as tx:
        await service.notify_order_status(
            tx, user_id=uuid4(), order_id=uuid4(), order_number="1", status="preparing", message="x"
        )
    assert await db.fetchval("SELECT count(*) FROM messages") == 0
