"""What follows from facts about conversations, and from agents who arrive."""

from collections.abc import Sequence

from faded_skies.domains.support import service
from faded_skies.domains.support.events import (
    ChatMoved,
    MessagesRead,
    MessageWritten,
    TicketClosed,
)
from faded_skies.domains.support.ports import Desk
from faded_skies.domains.support.queries import messages, tickets
from faded_skies.domains.support.schemas import present_message, present_ticket
from faded_skies.platform.events import Subscription
from faded_skies.platform.ports import Ports
from faded_skies.platform.presence import StaffArrived


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    """Return who hears of conversations."""
    return [*_telling(ports), *_serving(ports)]


def _telling(ports: Ports) -> Sequence[Subscription]:
    db, realtime = ports.db, ports.realtime

    async def tell_message(event: MessageWritten) -> None:
        message = await messages.find_message(db, event.ticket_id, event.message_id)
        if message is not None:
            await realtime.tell("new-message", present_message(message), rooms=[f"chat:{event.ticket_id}"])

    async def tell_move(event: ChatMoved) -> None:
        """Tell how the chat stands now, which may be later than the event: the newest state is never taken back."""
        ticket = await tickets.find_ticket(db, event.ticket_id)
        if ticket is not None:
            rooms = [f"chat:{ticket.id}", f"user:{ticket.user_id}", "agents"]
            await realtime.tell("chat-status", {"ticket": present_ticket(ticket)}, rooms=rooms)

    async def tell_read(event: MessagesRead) -> None:
        told = {
            "ticketId": event.ticket_id,
            "senderType": event.sender_type,
            "messageId": event.message_id,
            "until": event.until,
            "readAt": event.read_at,
        }
        await realtime.tell("messages-read", told, rooms=[f"chat:{event.ticket_id}"])

    return [
        Subscription("support.tell_message", MessageWritten, tell_message, is_fleeting=True),
        Subscription("support.tell_move", ChatMoved, tell_move, is_fleeting=True),
        Subscription("support.tell_read", MessagesRead, tell_read, is_fleeting=True),
    ]


def _serving(ports: Ports) -> Sequence[Subscription]:
    db = ports.db
    desk: Desk = ports.get(Desk)

    async def serve_arrived(_: StaffArrived) -> None:
        await service.serve_queue(desk)

    async def serve_freed(_: TicketClosed) -> None:
        await service.serve_queue(desk)

    async def mail_transcript(event: TicketClosed) -> None:
        async with db.transaction() as tx:
            await service.mail_transcript(tx, ticket_id=event.ticket_id, closed_at=event.closed_at)

    return [
        Subscription("support.serve_arrived", StaffArrived, serve_arrived),
        Subscription("support.serve_freed", TicketClosed, serve_freed),
        Subscription("support.mail_transcript", TicketClosed, mail_transcript),
    ]
