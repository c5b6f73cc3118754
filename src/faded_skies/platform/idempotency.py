"""Idempotency-Key (contract §1): the same key and body gives the first answer again, whatever happened in between.

The key, the effect and the answer stand in one transaction, so a killed process leaves either all or nothing.
Work that needs a vendor between two transactions leaves its `subject` (the order) with the key; a repetition
then speaks for that subject instead of doing the work again.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Header

from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Conflict, Kind, Situation
from faded_skies.platform.http.answers import Json, dump, refusal
from faded_skies.platform.valkey import Valkey

_MARK_SECONDS = 5

# Whoever cannot have the lock makes no row. A row older than a day is as good as none.
_CLAIM = """
WITH lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($4, 7)) AS held),
made AS (
    INSERT INTO idempotency_keys AS k (owner_id, key, fingerprint)
    SELECT $1, $2, $3 FROM lock WHERE held
    ON CONFLICT (owner_id, key) DO UPDATE
    SET fingerprint = EXCLUDED.fingerprint, status = NULL, body = NULL, subject = NULL, created_at = now()
    WHERE k.created_at < now() - interval '24 hours'
    RETURNING 1
)
SELECT EXISTS (SELECT FROM made) AS is_new, k.fingerprint, k.status, k.body, k.subject
FROM lock LEFT JOIN idempotency_keys k ON lock.held AND k.owner_id = $1 AND k.key = $2
"""
_SUBJECT = "UPDATE idempotency_keys SET subject = $3 WHERE owner_id = $1 AND key = $2"
_ANSWER = """
UPDATE idempotency_keys SET status = $3, body = $4, subject = coalesce($5, subject) WHERE owner_id = $1 AND key = $2
"""
_FORGET = "DELETE FROM idempotency_keys WHERE owner_id = $1"
_PRUNE = "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'"

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes the call safe to repeat: the same key and body gives the first answer again for 24 hours.",
    ),
]

_NOT_KEPT = {Kind.UNAUTHENTICATED, Kind.LIMITED, Kind.UNAVAILABLE}


class KeyReused(Conflict):
    code = "IDEMPOTENCY_KEY_REUSED"
    sentence = "This Idempotency-Key was used with another request. Use a new key for a new request."


class KeyInProgress(Conflict):
    code = "IDEMPOTENCY_IN_PROGRESS"
    sentence = "The first request with this Idempotency-Key is still running. Ask again in a moment."


@dataclass(frozen=True)
class Answer:
    """What a call answers: a status and a JSON body."""

    status: int
    body: object

    def response(self) -> Json:
        return Json(self.body, status_code=self.status)

    def acknowledgement(self) -> dict[str, object]:
        """Return it as a socket's acknowledgement: a kept refusal says `ok: false`."""
        told: dict[str, object] = orjson.loads(self.body if isinstance(self.body, bytes) else dump(self.body))
        return told if self.status < HTTPStatus.BAD_REQUEST else {**told, "ok": False}


@dataclass(frozen=True)
class Call:
    """One keyed call: whose, under which key, and a digest of what was asked."""

    owner_id: UUID
    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, owner_id: UUID, key: str | None, *, what: str, body: object = None) -> "Call | None":
        """Return the call, or None when the client sent no key. `what` names method and path."""
        if key is None:
            return None
        return cls(owner_id, key, hashlib.sha256(what.encode() + b"\0" + dump(body)).digest())

    async def claim(self, tx: Tx) -> "Answer | UUID | None":
        """Take the key for this transaction: None when it is new, else the first answer, or its subject.

        Raises KeyInProgress while another transaction holds it, KeyReused when the request differs.
        """
        row = await tx.fetchrow(
            _CLAIM, self.owner_id, self.key, self.fingerprint, f"{self.owner_id}:{self.key}"
        )
        if row is not None and row["is_new"]:
            return None
        if row is None or row["fingerprint"] is None:
            # Another transaction has the lock, or had it until a moment ago and its row is not ours to see yet.
            raise KeyInProgress
        if row["fingerprint"] != self.fingerprint:
            raise KeyReused
        if row["status"] is not None:
            return Answer(row["status"], row["body"])
        subject: UUID | None = row["subject"]
        return subject

    @asynccontextmanager
    async def running(self, valkey: Valkey) -> AsyncIterator[None]:
        """Mark the call as running, for work with a vendor between two transactions. Raises KeyInProgress.

        The mark of a killed process ends by itself; the database still knows what was done.
        """
        mark = f"idempotency:{self.owner_id}:{hashlib.sha256(self.key.encode()).hexdigest()}"
        if not await valkey.set(mark, b"1", nx=True, ex=_MARK_SECONDS):
            raise KeyInProgress
        try:
            yield
        finally:
            await valkey.delete(mark)

    async def leave_subject(self, tx: Tx, subject: UUID) -> None:
        """Tie the key to the thing this call made, for a repetition that finds no answer yet."""
        await tx.execute(_SUBJECT, self.owner_id, self.key, subject)

    async def keep(self, source: Tx | Database, answer: Answer, *, subject: UUID | None = None) -> None:
        """Store the answer: with its effect in a transaction, or by itself where the effect stands already."""
        await source.fetchval(_ANSWER, self.owner_id, self.key, answer.status, dump(answer.body), subject)


async def keep_refusal(db: Database, call: Call | None, situation: Situation) -> Answer:
    """Make a refusal, whose transaction was undone, the answer of its key; without a key it is raised again.

    So are those that only say "not now": they must not be what the key answers for a day. Returns the first
    answer when a repetition was quicker.
    """
    if call is None or situation.kind in _NOT_KEPT or isinstance(situation, KeyReused | KeyInProgress):
        raise situation
    answer = Answer(*refusal(situation))
    async with db.transaction() as tx:
        first = await call.claim(tx)
        if isinstance(first, Answer):
            return first
        if first is None:
            await call.keep(tx, answer)
    return answer


async def once(db: Database, call: Call | None, work: Callable[[Tx], Awaitable[Answer]]) -> Json:
    """Run `work` in one transaction, at most once for a key, and return its answer or the first one's."""
    return (await answer_once(db, call, work)).response()


async def answer_once(db: Database, call: Call | None, work: Callable[[Tx], Awaitable[Answer]]) -> Answer:
    """Do what `once` does, for edges that do not answer by HTTP."""
    try:
        async with db.transaction() as tx:
            first = await call.claim(tx) if call else None
            if isinstance(first, Answer):
                return first
            answer = await work(tx)
            if call:
                await call.keep(tx, answer)
    except Situation as situation:
        return await keep_refusal(db, call, situation)
    return answer


async def prune(db: Database) -> None:
    """Forget keys older than a day."""
    async with db.transaction() as tx:
        await tx.execute(_PRUNE)


async def forget_owner(tx: Tx, owner_id: UUID) -> None:
    """Forget the keys and answers of somebody who leaves."""
    await tx.execute(_FORGET, owner_id)
