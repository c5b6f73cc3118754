"""`faded-skies ledger`, as somebody types it."""

import asyncio
import csv
import io
import json
import os
import sys

import asyncpg
import pytest

from factories.trade import Trade
from faded_skies.platform.settings import Settings
from servers import needed_of


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **needed_of(settings)}


async def run(environment: dict[str, str], *words: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faded_skies", "ledger", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_day_is_proved_and_a_tampered_one_is_not(
    day: Trade, environment: dict[str, str], settings: Settings
) -> None:
    code, out, _ = await run(environment, "verify")
    assert code == 0, out
    lines = out.splitlines()
    assert lines[-1].startswith("The books agree to the cent: ")
    assert all(" agree: " in line for line in lines[:-1])
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute("UPDATE rewards_accounts SET balance = balance + 100")
    await connection.close()
    code, out, _ = await run(environment, "verify")
    assert code == 1
    assert "coins: the books say $" in out
    assert "THE BOOKS DISAGREE: 2 of" in out


async def test_balances_balance(day: Trade, environment: dict[str, str]) -> None:
    code, out, _ = await run(environment, "balances")
    assert code == 0
    *_, together = out.splitlines()
    assert together.split()[0] == "together"
    assert together.split()[1] == together.split()[2]
    code, out, _ = await run(environment, "balances", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert round(sum(float(row["debit"]) - float(row["credit"]) for row in rows), 2) == 0
    code, out, _ = await run(environment, "balances", "--at", "2020-01-01", "--format", "csv")
    assert {row["balance"] for row in csv.DictReader(io.StringIO(out))} <= {"0.0", "-0.0"}


async def test_the_journal_is_taken_away(day: Trade, environment: dict[str, str]) -> None:
    await day.db.fetch(
        "UPDATE orders SET order_number = '=1+1' WHERE id = (SELECT max(id::text)::uuid FROM orders)"
    )
    code, out, err = await run(environment, "export")
    assert out.count(',"\'=1+1",') == out.count("=1+1") > 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, len(rows)) == (0, await day.db.fetchval("SELECT count(*) FROM ledger_transfers"))
    assert err == f"{len(rows):,} transfers.\n"
    code, out, _ = await run(environment, "export", "--until", "2020-01-01")
    heading = '"postedAt","fact","subject","leg","debit","credit","amount","orderNumber","party"\r\n'
    assert (code, out) == (0, heading)
    code, out, _ = await run(environment, "export", "--format", "ndjson")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(line["subject"], line["leg"], line["amount"]) for line in lines] == [
        (row["subject"], int(row["leg"]), float(row["amount"])) for row in rows
    ]


async def test_help_teaches_and_a_wrong_database_is_told(environment: dict[str, str]) -> None:
    code, out, _ = await run(environment, "--help")
    assert code == 0
    assert {"verify", "balances", "export"} <= set(out.split())
    environment["DATABASE_URL"] = "postgresql://127.0.0.1:1/nowhere"
    code, _, err = await run(environment, "verify")
    assert code == 1
    assert "The database or the file refuses" in err
