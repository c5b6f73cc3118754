"""How a conversation is written down for its customer when it is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from faded_skies.domains.notifications.ports import Letter

MOST_LINES = 200
"""How many messages a transcript holds at most, the last ones."""

MOST_CHARACTERS = 60_000


@dataclass(frozen=True, slots=True)
class Said:
    """One message, as the transcript shows it; `at` in UTC."""

    at: datetime
    who: str
    text: str
    pictures: int


def transcript(
    *, to: str, full_name: str, ticket_id: UUID, subject: str, said: Sequence[Said], earlier: int
) -> Letter:
    """Write the letter. `said` is the end of the conversation, before which there were so many `earlier` messages."""
    lines = [_line(one) for one in said]
    size = sum(len(line) for line in lines)
    left_out = earlier
    while size > MOST_CHARACTERS:
        size -= len(lines.pop(0))
        left_out += 1
    gap = [f"({left_out} earlier messages are in the app.)"] if left_out else []
    return Letter(
        to=to,
        subject=f"Our conversation: {subject}",
        full_name=full_name,
        paragraphs=["Your conversation with us is closed. This is what was said.", *gap, *lines],
        button="Open the conversation",
        path=f"/support/{ticket_id}",
    )


def _line(said: Said) -> str:
    pictures = f" [{said.pictures} picture{'s' if said.pictures > 1 else ''}]" if said.pictures else ""
    return f"{said.at:%b} {said.at.day}, {said.at:%H:%M} UTC, {said.who}: {said.text}{pictures}"
