"""Use cases of what people choose to hear of."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from uuid import UUID

from faded_skies.domains.notifications import queries
from faded_skies.domains.notifications.errors import CannotBeSwitchedOff, LinkNotFound
from faded_skies.domains.notifications.models import Preferences
from faded_skies.domains.notifications.rules import LOCKED, Channel, QuietHours, Topic
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.keyring import PurposeKeys

PURPOSE = "unsubscribe"
"""The key that signs links which end promotions."""

WORDING = (
    "I am 21 or older and agree to get offers by e-mail and push. I can end this at any time; buying does not "
    "depend on it."
)
"""What a person agrees to; apps show it beside the switch. A change of it is a new text, never an edit of old rows."""

_MAC_BYTES = 16


async def get_preferences(db: Database | Tx, user_id: UUID) -> Preferences:
    """Return what a person chose."""
    return await queries.preferences.get_preferences(db, user_id)


async def choose(tx: Tx, user_id: UUID, choices: Sequence[tuple[Topic, Channel, bool]]) -> None:
    """Switch topics on and off. Raises CannotBeSwitchedOff."""
    for topic, channel, enabled in sorted(choices):
        if (topic, channel) not in LOCKED:
            await queries.preferences.put_choice(tx, user_id, topic=topic, channel=channel, enabled=enabled)
        elif not enabled:
            raise CannotBeSwitchedOff(topic)


async def choose_quiet_hours(tx: Tx, user_id: UUID, quiet: QuietHours | None) -> None:
    """Keep a person's own quiet hours; None goes back to the shop's."""
    await queries.preferences.put_quiet(tx, user_id, quiet)


async def consent(tx: Tx, user_id: UUID, *, given_by: str) -> None:
    """Note that a person agrees to promotions, with the words and the time; a second time changes nothing."""
    if await queries.preferences.give_consent(tx, user_id, wording=WORDING, given_by=given_by):
        tx.audit(
            "promotions.consented", object_type="user", object_id=user_id, actor_id=user_id, source=given_by
        )


async def withdraw_consent(tx: Tx, user_id: UUID, *, withdrawn_by: str) -> None:
    """Note that a person wants no promotions any more; those that wait are dropped when their time comes."""
    if await queries.preferences.withdraw_consent(tx, user_id, withdrawn_by=withdrawn_by):
        tx.audit(
            "promotions.unsubscribed",
            object_type="user",
            object_id=user_id,
            actor_id=user_id,
            source=withdrawn_by,
        )


def unsubscribe_token(keys: PurposeKeys, user_id: UUID) -> str:
    """Return what a link carries so that whoever has it can end this person's promotions, and do nothing else."""
    return base64.urlsafe_b64encode(user_id.bytes + _mac(keys, user_id)).rstrip(b"=").decode()


def read_unsubscribe_token(keys: PurposeKeys, token: str) -> UUID:
    """Return whose promotions the link ends. Raises LinkNotFound: we did not write it."""
    try:
        raw = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise LinkNotFound from None
    if len(raw) != 16 + _MAC_BYTES:
        raise LinkNotFound
    user_id = UUID(bytes=raw[:16])
    if not hmac.compare_digest(raw[16:], _mac(keys, user_id)):
        raise LinkNotFound
    return user_id


def _mac(keys: PurposeKeys, user_id: UUID) -> bytes:
    return keys.digest(PURPOSE, b"promotions:" + user_id.bytes)[:_MAC_BYTES]
