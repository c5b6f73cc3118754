"""What can be done in conversations with support; one file for each matter."""

from faded_skies.domains.support.models import Listed, Load, Message, Note, Ticket
from faded_skies.domains.support.rules.moves import ChatStatus, Party, Priority
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
    add_note,
    get_ticket_for,
    get_ticket_for_staff,
    list_for_staff,
    list_loads,
    list_messages,
    list_notes,
    list_own,
    mark_read,
    read_state,
)
from faded_skies.domains.support.service.transcripts import mail_transcript
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
    "add_note",
    "close",
    "erase",
    "files_of",
    "get_picture_for",
    "get_ticket_for",
    "get_ticket_for_staff",
    "hand_over",
    "held_on",
    "keep_picture",
    "list_for_staff",
    "list_loads",
    "list_messages",
    "list_notes",
    "list_own",
    "mail_transcript",
    "mark_read",
    "open_ticket",
    "read_state",
    "reopen",
    "serve_queue",
    "sweep",
    "take",
    "tidy",
    "transfer",
    "write",
    "write_once",
]
