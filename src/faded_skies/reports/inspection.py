"""The inspection pack: what an inspector of the state asks for, of some local days, in one archive.

Each part is streamed, so that a year fits into little memory. The sums of all files stand in SHA256SUMS, and the audit
log's rows carry their own proof.
"""

import hashlib
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import orjson

from faded_skies.platform import clock
from faded_skies.platform.audit.walk import Finding
from faded_skies.platform.audit_log import verifying
from faded_skies.platform.audit_log.exporting import ndjson
from faded_skies.platform.audit_log.reading import Filter
from faded_skies.platform.db import Database, Row, Tx
from faded_skies.platform.ids import uuid_text
from faded_skies.reports.days import Span
from faded_skies.reports.inspection_queries import AUDIT_PROOF, PARTS, RULE_FILES, SHOP, Part
from faded_skies.reports.tables import as_csv

_ROWS = 500

Progress = Callable[[str, int], None]


@dataclass
class Pack:
    """What was written: rows by file, and what the audit log's check found."""

    rows: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    sums: dict[str, str] = field(default_factory=dict)


async def write_pack(
    db: Database, span: Span, archive: zipfile.ZipFile, *, told: Progress = lambda _name, _rows: None
) -> Pack:
    """Write the pack of some local days; `told` hears of each file with its rows when it is whole."""
    pack = Pack()
    async with db.transaction() as tx:
        tx.audit(
            "inspection.written",
            object_type="inspection",
            object_id=None,
            actor_id=None,
            first=span.first.isoformat(),
            last=span.last.isoformat(),
        )
    async with db.transaction() as tx:
        for part in PARTS:
            await _file(pack, archive, part.file, _table(tx, part, span), told)
        async for row in tx.stream(RULE_FILES, span.begins, span.ends):
            for name, text in row["files"].items():
                path = f"rules/{row['digest'][:12]}/{name}"
                await _file(pack, archive, path, _once(text.encode()), told)
        proof = [orjson.dumps(dict(row), default=_plain) async for row in tx.stream(AUDIT_PROOF)]
        shop = await tx.fetchrow(SHOP)
    log = ndjson(db, Filter(since=span.begins, until=span.ends))
    await _file(pack, archive, "audit/log.ndjson", _counted(log), told)
    await _file(pack, archive, "audit/seals.ndjson", _once(b"\n".join(proof), len(proof)), told)
    checked = await verifying.verify(db, found=lambda found: pack.findings.append(_words(found)))
    verdict = "\n".join(
        [f"{checked.rows} rows of the whole log checked.", *(pack.findings or ["Nothing is wrong."])]
    )
    await _file(pack, archive, "audit/verdict.txt", _once(verdict.encode()), told)
    await _file(pack, archive, "README.txt", _once(_readme(span, pack, shop).encode()), told)
    sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(pack.sums.items()))
    archive.writestr("SHA256SUMS", sums)
    return pack


async def _file(
    pack: Pack,
    archive: zipfile.ZipFile,
    name: str,
    chunks: AsyncIterator[tuple[bytes, int]],
    told: Progress,
) -> None:
    digest, rows = hashlib.sha256(), 0
    with archive.open(name, "w", force_zip64=True) as file:
        async for chunk, more in chunks:
            file.write(chunk)
            digest.update(chunk)
            rows += more
    pack.rows[name], pack.sums[name] = rows, digest.hexdigest()
    told(name, rows)


async def _table(tx: Tx, part: Part, span: Span) -> AsyncIterator[tuple[bytes, int]]:
    """Yield a part as CSV with its heading, or as lines of JSON where its rows are documents."""
    if not part.file.endswith(".csv"):
        async for row in tx.stream(part.statement, span.begins, span.ends):
            yield orjson.dumps(dict(row), default=_plain, option=orjson.OPT_APPEND_NEWLINE), 1
        return
    yield as_csv([part.columns]), 0
    rows: list[Row] = []
    async for row in tx.stream(part.statement, span.begins, span.ends):
        rows.append(row)
        if len(rows) == _ROWS:
            yield as_csv(map(_cells, rows)), len(rows)
            rows.clear()
    yield as_csv(map(_cells, rows)), len(rows)


def _cells(row: Row) -> Sequence[object]:
    return [value.isoformat() if hasattr(value, "isoformat") else value for value in row]


async def _counted(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[bytes, int]]:
    async for chunk in chunks:
        yield chunk, chunk.count(b"\n")


async def _once(text: bytes, rows: int = 1) -> AsyncIterator[tuple[bytes, int]]:
    yield text, rows


def _words(found: Finding) -> str:
    return f"{found.kind}: {found.text}"


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else uuid_text(value)


def _readme(span: Span, pack: Pack, shop: Row | None) -> str:
    about = (
        f"{shop['name']}, licence {shop['license_number']} ({shop['license_type']}, {shop['license_issuer']}), "
        f"{shop['license_issued_on']} to {shop['license_expires_on']}"
        if shop
        else "a shop that is not set up yet"
    )
    words = {part.file: part.what for part in PARTS}
    files = "".join(
        f"{name:<34} {rows:>9,} rows   {words.get(name, '')}\n" for name, rows in sorted(pack.rows.items())
    )
    return f"""Inspection pack of {about}.
Local days {span.first} to {span.last} ({span.zone.key}), both included.
Written {clock.now():%Y-%m-%d %H:%M:%S} UTC.
Times in the files are UTC. Money is in cents, weights in milligrams.

{files}
Proofs. SHA256SUMS has the sum of each file: `sha256sum --check SHA256SUMS`. Each row of audit/log.ndjson
has a mac and a place in one of eight hash chains; the shop proves them by
`faded-skies audit verify --file audit/log.ndjson`. audit/verdict.txt is what that check said of the whole
log when this was written. Each order and decision names the hash of the rules it was judged by; those rules
stand in rules/, in folders named by the beginning of that hash.

What is not here: pictures of IDs and their numbers, birth dates, and names and addresses of customers outside
of the papers that the law itself demands.
"""
