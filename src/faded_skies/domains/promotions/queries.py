"""SQL of promotions and whom they are for."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from faded_skies.domains.notifications.service import Channel
from faded_skies.domains.promotions.models import Asked, Person, Place, Promotion, Reach, State, Words
from faded_skies.domains.promotions.rules import segment_of
from faded_skies.platform.db import Database, Row, Tx

# Read-only questions to the tables of people, orders, addresses and coins: a segment is one statement, or it is not
# the same for the preview and for the sending.
_AUDIENCE = """
SELECT u.id, u.email::text AS email, u.full_name,
       CASE WHEN u.account_status <> 'active' THEN 'not_active'
            WHEN u.date_of_birth IS NULL OR u.date_of_birth > $1 THEN 'under_age'
            WHEN c.id IS NULL THEN 'no_consent'
            WHEN NOT (ways.by_email OR ways.by_push) THEN 'no_channel'
       END AS skipped,
       ways.by_email, ways.by_push
FROM users u
LEFT JOIN promotion_consents c ON c.user_id = u.id AND c.withdrawn_at IS NULL
CROSS JOIN LATERAL (
    SELECT 'email' = ANY ($2::text[]) AND u.email_verified_at IS NOT NULL AND NOT EXISTS (
               SELECT FROM notification_choices n
               WHERE n.user_id = u.id AND n.topic = 'promotions' AND n.channel = 'email' AND NOT n.enabled
           ) AS by_email,
           'push' = ANY ($2::text[]) AND EXISTS (SELECT FROM device_tokens d WHERE d.user_id = u.id) AND NOT EXISTS (
               SELECT FROM notification_choices n
               WHERE n.user_id = u.id AND n.topic = 'promotions' AND n.channel = 'push' AND NOT n.enabled
           ) AS by_push
) AS ways
WHERE u.role = 'customer' AND u.account_status <> 'closed'
  AND ($3::int IS NULL OR EXISTS (
      SELECT FROM orders o
      WHERE o.user_id = u.id AND o.status = 'delivered'
        AND o.delivered_at >= $10::timestamptz - make_interval(days => $3)
  ))
  AND ($4::int IS NULL OR NOT EXISTS (
      SELECT FROM orders o
      WHERE o.user_id = u.id AND o.status = 'delivered'
        AND o.delivered_at >= $10::timestamptz - make_interval(days => $4)
  ))
  AND ($5::bigint IS NULL OR $5 <= (
      SELECT coalesce(sum(o.total_cents - o.refunded_cents), 0) FROM orders o
      WHERE o.user_id = u.id AND o.status = 'delivered'
  ))
  AND (cardinality($6::text[]) = 0 AND $7::text IS NULL OR EXISTS (
      SELECT FROM delivery_addresses a
      WHERE a.user_id = u.id AND a.deleted_at IS NULL AND a.is_primary
        AND (cardinality($6::text[]) = 0 OR left(a.zip_code, 5) = ANY ($6::text[]))
        AND ($7::text IS NULL OR point(a.longitude, a.latitude) <@ $7::text::polygon)
        AND NOT EXISTS (
            SELECT FROM unnest($8::text[]) AS hole (ring) WHERE point(a.longitude, a.latitude) <@ hole.ring::polygon
        )
  ))
  AND ($9::int IS NULL OR EXISTS (SELECT FROM rewards_accounts r WHERE r.user_id = u.id AND r.balance >= $9))
"""
_NEXT = f"{_AUDIENCE} AND ($11::uuid IS NULL OR u.id > $11) ORDER BY u.id LIMIT $12"
_COUNT_AUDIENCE = f"SELECT skipped, count(*) AS number FROM ({_AUDIENCE}) AS people GROUP BY skipped"

_SELECT = """
SELECT p.id, p.title, p.body, p.image_url, p.segment, p.place, p.channels, p.state, p.starts_at, p.audience,
       p.reached_id, p.looked_at, p.skipped, p.created_by, p.created_at, p.started_at, p.ended_at
FROM promotions p
"""
_FIND = f"{_SELECT} WHERE p.id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_LIST = f"{_SELECT} WHERE $1::text IS NULL OR p.state = $1 ORDER BY p.created_at DESC, p.id DESC LIMIT $2 OFFSET $3"
_COUNT = "SELECT count(*) FROM promotions WHERE $1::text IS NULL OR state = $1"
_INSERT = """
INSERT INTO promotions (id, title, body, image_url, segment, channels, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_REWRITE = """
UPDATE promotions SET title = $2, body = $3, image_url = $4, segment = $5, channels = $6 WHERE id = $1
"""
_DELETE = "DELETE FROM promotions WHERE id = $1"
_READY = "UPDATE promotions SET place = $2, starts_at = $3 WHERE id = $1"
_SCHEDULE = "UPDATE promotions SET state = 'scheduled' WHERE id = $1 AND state = 'draft'"
_START = """
UPDATE promotions SET state = 'sending', started_at = $2, audience = $3
WHERE id = $1 AND state IN ('draft', 'scheduled')
"""
_STOP = "UPDATE promotions SET state = 'stopped', ended_at = $2 WHERE id = $1"
_ADVANCE = """
UPDATE promotions SET reached_id = coalesce($2, reached_id), looked_at = looked_at + $3, skipped = $4,
    state = CASE WHEN $5 THEN 'done' ELSE state END, ended_at = CASE WHEN $5 THEN $6::timestamptz END
WHERE id = $1
"""
_INSERT_RECIPIENTS = """
INSERT INTO promotion_recipients (promotion_id, user_id, queued_at)
SELECT $1, user_id, $3 FROM unnest($2::uuid[]) AS people (user_id) ON CONFLICT DO NOTHING
"""
_REACH = """
SELECT promotion_id, count(*) AS recipients, count(opened_at) AS opened
FROM promotion_recipients WHERE promotion_id = ANY ($1::uuid[]) GROUP BY promotion_id
"""
_COUNT_SINCE = "SELECT count(*) FROM promotion_recipients WHERE promotion_id = $1 AND queued_at > $2"
_LIST_DUE = "SELECT id FROM promotions WHERE state = 'scheduled' AND starts_at <= $1 ORDER BY id"
_LIST_SENDING = "SELECT id FROM promotions WHERE state = 'sending' ORDER BY started_at, id"
_SHOWN = f"{_SELECT} WHERE p.id = $1 AND p.state IN ('sending', 'done')"
_OPEN = """
UPDATE promotion_recipients SET opened_at = now() WHERE promotion_id = $1 AND user_id = $2 AND opened_at IS NULL
"""
_HELD = """
SELECT p.title, r.queued_at AS "queuedAt", r.opened_at AS "openedAt"
FROM promotion_recipients r JOIN promotions p ON p.id = r.promotion_id WHERE r.user_id = $1 ORDER BY r.queued_at, p.id
"""
_ERASE = "DELETE FROM promotion_recipients WHERE user_id = $1"


def _values(asked: Asked) -> tuple[object, ...]:
    segment, place = asked.segment, asked.place
    return (
        asked.born_by,
        sorted(asked.channels),
        segment.ordered_within_days,
        segment.not_ordered_within_days,
        segment.min_spent_cents,
        list(segment.zip_codes),
        None if place is None else place.outline,
        [] if place is None else list(place.holes),
        segment.min_points,
        asked.now,
    )


async def list_next(tx: Tx, asked: Asked, *, after: UUID | None, most: int) -> list[Person]:
    """Return the people of a segment who come after somebody in the order of ids."""
    rows = await tx.fetch(_NEXT, *_values(asked), after, most)
    return [
        Person(
            row["id"],
            row["email"],
            row["full_name"],
            row["skipped"],
            frozenset(
                channel
                for channel, is_open in ((Channel.EMAIL, row["by_email"]), (Channel.PUSH, row["by_push"]))
                if is_open
            ),
        )
        for row in rows
    ]


async def count_audience(source: Database | Tx, asked: Asked) -> tuple[int, Counter[str]]:
    """Return how many would get it, and how many would not, by reason."""
    rows = await source.fetch(_COUNT_AUDIENCE, *_values(asked))
    counts = {row["skipped"]: row["number"] for row in rows}
    return counts.pop(None, 0), Counter(counts)


def _promotion(row: Row) -> Promotion:
    return Promotion(
        **{
            **row,
            "segment": segment_of(row["segment"]),
            "place": None
            if row["place"] is None
            else Place(row["place"]["outline"], tuple(row["place"]["holes"])),
            "channels": frozenset(Channel(one) for one in row["channels"]),
        }
    )


async def find_promotion(source: Database | Tx, promotion_id: UUID) -> Promotion | None:
    row = await source.fetchrow(_FIND, promotion_id)
    return None if row is None else _promotion(row)


async def lock_promotion(tx: Tx, promotion_id: UUID) -> Promotion | None:
    row = await tx.fetchrow(_LOCK, promotion_id)
    return None if row is None else _promotion(row)


async def find_shown(source: Database | Tx, promotion_id: UUID) -> Promotion | None:
    row = await source.fetchrow(_SHOWN, promotion_id)
    return None if row is None else _promotion(row)


async def list_promotions(
    db: Database, *, state: State | None, limit: int, offset: int
) -> tuple[list[Promotion], int]:
    rows = await db.fetch(_LIST, state, limit, offset)
    return [_promotion(row) for row in rows], await db.fetchval(_COUNT, state)


async def insert_promotion(tx: Tx, promotion_id: UUID, words: Words, *, created_by: UUID) -> None:
    await tx.execute(_INSERT, promotion_id, *_written(words), created_by)


async def rewrite(tx: Tx, promotion_id: UUID, words: Words) -> None:
    """Write a promotion, which the caller has locked, anew."""
    await tx.execute(_REWRITE, promotion_id, *_written(words))


async def delete(tx: Tx, promotion_id: UUID) -> None:
    await tx.execute(_DELETE, promotion_id)


def _written(words: Words) -> tuple[object, ...]:
    return words.title, words.body, words.image_url, words.segment.kept(), sorted(words.channels)


async def make_ready(tx: Tx, promotion_id: UUID, *, place: Place | None, starts_at: datetime | None) -> None:
    """Keep where its area lies and when it shall start."""
    kept = None if place is None else {"outline": place.outline, "holes": list(place.holes)}
    await tx.execute(_READY, promotion_id, kept, starts_at)


async def schedule(tx: Tx, promotion_id: UUID) -> None:
    await tx.execute(_SCHEDULE, promotion_id)


async def start(tx: Tx, promotion_id: UUID, *, now: datetime, audience: int) -> bool:
    """Let it be sent; False when it was started or stopped meanwhile."""
    return await tx.execute(_START, promotion_id, now, audience) == 1


async def stop(tx: Tx, promotion_id: UUID, *, now: datetime) -> None:
    await tx.execute(_STOP, promotion_id, now)


async def advance(
    tx: Tx, promotion: Promotion, people: Sequence[Person], *, is_done: bool, now: datetime
) -> None:
    """Note who was looked at, and who of them gets it."""
    queued = [person.id for person in people if person.skipped is None]
    skipped = Counter(promotion.skipped) + Counter(
        person.skipped for person in people if person.skipped is not None
    )
    await tx.execute(_INSERT_RECIPIENTS, promotion.id, queued, now)
    last = people[-1].id if people else None
    await tx.execute(_ADVANCE, promotion.id, last, len(people), dict(skipped), is_done, now)


async def count_reach(source: Database | Tx, ids: Sequence[UUID]) -> dict[UUID, Reach]:
    """Return how many people each of these promotions has reached."""
    rows = await source.fetch(_REACH, list(ids))
    found = {row["promotion_id"]: Reach(row["recipients"], row["opened"]) for row in rows}
    return {promotion_id: found.get(promotion_id, Reach(0, 0)) for promotion_id in ids}


async def count_since(tx: Tx, promotion_id: UUID, since: datetime) -> int:
    """Return how many people it was queued for since then."""
    found: int = await tx.fetchval(_COUNT_SINCE, promotion_id, since)
    return found


async def list_due(db: Database, now: datetime) -> list[UUID]:
    return [row["id"] for row in await db.fetch(_LIST_DUE, now)]


async def list_sending(db: Database) -> list[UUID]:
    return [row["id"] for row in await db.fetch(_LIST_SENDING)]


async def note_opened(tx: Tx, promotion_id: UUID, *, user_id: UUID) -> None:
    await tx.execute(_OPEN, promotion_id, user_id)


def stream_held(tx: Tx, user_id: UUID) -> AsyncIterator[Row]:
    return tx.stream(_HELD, user_id)


async def erase(tx: Tx, user_id: UUID) -> None:
    await tx.execute(_ERASE, user_id)
