"""Steps of a migration that build or drop an index while the shop sells: no transaction, and nobody waits to write.

Such a file says `-- no transaction` in its first line and has one statement, `CREATE [UNIQUE] INDEX CONCURRENTLY name
ON …` or `DROP INDEX CONCURRENTLY IF EXISTS name`, so that it can be run again after it was broken off anywhere.
"""

import re

import asyncpg

MARK = "-- no transaction\n"

# It waits for the transactions that are open, a backup's too, and keeps nobody from anything meanwhile. A deployment
# waits half an hour and shall see it fail.
_LIMITS = "SET lock_timeout = 0; SET statement_timeout = '25min'"
_STATEMENT = re.compile(
    r"(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?P<made>[a-z0-9_]+)\s+ON\b[^;]+"
    r"|DROP\s+INDEX\s+CONCURRENTLY\s+IF\s+EXISTS\s+[a-z0-9_]+\s*);?\s*",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"--[^\n]*")


class NotAnIndexStepError(Exception):
    """A file says that it needs no transaction, and has something else than one index."""


def stands_alone(text: str) -> bool:
    """Whether a file asks to be run outside a transaction."""
    return text.startswith(MARK)


def within_a_transaction(text: str) -> str:
    """Return such a file for a database that nobody else uses, as in a restore. Raises NotAnIndexStepError."""
    statement, _ = _read(text)
    return re.sub(r"\bCONCURRENTLY\b", "", statement, count=1, flags=re.IGNORECASE)


async def run_alone(connection: "asyncpg.Connection[asyncpg.Record]", text: str) -> None:
    """Build or drop the index; what an attempt that was broken off left under its name is dropped first.

    Raises NotAnIndexStepError; asyncpg.PostgresError, then half an index may be left that nothing reads.
    """
    statement, made = _read(text)
    await connection.execute(_LIMITS)
    if made is not None:
        await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {made}")
    await connection.execute(statement)


def _read(text: str) -> tuple[str, str | None]:
    statement = _COMMENT.sub("", text).strip()
    match = _STATEMENT.fullmatch(statement)
    if match is None:
        raise NotAnIndexStepError(
            "a file without a transaction has one statement: CREATE INDEX CONCURRENTLY name ON … "
            "or DROP INDEX CONCURRENTLY IF EXISTS name"
        )
    return statement, match["made"]
