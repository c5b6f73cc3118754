"""What a transaction states is done when it commits, once, and not when it is undone: events, jobs, inbox, keys."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import pytest

from factories.identity import make_person
from faded_skies.bootstrap import Application
from faded_skies.platform import inbox
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import InvalidState, Unavailable
from faded_skies.platform.events import Bus, Event, Subscription
from faded_skies.platform.idempotency import Answer, Call, KeyInProgress, KeyReused, once, prune
from faded_skies.platform.ids import new_id
from faded_skies.platform.jobs import MOST_ATTEMPTS, MOST_STARTS, Worker
from faded_skies.platform.outbound import NetworkInsideTransactionError, refuse_inside_transaction
from faded_skies.platform.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Happened(Event):
    name: ClassVar[str] = "test.happened"
    thing: UUID
    at: datetime
    day: date | None
    cents: int
    words: list[str]


def happened(**changes: Any) -> Happened:
    fields = {"thing": new_id(), "at": datetime(2026, 2, 3, 4, 5, 6, 789, UTC), "day": date(2026, 2, 3)}
    return Happened(**{**fields, "cents": -5, "words": ["🌿", ""], **changes})


class Shop:
    """A database whose transactions tell one subscriber, who notes what it heard."""

    def __init__(self, settings: Settings, db: Database, *, is_fleeting: bool = False) -> None:
        self.settings = settings
        self.heard: list[Happened] = []
        subscriptions: Sequence[Subscription] = [
            Subscription("test.note", Happened, self._note, is_fleeting=is_fleeting)
        ]
        self.db = Database(db.pool, Bus(), sign=db.sign)
        self.db.bus.register(subscriptions)
        self.worker = Worker(url=settings.database_url, db=self.db, subscriptions=subscriptions, periodic=[])

    async def _note(self, event: Happened) -> None:
        self.heard.append(event)

    async def jobs(self) -> list[tuple[str, int]]:
        rows = await self.db.fetch("SELECT status::text, attempts FROM pgqueuer ORDER BY id")
        return [(row["status"], row["attempts"]) for row in rows]


@pytest.fixture
async def shop(app: Application) -> Shop:
    return Shop(app.ports.settings, app.ports.db)


async def test_an_event_arrives_as_it_was_stated(shop: Shop) -> None:
    events = [happened(), happened(day=None, words=[])]
    async with shop.db.transaction() as tx:
        for event in events:
            tx.emit(event)
    await shop.worker.drain()
    assert sorted(shop.heard, key=lambda event: event.thing) == sorted(events, key=lambda event: event.thing)
    assert await shop.jobs() == []


async def test_what_is_undone_has_no_consequences(shop: Shop) -> None:
    with suppress(LookupError):
        async with shop.db.transaction() as tx:
            tx.emit(happened())
            tx.audit("test.undone", object_type="thing", object_id=None, actor_id=None)
            raise LookupError
    assert await shop.jobs() == []
    assert await shop.db.fetchval("SELECT count(*) FROM audit_log") == 0


async def test_a_savepoint_takes_its_events_and_audit_entries_with_it(shop: Shop) -> None:
    kept = happened()
    async with shop.db.transaction() as tx:
        tx.emit(kept)
        tx.audit("test.kept", object_type="thing", object_id=None, actor_id=None)
        with suppress(LookupError):
            async with tx.savepoint():
                tx.emit(happened())
                tx.audit("test.undone", object_type="thing", object_id=None, actor_id=None)
                raise LookupError
        async with tx.savepoint():
            tx.audit("test.also", object_type="thing", object_id=None, actor_id=None)
    await shop.worker.drain()
    assert shop.heard == [kept]
    rows = await shop.db.fetch("SELECT action FROM audit_log")
    assert {row["action"] for row in rows} == {"test.kept", "test.also"}


async def test_a_job_that_fails_is_tried_again_and_the_last_time_held(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        tx._jobs.append(("test.note", b'{"thing": "of another shape"}'))
    working = asyncio.create_task(shop.worker.run())
    async with asyncio.timeout(20):
        while (found := await shop.jobs()) != [("queued", 1)]:
            assert found in ([("queued", 0)], [("picked", 0)])
            await asyncio.wait([working], timeout=0.05)
    shop.worker.stop()
    await working
    assert await shop.db.fetchval("SELECT execute_after > now() FROM pgqueuer")
    assert await shop.db.fetchval("SELECT count(*) FROM job_starts") == 0
    await shop.db.fetch("UPDATE pgqueuer SET attempts = $1, execute_after = now()", MOST_ATTEMPTS)
    await Shop(shop.settings, shop.db).worker.drain()
    ((status, _),) = await shop.jobs()
    assert status == "failed"
    assert await shop.db.fetchval("SELECT payload FROM pgqueuer") == b'{"thing": "of another shape"}'
    assert shop.heard == []


async def test_what_is_of_use_for_minutes_only_is_dropped_the_last_time(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        tx._jobs.append(("test.note", b'{"thing": "of another shape"}'))
    await shop.db.fetch("UPDATE pgqueuer SET attempts = $1", MOST_ATTEMPTS)
    await Shop(shop.settings, shop.db, is_fleeting=True).worker.drain()
    assert await shop.jobs() == []


async def test_a_job_that_kills_its_workers_is_held_without_another_start(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        tx.emit(happened())
    await shop.db.fetch("INSERT INTO job_starts (job_id, starts) SELECT id, $1 FROM pgqueuer", MOST_STARTS)
    await shop.worker.drain()
    assert shop.heard == []
    ((status, _),) = await shop.jobs()
    assert status == "failed"
    assert await shop.db.fetchval("SELECT count(*) FROM job_starts") == 0


async def test_a_job_that_was_started_before_is_done(shop: Shop) -> None:
    async with shop.db.transaction() as tx:
        tx.emit(happened())
    await shop.db.fetch(
        "INSERT INTO job_starts (job_id, starts) SELECT id, $1 FROM pgqueuer", MOST_STARTS - 1
    )
    await shop.worker.drain()
    assert len(shop.heard) == 1
    assert await shop.db.fetchval("SELECT count(*) FROM job_starts") == 0


@pytest.mark.parametrize("lost", [0, 1], ids=["before the work", "after it"])
async def test_a_connection_cut_while_starts_are_counted_holds_no_job(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    async with shop.db.transaction() as tx:
        tx.emit(happened())
    asked, fetchval = 0, shop.db.fetchval

    async def cut(statement: str, *values: Any) -> Any:
        nonlocal asked
        if "job_starts" in statement:
            asked += 1
            if asked == lost + 1:
                raise asyncpg.ConnectionDoesNotExistError
        return await fetchval(statement, *values)

    monkeypatch.setattr(shop.db, "fetchval", cut)
    working = asyncio.create_task(shop.worker.run())
    async with asyncio.timeout(20):
        while await shop.jobs():
            await asyncio.wait([working], timeout=0.05)
    shop.worker.stop()
    await working
    assert len(shop.heard) == lost + 1
    assert await fetchval("SELECT count(*) FROM pgqueuer_log WHERE status = 'exception'") == 0


async def test_a_delivery_that_comes_twice_is_kept_and_told_once(db: Database) -> None:
    async def store(external_id: str, source: str = "sandbox") -> bool:
        async with db.transaction() as tx:
            return await inbox.store(tx, source=source, external_id=external_id, kind="a", payload={"n": 1})

    assert sorted(await asyncio.gather(*(store("evt_1") for _ in range(5)))) == [False] * 4 + [True]
    assert await store("evt_2")
    assert await store("evt_1", source="another")
    assert await db.fetchval("SELECT count(*) FROM webhook_events") == 3
    webhook_id = await db.fetchval("SELECT id FROM webhook_events WHERE external_id = 'evt_2'")
    async with db.transaction() as tx:
        row = await inbox.lock(tx, webhook_id)
        assert row is not None
        assert row["payload"] == {"n": 1}
        await inbox.mark_handled(tx, webhook_id)
    async with db.transaction() as tx:
        assert await inbox.lock(tx, webhook_id) is None
        assert await inbox.lock(tx, new_id()) is None


async def test_nothing_leaves_over_the_network_inside_a_transaction(app: Application, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(NetworkInsideTransactionError, match=r"^Valkey was called"):
            await app.ports.valkey.get("a")
        async with app.ports.valkey.pipeline() as pipe:
            pipe.get("a")
            with pytest.raises(NetworkInsideTransactionError, match=r"^Valkey was called"):
                await pipe.execute()
        with pytest.raises(NetworkInsideTransactionError, match=r"^The gateway was called"):
            refuse_inside_transaction("The gateway")
    assert await app.ports.valkey.get("a") is None


class Till:
    """Work that counts how often it was done, and may be refused."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.done = 0
        self.refusal = refusal

    async def __call__(self, tx: Tx) -> Answer:
        self.done += 1
        tx.audit("till.worked", object_type="till", object_id=None, actor_id=None)
        if self.refusal is not None:
            raise self.refusal
        return Answer(201, {"sale": self.done})


async def call_of(app: Application, body: object = "one", key: str = "key-1") -> Call:
    owner = await app.ports.db.fetchval("SELECT id FROM users LIMIT 1") or await make_person(app)
    call = Call.of(owner, key, what="sell", body=body)
    assert call is not None
    return call


async def test_the_same_key_gives_the_first_answer_again(app: Application, db: Database) -> None:
    till, call = Till(), await call_of(app)
    answers = [await once(db, call, till) for _ in range(3)]
    assert {(answer.status_code, answer.body) for answer in answers} == {(201, b'{"sale":1}')}
    assert till.done == 1
    with pytest.raises(KeyReused):
        await once(db, await call_of(app, body="another"), till)
    assert (await once(db, await call_of(app, key="key-2"), till)).body == b'{"sale":2}'
    assert (await once(db, None, till)).body == b'{"sale":3}'


async def test_keys_of_two_people_are_two_keys(app: Application, db: Database) -> None:
    till = Till()
    for owner in (await make_person(app), await make_person(app)):
        await once(db, Call.of(owner, "key-1", what="sell"), till)
    assert till.done == 2


async def test_a_refusal_undoes_the_work_and_is_what_the_key_answers(app: Application, db: Database) -> None:
    till, call = Till(InvalidState("Too late.")), await call_of(app)
    before = await db.fetchval("SELECT count(*) FROM audit_log")
    first = await once(db, call, till)
    till.refusal = None
    again = await once(db, call, till)
    assert (first.status_code, first.body) == (again.status_code, again.body)
    assert (again.status_code, again.body) == (409, b'{"error":"Too late.","code":"INVALID_STATE"}')
    assert till.done == 1
    assert await db.fetchval("SELECT count(*) FROM audit_log") == before


async def test_not_now_is_never_kept(app: Application, db: Database) -> None:
    till, call = Till(Unavailable("Not now.")), await call_of(app)
    with pytest.raises(Unavailable):
        await once(db, call, till)
    till.refusal = None
    assert (await once(db, call, till)).body == b'{"sale":2}'


async def test_a_key_that_is_still_at_work_is_told_so(app: Application, db: Database) -> None:
    till, call = Till(), await call_of(app)
    async with db.transaction() as tx:
        assert await call.claim(tx) is None
        with pytest.raises(KeyInProgress):
            await once(db, call, till)
        await call.keep(tx, await till(tx))
    async with call.running(app.ports.valkey):
        with pytest.raises(KeyInProgress):
            async with call.running(app.ports.valkey):
                pass
    async with call.running(app.ports.valkey):
        pass


async def test_a_key_ends_after_a_day(app: Application, db: Database) -> None:
    till, call = Till(), await call_of(app)
    await once(db, call, till)
    await db.fetch("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    assert (await once(db, call, till)).body == b'{"sale":2}'
    await prune(db)
    assert await db.fetchval("SELECT count(*) FROM idempotency_keys") == 1
    await db.fetch("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    await prune(db)
    assert await db.fetchval("SELECT count(*) FROM idempotency_keys") == 0
