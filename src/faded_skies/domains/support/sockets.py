"""Socket.IO: chat (contract §7)."""

from collections.abc import Sequence

from faded_skies.domains.support import service
from faded_skies.domains.support.ports import Desk
from faded_skies.domains.support.schemas import (
    ChatMessageShape,
    ChatStateShape,
    CustomerJoinedShape,
    JoinChat,
    MarkRead,
    MessageAnswer,
    MessagesReadShape,
    ReadAnswer,
    SendMessage,
    TicketAnswer,
    Typing,
    UserTypingShape,
    present_message,
    present_state,
)
from faded_skies.domains.support.service import Party
from faded_skies.platform import clock
from faded_skies.platform.ports import Ports
from faded_skies.platform.ratelimit import Gate
from faded_skies.platform.realtime import ClientEvent, ServerEvent, Socket

_MOST_TOUCHES = 240
"""How often a person may join, type or mark as read in a minute."""


_TO_ITS_ROOM = "to everybody who has joined the conversation"

SERVER_EVENTS = (
    ServerEvent("new-message", ChatMessageShape, _TO_ITS_ROOM),
    ServerEvent("messages-read", MessagesReadShape, _TO_ITS_ROOM),
    ServerEvent("user-typing", UserTypingShape, "to the others who have joined the conversation"),
    ServerEvent(
        "chat-status",
        TicketAnswer,
        "to the customer, to all agents, and to everybody who has joined the conversation",
    ),
    ServerEvent("customer-joined-chat", CustomerJoinedShape, "to all agents"),
)


def client_events(ports: Ports) -> Sequence[ClientEvent]:
    """Return what clients may send about conversations."""
    db, realtime, desk = ports.db, ports.realtime, ports.get(Desk)
    touches = Gate(
        ports.valkey,
        "support-touches",
        limit=_MOST_TOUCHES,
        window=60,
        refusal="That is more than a person does in a minute. Wait a moment.",
    )

    async def join_chat(socket: Socket, payload: JoinChat) -> dict[str, object]:
        """Take part in a conversation: its customer, and any agent; the answer is how it stands."""
        await touches.enter(str(socket.actor.id))
        ticket = await service.get_ticket_for(db, socket.actor, payload.ticket_id)
        # Joined before the state is read: what happens in between is told twice rather than never.
        await socket.join(f"chat:{ticket.id}")
        state = await service.read_state(db, socket.actor, ticket.id, since=payload.since_message_id)
        if ticket.party_of(socket.actor.id) is Party.USER:
            told = {"ticketId": ticket.id, "userId": socket.actor.id}
            await realtime.tell("customer-joined-chat", told, rooms=["agents"])
        return present_state(state)

    async def send_message(socket: Socket, payload: SendMessage) -> dict[str, object]:
        """Write into a conversation: its customer, and any agent; one key writes one message."""
        answer = await service.write_once(
            desk,
            socket.actor,
            payload.ticket_id,
            text=payload.message,
            attachments=payload.attachments,
            key=payload.idempotency_key,
            present=present_message,
            now=clock.now(),
        )
        return answer.acknowledgement()

    async def typing(socket: Socket, payload: Typing) -> dict[str, object]:
        """Say that one is writing: the conversation's customer, and any agent."""
        await touches.enter(str(socket.actor.id))
        ticket = await service.get_ticket_for(db, socket.actor, payload.ticket_id)
        name = socket.actor.name
        if ticket.party_of(socket.actor.id) is Party.AGENT:
            name = name.split(maxsplit=1)[0]
        told = {"ticketId": ticket.id, "userId": socket.actor.id, "userName": name}
        await socket.tell_others("user-typing", told, room=f"chat:{ticket.id}")
        return {}

    async def mark_read(socket: Socket, payload: MarkRead) -> dict[str, object]:
        """Mark what the other side wrote as read, up to a message: the conversation's customer, and any agent."""
        await touches.enter(str(socket.actor.id))
        async with db.transaction() as tx:
            count = await service.mark_read(tx, socket.actor, payload.ticket_id, until=payload.message_id)
        return {"read": count}

    return [
        ClientEvent("join-chat", JoinChat, join_chat, ChatStateShape),
        ClientEvent("send-message", SendMessage, send_message, MessageAnswer),
        ClientEvent("typing", Typing, typing),
        ClientEvent("mark-read", MarkRead, mark_read, ReadAnswer),
    ]
