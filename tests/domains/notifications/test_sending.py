"""What becomes of a message that cannot go now, never, or only to some devices; and quiet hours."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest

from factories.figures import watch_counter
from factories.identity import make_person, signed_in
from faded_skies.bootstrap import Application
from faded_skies.domains.notifications import rules, service
from faded_skies.domains.notifications.ports import (
    Delayed,
    Email,
    Mailer,
    Push,
    Pusher,
    PushReport,
    Undeliverable,
)
from faded_skies.domains.notifications.rules import Letter, Promoted, QuietHours, quiet_until
from faded_skies.domains.notifications.service import Channel, Post, sending
from faded_skies.domains.notifications.subscribers import _post
from faded_skies.platform.actor import Role
from faded_skies.platform.db import Database, Row
from faded_skies.platform.ids import new_id

NOON = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)  # 12:00 in Chicago
NIGHT = datetime(2026, 11, 28, 4, 30, tzinfo=UTC)  # 22:30 in Chicago
MORNING = datetime(2026, 11, 28, 14, 0, tzinfo=UTC)  # 08:00 in Chicago

LETTER = Letter("maya@example.com", "Hello", "Maya", ["A secret link."], "Go", "/go?token=s3cr3t")
PUSH = Push("Title", "Body", {"type": "order_update"})


@dataclass
class Scripted:
    """A mailer and pusher that does what the script says, once for each entry; then everything arrives."""

    mails: list[Exception] = field(default_factory=list)
    pushes: list[PushReport | Exception] = field(default_factory=list)
    sent: list[Email] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    good_until: list[datetime | None] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event | None = None

    async def send(self, message_id: UUID, email: Email) -> None:
        del message_id
        self.begun.set()
        if self.goes_on is not None:
            await self.goes_on.wait()
        if self.mails:
            raise self.mails.pop(0)
        self.sent.append(email)

    async def push(
        self, message_id: UUID, push: Push, *, devices: Sequence[str], good_until: datetime | None = None
    ) -> PushReport:
        del message_id, push
        self.good_until.append(good_until)
        self.asked.append(list(devices))
        answer = self.pushes.pop(0) if self.pushes else PushReport(reached=devices)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def script(app: Application) -> Scripted:
    scripted = Scripted()
    app.ports.provide(Mailer, scripted)
    app.ports.provide(Pusher, scripted)
    return scripted


@pytest.fixture
def post(app: Application, script: Scripted) -> Post:
    return _post(app.ports)


async def queue(
    db: Database,
    user_id: UUID,
    *,
    letter: Letter | None = None,
    push: Push | None = None,
    good_until: datetime | None = None,
) -> UUID:
    async with db.transaction() as tx:
        await service.notify(
            tx, user_id=user_id, kind="test", fact="one", letter=letter, push=push, good_until=good_until
        )
    message_id: UUID = await db.fetchval("SELECT id FROM messages")
    return message_id


async def row_of(db: Database, message_id: UUID) -> Row:
    row = await db.fetchrow("SELECT * FROM messages WHERE id = $1", message_id)
    assert row is not None
    return row


async def work(db: Database, post: Post) -> None:
    """Do the queued sendings by the scripted post; the worker of `app` has the outbox."""
    for job in await db.fetch(
        "DELETE FROM pgqueuer WHERE entrypoint = 'notifications.send' RETURNING payload"
    ):
        await service.send(post, UUID(orjson.loads(job["payload"])["message_id"]), now=datetime.now(UTC))


async def jobs(db: Database) -> int:
    number: int = await db.fetchval("SELECT count(*) FROM pgqueuer")
    return number


async def test_a_mail_that_is_delayed_waits_longer_each_time_and_goes_in_the_end(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    message_id = await queue(db, await make_person(app), letter=LETTER)
    counted = watch_counter("faded_skies_messages_total")
    script.mails = [Delayed("451 greylisted"), Delayed("the mail server cannot be used: OSError")]
    await work(db, post)  # the first attempt is by the queued job
    now = datetime.now(UTC)
    row = await row_of(db, message_id)
    assert (row["attempts"], row["reason"], row["sent_at"]) == (1, "451 greylisted", None)
    assert timedelta(seconds=50) < row["next_try_at"] - now < timedelta(seconds=61)
    # A job that comes while it waits does nothing.
    await service.send(post, message_id, now=now)
    assert len(script.mails) == 1
    async with db.transaction() as tx:
        await service.send_due(tx, now=now)
    assert await jobs(db) == 0
    later = now + timedelta(minutes=1)
    for _ in range(2):  # due once, queued once
        async with db.transaction() as tx:
            await service.send_due(tx, now=later)
    assert await jobs(db) == 1
    await work(db, post)
    row = await row_of(db, message_id)
    assert row["attempts"] == 2
    assert timedelta(seconds=110) < row["next_try_at"] - datetime.now(UTC) < timedelta(seconds=121)
    async with db.transaction() as tx:
        await service.send_due(tx, now=later + timedelta(minutes=5))
    await work(db, post)
    row = await row_of(db, message_id)
    assert (row["sent_at"] is not None, row["reason"], row["content"]) == (True, None, {"subject": "Hello"})
    assert [mail.subject for mail in script.sent] == ["Hello"]
    assert counted() == {("email", "delayed"): 2, ("email", "sent"): 1}


async def test_of_two_senders_of_one_message_one_sends(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    message_id = await queue(db, await make_person(app), letter=LETTER)
    script.goes_on = asyncio.Event()
    async with asyncio.TaskGroup() as senders:
        senders.create_task(service.send(post, message_id, now=NOON))
        await script.begun.wait()
        other = _post(app.ports)  # another worker, which has turns of its own
        await asyncio.wait_for(service.send(other, message_id, now=NOON), timeout=10)
        async with db.transaction() as tx:
            await service.send_due(tx, now=NOON)
        assert await jobs(db) == 1, "what is on its way is not due"
        script.goes_on.set()
    assert len(script.sent) == 1
    row = await row_of(db, message_id)
    assert (row["sent_at"] is not None, row["claimed_until"]) == (True, None)


async def test_what_a_killed_sender_had_is_queued_again_when_its_claim_ends(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    message_id = await queue(db, await make_person(app), letter=LETTER)
    script.goes_on = asyncio.Event()
    sender = asyncio.create_task(service.send(post, message_id, now=NOON))
    await script.begun.wait()
    sender.cancel()
    await asyncio.wait([sender])
    script.goes_on = None
    await work(db, post)
    assert script.sent == []
    await db.fetch("UPDATE messages SET claimed_until = now() - interval '1 second'")
    async with db.transaction() as tx:
        await service.send_due(tx, now=NOON)
    await work(db, post)
    assert len(script.sent) == 1


async def test_a_fault_of_ours_leaves_the_message_to_the_next_attempt_of_the_job(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    message_id = await queue(db, await make_person(app), letter=LETTER)
    script.mails = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await service.send(post, message_id, now=NOON)
    await service.send(post, message_id, now=NOON)
    assert len(script.sent) == 1


async def test_what_is_not_true_any_more_does_not_leave(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    message_id = await queue(db, await make_person(app), letter=LETTER, good_until=soon)
    script.mails = [Delayed("451 greylisted")]
    await work(db, post)
    assert (await row_of(db, message_id))["reason"] == "451 greylisted"
    await db.fetch("UPDATE messages SET next_try_at = now(), good_until = now()")
    async with db.transaction() as tx:
        await service.send_due(tx, now=datetime.now(UTC) + timedelta(minutes=1))
    counted = watch_counter("faded_skies_messages_total")
    await work(db, post)
    row = await row_of(db, message_id)
    assert (row["dropped_at"] is not None, row["reason"], script.sent) == (True, "too_late", [])
    assert row["content"] == {"subject": "Hello"}
    assert counted() == {("email", "dropped"): 1}


async def test_the_push_service_hears_until_when_a_push_is_good(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    await queue(db, await make_person(app), push=PUSH, good_until=soon)
    await work(db, post)
    assert script.good_until == [soon]


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (None, timedelta(minutes=1)),
        (timedelta(seconds=3), timedelta(minutes=1)),
        (timedelta(minutes=-5), timedelta(minutes=1)),
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(days=40), timedelta(days=1)),
    ],
)
async def test_a_push_waits_as_long_as_the_service_asks(
    app: Application, db: Database, post: Post, script: Scripted, asked: timedelta | None, wait: timedelta
) -> None:
    message_id = await queue(db, await make_person(app), push=PUSH)
    script.pushes = [PushReport(delayed=["a"], reason="QUOTA_EXCEEDED", retry_after=asked)]
    await service.send(post, message_id, now=NOON)
    assert (await row_of(db, message_id))["next_try_at"] == NOON + wait


async def test_a_mail_nobody_takes_has_failed_in_sight_of_staff_and_can_be_sent_again(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    post: Post,
    script: Scripted,
) -> None:
    agent = await signed_in(app, Role.AGENT)
    message_id = await queue(db, await make_person(app), letter=LETTER)
    counted = watch_counter("faded_skies_messages_total")
    script.mails = [Undeliverable("550 no such user")]
    await work(db, post)
    assert await jobs(db) == 0
    assert counted() == {("email", "failed"): 1}
    listed = (await client.get("/api/admin/messages?state=failed", headers=agent.headers)).json()
    (failed,) = listed["messages"]
    assert (failed["id"], failed["reason"], failed["subject"]) == (
        str(message_id),
        "550 no such user",
        "Hello",
    )
    assert "s3cr3t" not in str(listed)
    again = f"/api/admin/messages/{message_id}/resend"
    answers = [await client.post(again, headers=agent.headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    await work(db, post)
    assert len(script.sent) == 1
    assert (await client.get("/api/admin/messages?state=sent", headers=agent.headers)).json()["total"] == 1


async def test_after_two_days_of_attempts_it_has_failed(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    message_id = await queue(db, await make_person(app), letter=LETTER)
    await db.fetch("UPDATE messages SET attempts = $1", rules.MOST_ATTEMPTS - 1)
    script.mails = [Delayed("451 still greylisted")]
    await service.send(post, message_id, now=NOON)
    row = await row_of(db, message_id)
    assert (row["failed_at"] is not None, row["reason"], row["next_try_at"]) == (
        True,
        "451 still greylisted",
        None,
    )
    assert sum((rules.wait_before(n) for n in range(2, rules.MOST_ATTEMPTS + 1)), timedelta()) >= timedelta(
        hours=46
    )


async def test_words_of_failed_mails_go_after_a_week(
    app: Application, client: httpx.AsyncClient, db: Database, post: Post, script: Scripted
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    message_id = await queue(db, await make_person(app), letter=LETTER)
    script.mails = [Undeliverable("550 no such user")]
    await work(db, post)
    for days, is_kept in ((6, True), (8, False)):
        async with db.transaction() as tx:
            await service.prune(tx, now=datetime.now(UTC) + timedelta(days=days))
        assert ("s3cr3t" in str((await row_of(db, message_id))["content"])) is is_kept
    answer = await client.post(f"/api/admin/messages/{message_id}/resend", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")


async def test_a_push_goes_again_only_to_devices_that_do_not_have_it(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    user_id = await make_person(app)
    async with db.transaction() as tx:
        for token in ("a", "b", "c", "d"):
            await service.register_device(tx, user_id=user_id, token=token)
    message_id = await queue(db, user_id, push=PUSH)
    script.pushes = [
        PushReport(reached=["a"], gone=["d"], delayed=["b", "c"], reason="QUOTA_EXCEEDED"),
        PushReport(reached=["b"], delayed=["c"], reason="UNAVAILABLE"),
    ]
    for _ in range(3):
        await service.send(post, message_id, now=NOON)
        await db.fetch("UPDATE messages SET next_try_at = NULL")
    assert [sorted(asked) for asked in script.asked] == [["a", "b", "c", "d"], ["b", "c"], ["c"]]
    row = await row_of(db, message_id)
    assert (row["sent_at"] is not None, row["reached"]) == (True, [])
    assert await db.fetchval("SELECT array_agg(token ORDER BY token) FROM device_tokens") == ["a", "b", "c"]


@pytest.mark.parametrize("answer", [PushReport(refused="INVALID_ARGUMENT"), Undeliverable("too large")])
async def test_a_push_that_no_device_takes_has_failed(
    app: Application, db: Database, post: Post, script: Scripted, answer: PushReport | Exception
) -> None:
    user_id = await make_person(app)
    async with db.transaction() as tx:
        await service.register_device(tx, user_id=user_id, token="a")
    message_id = await queue(db, user_id, push=PUSH)
    script.pushes = [answer]
    await service.send(post, message_id, now=NOON)
    row = await row_of(db, message_id)
    assert (row["failed_at"] is not None, row["reason"]) == (True, getattr(answer, "refused", str(answer)))
    assert await db.fetchval("SELECT count(*) FROM device_tokens") == 1


@pytest.mark.parametrize("devices", [[], ["gone"]])
async def test_a_push_to_somebody_without_a_device_says_so(
    app: Application,
    client: httpx.AsyncClient,
    db: Database,
    post: Post,
    script: Scripted,
    devices: list[str],
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    user_id = await make_person(app)
    async with db.transaction() as tx:
        for token in devices:
            await service.register_device(tx, user_id=user_id, token=token)
    message_id = await queue(db, user_id, push=PUSH)
    script.pushes = [PushReport(gone=devices)]
    counted = watch_counter("faded_skies_messages_total")
    await service.send(post, message_id, now=NOON)
    assert counted() == {("push", "dropped"): 1}
    listed = (await client.get("/api/admin/messages", headers=admin.headers)).json()["messages"]
    assert [(one["state"], one["reason"]) for one in listed] == [("dropped", "no_device")]


async def test_what_was_bought_goes_before_promotions_however_long_they_wait(
    app: Application, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_DUE_AT_ONCE", 2)
    user_id = await make_person(app)
    for number, kind in enumerate(("promotion", "promotion", "order_status", "refund")):
        async with db.transaction() as tx:
            await service.notify(tx, user_id=user_id, kind=kind, fact=f"{number}", letter=LETTER)
    await db.fetch("DELETE FROM pgqueuer")
    await db.fetch(
        "UPDATE messages SET next_try_at = $1::timestamptz + fact::int * interval '1 minute'", NOON
    )
    taken = []
    for _ in range(2):
        async with db.transaction() as tx:
            await service.send_due(tx, now=NOON + timedelta(hours=1))
        rows = await db.fetch("SELECT kind FROM messages WHERE next_try_at IS NULL ORDER BY fact DESC")
        taken.append([row["kind"] for row in rows])
    assert taken == [["refund", "order_status"], ["refund", "order_status", "promotion", "promotion"]]


async def test_a_push_that_failed_is_sent_again_within_a_week_only(
    app: Application, client: httpx.AsyncClient, db: Database, post: Post, script: Scripted
) -> None:
    admin = await signed_in(app, Role.ADMIN)
    user_id = await make_person(app)
    async with db.transaction() as tx:
        await service.register_device(tx, user_id=user_id, token="a")
    message_id = await queue(db, user_id, push=PUSH)
    statuses = []
    for days in (8, 6):
        script.pushes = [PushReport(refused="INVALID_ARGUMENT")]
        await service.send(post, message_id, now=NOON)
        await db.fetch("UPDATE messages SET failed_at = now() - $1::interval", timedelta(days=days))
        again = await client.post(f"/api/admin/messages/{message_id}/resend", headers=admin.headers)
        statuses.append(again.status_code)
    assert statuses == [409, 200]


async def promoted_to(
    db: Database, user_id: UUID, channels: frozenset[Channel] = frozenset({Channel.EMAIL})
) -> UUID:
    promoted = Promoted(new_id(), "Edibles", "Twenty percent off.", None, ["Faded Skies, licence TX-1"])
    async with db.transaction() as tx:
        await service.consent(tx, user_id, given_by="preferences")
        await service.promote(
            tx, promoted, user_id=user_id, to="maya@example.com", full_name="Maya", channels=channels
        )
    message_id: UUID = await db.fetchval("SELECT id FROM messages")
    return message_id


async def test_an_offer_at_night_waits_for_the_morning_of_the_shop(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    user_id = await make_person(app)
    message_id = await promoted_to(db, user_id)
    await service.send(post, message_id, now=NIGHT)
    row = await row_of(db, message_id)
    assert (row["next_try_at"], row["attempts"], row["reason"]) == (MORNING, 0, "quiet_hours")
    assert script.sent == []
    async with db.transaction() as tx:
        await service.send_due(tx, now=MORNING)
    await service.send(post, message_id, now=MORNING)
    assert (await row_of(db, message_id))["sent_at"] is not None
    (mail,) = script.sent
    assert mail.unsubscribe is not None
    assert mail.unsubscribe.startswith("http://127.0.0.1:3000/api/notifications/unsubscribe/")
    assert mail.unsubscribe in mail.text
    assert mail.html.count(mail.unsubscribe) == 1


async def test_ones_own_quiet_hours_count_in_ones_own_zone(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    user_id = await make_person(app)
    async with db.transaction() as tx:
        hours = QuietHours(12 * 60, 13 * 60, ZoneInfo("America/Chicago"))
        await service.choose_quiet_hours(tx, user_id, hours)
    message_id = await promoted_to(db, user_id)
    await service.send(post, message_id, now=NOON)
    assert (await row_of(db, message_id))["next_try_at"] == NOON + timedelta(hours=1)
    assert script.sent == []


async def test_what_is_no_offer_comes_at_night(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    message_id = await queue(db, await make_person(app), letter=LETTER)
    await service.send(post, message_id, now=NIGHT)
    assert (len(script.sent), script.sent[0].unsubscribe) == (1, None)


@pytest.mark.parametrize("reason", ["unsubscribed", "switched_off", "not_active"])
async def test_consent_is_looked_at_again_just_before_an_offer_leaves(
    app: Application, db: Database, post: Post, script: Scripted, reason: str
) -> None:
    user_id = await make_person(app)
    message_id = await promoted_to(db, user_id)
    async with db.transaction() as tx:
        if reason == "unsubscribed":
            await service.withdraw_consent(tx, user_id, withdrawn_by="one_click")
        elif reason == "switched_off":
            await service.choose(tx, user_id, [(service.Topic.PROMOTIONS, Channel.EMAIL, False)])
        else:
            await tx.execute("UPDATE users SET account_status = 'suspended' WHERE id = $1", user_id)
    await service.send(post, message_id, now=NOON)
    row = await row_of(db, message_id)
    assert (row["dropped_at"] is not None, row["reason"], script.sent) == (True, reason, [])
    assert row["content"] == {"subject": "Edibles"}


async def test_a_stopped_promotion_keeps_back_what_waits(
    app: Application, db: Database, post: Post, script: Scripted
) -> None:
    message_id = await promoted_to(db, await make_person(app))
    await service.send(post, message_id, now=NIGHT)
    promotion_id = UUID((await row_of(db, message_id))["fact"].removeprefix("promotion:"))
    async with db.transaction() as tx:
        assert await service.drop_promotion(tx, promotion_id) == 1
        await service.send_due(tx, now=MORNING)
    await service.send(post, message_id, now=MORNING)
    row = await row_of(db, message_id)
    assert (row["reason"], row["next_try_at"], script.sent) == ("stopped", None, [])


CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("starts", "ends", "local", "until"),
    [
        (21 * 60, 8 * 60, "2026-11-27 20:59", None),
        (21 * 60, 8 * 60, "2026-11-27 21:00", "2026-11-28 08:00"),
        (21 * 60, 8 * 60, "2026-11-28 07:59", "2026-11-28 08:00"),
        (21 * 60, 8 * 60, "2026-11-28 08:00", None),
        (12 * 60, 13 * 60, "2026-11-27 12:30", "2026-11-27 13:00"),
        (0, 0, "2026-11-27 00:00", None),
        # The clock goes back at 02:00 on 1 November and forward on 14 March: local times decide.
        (21 * 60, 8 * 60, "2026-10-31 22:00", "2026-11-01 08:00"),
        (21 * 60, 8 * 60, "2027-03-13 22:00", "2027-03-14 08:00"),
        (21 * 60, 2 * 60 + 30, "2027-03-13 22:00", "2027-03-14 03:30"),
    ],
)
def test_quiet_hours(starts: int, ends: int, local: str, until: str | None) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=CHICAGO)
    found = quiet_until(QuietHours(starts, ends, CHICAGO), now.astimezone(UTC))
    expected = None if until is None else datetime.fromisoformat(until).replace(tzinfo=CHICAGO)
    assert (None if found is None else found.astimezone(CHICAGO).isoformat()) == (
        None if expected is None else expected.isoformat()
    )
