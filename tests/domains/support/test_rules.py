"""The table of moves, and how a transcript reads: without a database."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.domains.support.errors import TicketClosed, TicketOpen, TicketTaken
from faded_skies.domains.support.rules.moves import (
    MOVES,
    ChatStatus,
    Move,
    check_move,
    may_resume,
)
from faded_skies.domains.support.rules.transcript import (
    MOST_CHARACTERS,
    MOST_LINES,
    Said,
    transcript,
)
from faded_skies.platform.errors import InvalidState

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
ALLOWED = {
    (ChatStatus.WAITING, Move.ASSIGN): ChatStatus.ACTIVE,
    (ChatStatus.WAITING, Move.TAKE): ChatStatus.ACTIVE,
    (ChatStatus.WAITING, Move.TRANSFER): ChatStatus.ACTIVE,
    (ChatStatus.WAITING, Move.CLOSE): ChatStatus.ENDED,
    (ChatStatus.ACTIVE, Move.TRANSFER): ChatStatus.ACTIVE,
    (ChatStatus.ACTIVE, Move.REQUEUE): ChatStatus.WAITING,
    (ChatStatus.ACTIVE, Move.CLOSE): ChatStatus.ENDED,
    (ChatStatus.ENDED, Move.RESUME): ChatStatus.WAITING,
    (ChatStatus.ENDED, Move.REOPEN): ChatStatus.ACTIVE,
}


@pytest.mark.parametrize(("status", "move"), list(product(ChatStatus, Move)))
def test_the_table_allows_these_moves_and_no_others(status: ChatStatus, move: Move) -> None:
    if (status, move) in ALLOWED:
        assert check_move(status, move) is ALLOWED[status, move]
        return
    with pytest.raises(InvalidState) as refused:
        check_move(status, move)
    if status is ChatStatus.ENDED:
        assert refused.type is TicketClosed
    else:
        assert refused.type in {TicketTaken, TicketOpen, TicketClosed}


def test_every_move_is_in_the_table() -> None:
    assert set(MOVES) == set(Move)


def test_a_message_resumes_until_the_last_moment() -> None:
    within = timedelta(days=14)
    assert may_resume(NOON, now=NOON + within, within=within)
    assert not may_resume(NOON, now=NOON + within + timedelta(microseconds=1), within=within)
    assert not may_resume(NOON, now=NOON + timedelta(seconds=1), within=timedelta(0))


def write(said: list[Said], *, earlier: int = 0) -> list[str]:
    letter = transcript(
        to="maya@example.com",
        full_name="Maya Okafor",
        ticket_id=UUID(int=7),
        subject="A jar is missing",
        said=said,
        earlier=earlier,
    )
    assert letter.path == f"/support/{UUID(int=7)}"
    return letter.paragraphs


def test_a_transcript_tells_who_said_what_when() -> None:
    said = [
        Said(NOON, "Maya Okafor", "One jar.", 0),
        Said(NOON, "Agnes", "See.", 2),
        Said(NOON, "Agnes", "So.", 1),
    ]
    assert write(said)[1:] == [
        "Nov 28, 12:00 UTC, Maya Okafor: One jar.",
        "Nov 28, 12:00 UTC, Agnes: See. [2 pictures]",
        "Nov 28, 12:00 UTC, Agnes: So. [1 picture]",
    ]


@given(st.lists(st.integers(1, 4000), max_size=MOST_LINES), st.integers(0, 10_000))
def test_a_transcript_of_any_length_is_a_mail_that_can_be_sent(lengths: list[int], earlier: int) -> None:
    lines = write([Said(NOON, "Maya", "x" * length, 0) for length in lengths], earlier=earlier)
    assert len(lines) <= MOST_LINES + 2
    assert sum(map(len, lines)) <= MOST_CHARACTERS + 200
    told = [line for line in lines if "Maya: " in line]
    dropped = len(lengths) - len(told)
    left_out = earlier + dropped
    assert [len(line) - len("Nov 28, 12:00 UTC, Maya: ") for line in told] == lengths[dropped:]
    assert any(line.startswith(f"({left_out} earlier") for line in lines) == (left_out > 0)
