"""Writing a conversation down for its customer."""

from datetime import datetime
from uuid import UUID

from faded_skies.domains.identity import service as identity
from faded_skies.domains.notifications import service as notifications
from faded_skies.domains.support.queries import messages, tickets
from faded_skies.domains.support.rules.transcript import MOST_LINES, Said, transcript
from faded_skies.platform.db import Tx


async def mail_transcript(tx: Tx, *, ticket_id: UUID, closed_at: datetime) -> None:
    """Mail what was said to the customer, once for each time the conversation ended."""
    ticket = await tickets.find_ticket(tx, ticket_id)
    customer = None if ticket is None else await identity.find_customer(tx, ticket.user_id)
    if ticket is None or customer is None or customer.account_status == "closed":
        return
    said = [
        Said(one.created_at, one.sender_name, one.message, len(one.attachments))
        for one in await messages.list_newest(tx, ticket_id, limit=MOST_LINES)
    ]
    earlier = await messages.count_messages(tx, ticket_id) - len(said)
    letter = transcript(
        to=customer.email,
        full_name=customer.full_name,
        ticket_id=ticket_id,
        subject=ticket.subject,
        said=said,
        earlier=earlier,
    )
    fact = f"ticket:{ticket_id}:closed:{closed_at.isoformat()}"
    await notifications.notify(tx, user_id=ticket.user_id, kind="chat_transcript", fact=fact, letter=letter)
