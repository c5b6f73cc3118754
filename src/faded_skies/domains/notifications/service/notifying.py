"""Writing to a person, once for each fact."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity import service as identity
from faded_skies.domains.notifications import queries, rules
from faded_skies.domains.notifications.events import MessageQueued
from faded_skies.domains.notifications.rules import Letter, Push
from faded_skies.platform.db import Tx
from faded_skies.platform.ids import new_id


async def notify(
    tx: Tx,
    *,
    user_id: UUID | None,
    kind: str,
    fact: str,
    letter: Letter | None = None,
    push: Push | None = None,
    good_until: datetime | None = None,
) -> None:
    """Queue a mail and a push about a fact, such as "order:<id>:delivered"; the same fact is told once only.

    Who has left is told nothing, and nobody what they switched off; without a `user_id` the letter is for a stranger.
    The app's own list has it in any case. What has not left by `good_until` is dropped: its words are true no more.

    They leave after the commit. Each is sent at least once: a process killed between sending and noting it
    sends again, with the same message id.
    """
    for content in (letter, push):
        if content is None:
            continue
        message_id = new_id()
        if await queries.messages.insert_message(
            tx, message_id, user_id=user_id, kind=kind, fact=fact, content=content, good_until=good_until
        ):
            tx.emit(MessageQueued(message_id=message_id))
    notice = rules.notice_of(letter, push)
    if user_id is not None and notice is not None:
        await queries.notices.insert_notice(tx, user_id=user_id, kind=kind, fact=fact, notice=notice)


async def tell(
    tx: Tx,
    user_id: UUID,
    *,
    kind: str,
    fact: str,
    write: Callable[..., Letter | tuple[Letter, Push] | None],
    good_until: datetime | None = None,
) -> None:
    """Notify a person by what `write` makes of their `to` and `full_name`; nobody of None, or who is not there."""
    customer = await identity.find_customer(tx, user_id)
    if customer is None:
        return
    written = write(to=customer.email, full_name=customer.full_name)
    letter, push = written if isinstance(written, tuple) else (written, None)
    await notify(tx, user_id=user_id, kind=kind, fact=fact, letter=letter, push=push, good_until=good_until)


async def alarm_admins(tx: Tx, *, fact: str, headline: str, paragraphs: list[str], path: str) -> None:
    """Write to every active admin that something must be seen to, once for each fact."""
    for admin in await identity.list_admins(tx):
        letter, push = rules.alarm(
            to=admin.email,
            full_name=admin.full_name,
            headline=headline,
            paragraphs=paragraphs,
            path=path,
        )
        await notify(tx, user_id=admin.id, kind="alarm", fact=fact, letter=letter, push=push)
