"""Walking along one chain, row by row: what is wrong with it, as far as rows, keys and links tell."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from faded_skies.platform.audit.encoding import LogRow, Seal, Sign, next_link, row_message, seal_message


class Kind(StrEnum):
    """What is wrong. `docs/runbooks/audit.md` says what each means and what to do."""

    CHANGED = "changed"
    INSERTED = "inserted"
    DROPPED = "dropped"
    OUT_OF_PLACE = "out_of_place"
    CHAIN_REWRITTEN = "chain_rewritten"
    SEAL_CHANGED = "seal_changed"
    SEAL_MISSING = "seal_missing"
    TAIL_CUT = "tail_cut"
    HEAD_WRONG = "head_wrong"
    NOT_SEALED = "not_sealed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where. `text` says it in a sentence; it holds nothing of the row's content."""

    kind: Kind
    text: str
    chain: int | None = None
    position: int | None = None
    seq: int | None = None


def row_is_ours(row: LogRow, sign: Sign) -> bool:
    """Tell whether the row's content is what a process with the key wrote."""
    try:
        return row.mac is not None and hmac.compare_digest(sign(row_message(row.content)), row.mac)
    except (ValueError, RecursionError):
        return False


def seal_is_ours(seal: Seal, sign: Sign) -> bool:
    """Tell whether a process with the key wrote this seal."""
    return hmac.compare_digest(sign(seal_message(seal)), seal.mac)


class Walk:
    """Takes a chain's rows in the order of their positions. `link` is None where the row before is not known."""

    def __init__(self, chain: int, sign: Sign, *, position: int, link: bytes | None) -> None:
        self.chain = chain
        self.position = position
        self.link = link
        self.missing = 0
        self._sign = sign

    def step(self, row: LogRow) -> Iterator[Finding]:
        """Go on to the next row and yield what is wrong with it."""
        position = row.position or 0
        if position > self.position + 1:
            self.missing += position - self.position - 1
            yield self._found(
                Kind.DROPPED,
                row,
                f"rows {self.position + 1} to {position - 1} of chain {self.chain} are missing",
                at=self.position + 1,
            )
            self.link = None
        elif position <= self.position:
            yield self._found(
                Kind.OUT_OF_PLACE,
                row,
                f"row {position} of chain {self.chain} stands behind row {self.position}",
            )
            self.link = None
        if not row_is_ours(row, self._sign):
            text = f"row {position} of chain {self.chain} was changed, or was not written by the shop"
            yield self._found(Kind.CHANGED, row, text)
        if self.link is not None and row.link != self._link(row, self.link):
            text = f"row {position} of chain {self.chain} does not follow the row before it"
            yield self._found(Kind.OUT_OF_PLACE, row, text)
        self.position, self.link = position, row.link

    def _link(self, row: LogRow, previous: bytes) -> bytes:
        place = row.position or 0
        return next_link(previous, chain=self.chain, position=place, seq=row.seq, mac=row.mac or b"")

    def _found(self, kind: Kind, row: LogRow, text: str, *, at: int | None = None) -> Finding:
        return Finding(
            kind, f"{text} (seq {row.seq}).", chain=self.chain, position=at or row.position, seq=row.seq
        )
