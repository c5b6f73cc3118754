"""What can stand against talking with support."""

from faded_skies.platform.errors import Absent, InvalidState


class TicketNotFound(Absent):
    sentence = "There is no such ticket."


class MessageNotFound(Absent):
    sentence = "There is no such message in this ticket."


class UploadNotFound(Absent):
    sentence = "There is no such picture, or it is not kept any more."


class AgentNotFound(Absent):
    sentence = "There is no such agent."


class TicketTaken(InvalidState):
    sentence = "A colleague has this ticket. Have it transferred, or take another one."


class TicketClosed(InvalidState):
    sentence = "This conversation is closed. Reopen it first."


class TicketOver(InvalidState):
    """For the customer, who cannot reopen what was closed long ago."""

    sentence = "This conversation was closed a while ago. Open a new ticket, and name this one in it."


class TicketOpen(InvalidState):
    sentence = "This ticket is not closed. There is nothing to reopen."


class AgentBusy(InvalidState):
    """The limit holds whichever way a ticket comes to an agent."""

    sentence = "This agent has as many open chats as one person can hold. Close one first, or choose another."


class AgentAway(InvalidState):
    sentence = "This agent is not there at the moment, or away. Choose one of those who are there."


class OwnTicket(InvalidState):
    sentence = "This is the agent's own ticket. Leave it to a colleague."
