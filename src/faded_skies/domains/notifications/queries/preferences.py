"""SQL of what people choose to hear of, their consent, and their quiet hours."""

from uuid import UUID
from zoneinfo import ZoneInfo

from faded_skies.domains.notifications.models import Consent, Preferences
from faded_skies.domains.notifications.rules import Channel, QuietHours, Topic
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.ids import new_id

_CHOICES = "SELECT topic, channel, enabled FROM notification_choices WHERE user_id = $1"
_PUT_CHOICE = """
INSERT INTO notification_choices (user_id, topic, channel, enabled) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id, topic, channel) DO UPDATE SET enabled = EXCLUDED.enabled
"""
_QUIET = "SELECT starts_minute, ends_minute, time_zone FROM quiet_hours WHERE user_id = $1"
_PUT_QUIET = """
INSERT INTO quiet_hours (user_id, starts_minute, ends_minute, time_zone) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET starts_minute = EXCLUDED.starts_minute, ends_minute = EXCLUDED.ends_minute,
    time_zone = EXCLUDED.time_zone
"""
_DELETE_QUIET = "DELETE FROM quiet_hours WHERE user_id = $1"
_CONSENT = "SELECT given_at, given_by FROM promotion_consents WHERE user_id = $1 AND withdrawn_at IS NULL"
_GIVE = """
INSERT INTO promotion_consents (id, user_id, wording, given_by)
SELECT $1::uuid, id, $3::text, $4::text FROM users WHERE id = $2 AND account_status <> 'closed'
ON CONFLICT (user_id) WHERE withdrawn_at IS NULL DO NOTHING
"""
_WITHDRAW = """
UPDATE promotion_consents SET withdrawn_at = now(), withdrawn_by = $2 WHERE user_id = $1 AND withdrawn_at IS NULL
"""


async def get_preferences(db: Database | Tx, user_id: UUID) -> Preferences:
    """Return what a person chose; what they did not choose is missing."""
    choices = await db.fetch(_CHOICES, user_id)
    consent = await db.fetchrow(_CONSENT, user_id)
    return Preferences(
        {(Topic(row["topic"]), Channel(row["channel"])): row["enabled"] for row in choices},
        None if consent is None else Consent(**consent),
        await find_quiet(db, user_id),
    )


async def find_quiet(db: Database | Tx, user_id: UUID) -> QuietHours | None:
    row = await db.fetchrow(_QUIET, user_id)
    if row is None:
        return None
    return QuietHours(row["starts_minute"], row["ends_minute"], ZoneInfo(row["time_zone"]))


async def put_choice(tx: Tx, user_id: UUID, *, topic: Topic, channel: Channel, enabled: bool) -> None:
    await tx.execute(_PUT_CHOICE, user_id, topic, channel, enabled)


async def put_quiet(tx: Tx, user_id: UUID, quiet: QuietHours | None) -> None:
    """Keep a person's own quiet hours; None goes back to the shop's."""
    if quiet is None:
        await tx.execute(_DELETE_QUIET, user_id)
    else:
        await tx.execute(_PUT_QUIET, user_id, quiet.starts_minute, quiet.ends_minute, quiet.zone.key)


async def give_consent(tx: Tx, user_id: UUID, *, wording: str, given_by: str) -> bool:
    """Note a consent; False when there is one already."""
    return await tx.execute(_GIVE, new_id(), user_id, wording, given_by) == 1


async def withdraw_consent(tx: Tx, user_id: UUID, *, withdrawn_by: str) -> bool:
    """Note that it is taken back; False when there was none."""
    return await tx.execute(_WITHDRAW, user_id, withdrawn_by) == 1
