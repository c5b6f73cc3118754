"""The log as a file: NDJSON that can be verified later, and CSV for people's spreadsheets."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from faded_skies.platform.audit.encoding import GENESIS, Content, LogRow, Sign, microseconds
from faded_skies.platform.audit.walk import Finding, Kind, Walk
from faded_skies.platform.audit_log.checking import Found, Progress
from faded_skies.platform.audit_log.reading import PAGE, Filter, as_json, read_in_order
from faded_skies.platform.db import Database
from faded_skies.platform.ids import uuid_text
from faded_skies.platform.spreadsheets import safe_cell

COLUMNS = (
    "seq",
    "id",
    "recordedAt",
    "actorId",
    "action",
    "objectType",
    "objectId",
    "details",
    "reason",
    "address",
    "userAgent",
    "requestId",
    "chain",
    "position",
    "link",
    "mac",
)


async def ndjson(db: Database, wanted: Filter) -> AsyncIterator[bytes]:
    """Yield the rows as lines of JSON, many at a time."""
    lines: list[bytes] = []
    async for row in read_in_order(db, wanted):
        lines.append(orjson.dumps(as_json(row), default=uuid_text, option=orjson.OPT_APPEND_NEWLINE))
        if len(lines) == PAGE:
            yield b"".join(lines)
            lines.clear()
    yield b"".join(lines)


async def as_csv(db: Database, wanted: Filter) -> AsyncIterator[bytes]:
    """Yield the rows as CSV (RFC 4180) with a heading. Cells that would be formulas get an apostrophe in front."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    async for row in read_in_order(db, wanted):
        cells = {**as_json(row), "details": row.content.details}
        writer.writerow([_cell(cells[name]) for name in COLUMNS])
        if out.tell() > PAGE * PAGE:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()


def _cell(value: object) -> object:
    return safe_cell(value) if isinstance(value, str) else value


@dataclass
class FileVerdict:
    """What a file held. `missing` positions lie between its rows: filters leave them out, and so does a thief."""

    rows: int = 0
    before: int = 0
    missing: int = 0


def verify_lines(
    lines: Iterable[bytes], sign: Sign, *, found: Found, progress: Progress = lambda _: None
) -> FileVerdict:
    """Check an NDJSON export: each row's mac, and its link where the row before it is in the file too."""
    verdict, walks = FileVerdict(), dict[int, Walk]()
    for number, line in enumerate(lines, start=1):
        row = _read(line)
        if row is None:
            found(Finding(Kind.CHANGED, f"line {number} is not a row of an export."))
            continue
        verdict.rows += 1
        if verdict.rows % PAGE == 0:
            progress(PAGE)
        if row.chain is None or row.position is None:
            verdict.before += 1
            continue
        if row.chain not in walks:
            known = GENESIS if row.position == 1 else None
            walks[row.chain] = Walk(row.chain, sign, position=row.position - 1, link=known)
        for finding in walks[row.chain].step(row):
            if finding.kind is not Kind.DROPPED:
                found(finding)
    verdict.missing = sum(walk.missing for walk in walks.values())
    progress(verdict.rows % PAGE)
    return verdict


def _read(line: bytes) -> LogRow | None:
    """Return the row of a line, None when it is none: the file may come from anybody."""
    try:
        told = json.loads(line, parse_int=Decimal, parse_float=Decimal)
        return _row(told)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return None


def _row(told: dict[str, Any]) -> LogRow:
    return LogRow(
        seq=_number(told["seq"]) or 0,
        content=Content(
            id=UUID(told["id"]),
            recorded_us=microseconds(datetime.fromisoformat(told["recordedAt"])),
            actor_id=_uuid(told["actorId"]),
            action=str(told["action"]),
            object_type=str(told["objectType"]),
            object_id=_uuid(told["objectId"]),
            details=orjson.dumps(told["details"], default=_digits).decode(),
            reason=_text(told["reason"]),
            address=_text(told["address"]),
            user_agent=_text(told["userAgent"]),
            request_id=_text(told["requestId"]),
        ),
        chain=_number(told["chain"], bits=15),
        position=_number(told["position"]),
        link=_bytes(told["link"]),
        mac=_bytes(told["mac"]),
    )


def _number(value: Decimal | None, *, bits: int = 63) -> int | None:
    if value is None:
        return None
    number = int(value)
    if number != value or not 0 <= number < 2**bits:
        raise ValueError("not a number of the log")
    return number


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value)


def _digits(value: object) -> orjson.Fragment:
    return orjson.Fragment(str(value))
