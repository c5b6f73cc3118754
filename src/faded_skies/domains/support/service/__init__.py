"""What can be done in conversations with support; one file for each matter."""

from faded_skies.domains.support.models import Listed, Load, Message, Note, Ticket, TicketFilter
from faded_skies.domains.support.rules.moves import ChatStatus, Party, Priority
from faded_skies.domains.support.service.away import set_away
from faded_skies.domains.support.service.desk import close, reopen, take, transfer
from faded_skies.domains.support.service.leaving import erase, held_on
from faded_skies.domains.support.service.pictures import (
    files_of,
    get_picture_for,
    keep_picture,
    sweep,
    tidy,
)
from faded_skies.domains.support.service.queue import hand_over, serve_queue
from faded_skies.domains.support.service.reading import (
    State,
    Whole,
    add_note,
    get_ticket_for,
    get_whole,
    list_for_staff,
    list_loads,
    list_messages,
    list_own,
    mark_read,
    read_state,
)
from faded_skies.domains.support.service.transcripts import mail_transcript
from faded_skies.domains.support.service.urgency import set_priority
from faded_skies.domains.support.service.writing import NewTicket, open_ticket, write, write_once

__all__ = [
    "ChatStatus",
    "Listed",
    "Load",
    "Message",
    "NewTicket",
    "Note",
    "Party",
    "Priority",
    "State",
    "Ticket",
    "TicketFilter",
    "Whole",
    "add_note",
    "close",
    "erase",
    "files_of",
    "get_picture_for",
    "get_ticket_for",
    "get_whole",
    "hand_over",
    "held_on",
    "keep_picture",
    "list_for_staff",
    "list_loads",
    "list_messages",
    "list_own",
    "mail_transcript",
    "mark_read",
    "open_ticket",
    "read_state",
    "reopen",
    "serve_queue",
    "set_away",
    "set_priority",
    "sweep",
    "take",
    "tidy",
    "transfer",
    "write",
    "write_once",
]
