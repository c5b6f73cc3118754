"""`faded-skies audit`, as somebody types it."""

import asyncio
import csv
import io
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from factories.audit import tamper, write
from faded_skies.audit_command import audit
from faded_skies.platform.audit_log.sealing import anchor_of, seal_chains
from faded_skies.platform.db import Database
from faded_skies.platform.ids import new_id
from faded_skies.platform.settings import Settings
from servers import needed_of

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return needed_of(settings)


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Run the command with the environment of a process of the shop; gives exit code, stdout and stderr."""

    async def command(*arguments: object) -> tuple[int, str, str]:
        words = [str(argument) for argument in arguments]
        result = await asyncio.to_thread(CliRunner().invoke, audit, words, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return command


async def test_the_program_has_the_command(log: Database, environment: dict[str, str]) -> None:
    await write(log, 2)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faded_skies", "audit", "verify"),
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert (process.returncode, out) == (0, b"Nothing is wrong. 2 rows checked.\n")


async def test_a_whole_log_is_whole(log: Database, run: Run) -> None:
    await write(log, 5)
    assert await run("verify") == (0, "Nothing is wrong. 5 rows checked.\n", "")


async def test_what_is_wrong_is_named_with_its_place(log: Database, settings: Settings, run: Run) -> None:
    await write(log, 5)
    await tamper(settings.database_url, "UPDATE audit_log SET reason = 'x' WHERE position IN (2, 4)")
    chain = await log.fetchval("SELECT chain FROM audit_log LIMIT 1")
    seqs = [row["seq"] for row in await log.fetch("SELECT seq FROM audit_log ORDER BY seq")]
    changed = "changed: row {} of chain {} was changed, or was not written by the shop (seq {}).\n"
    told = changed.format(2, chain, seqs[1]) + changed.format(4, chain, seqs[3])
    assert await run("verify") == (1, f"{told}SOMETHING IS WRONG: changed 2. 5 rows checked.\n", "")


async def test_a_thousand_findings_are_summed(log: Database, settings: Settings, run: Run) -> None:
    async with log.transaction() as tx:
        for _ in range(1100):
            tx.audit("test.done", object_type="thing", object_id=None, actor_id=None)
    await tamper(settings.database_url, "UPDATE audit_log SET reason = 'x'")
    code, out, _ = await run("verify")
    assert code == 1
    assert len(out.splitlines()) == 102
    assert out.splitlines()[-1] == "SOMETHING IS WRONG: changed 1100. 1,100 rows checked."


async def test_anchors_of_a_log_or_a_text_are_compared(
    log: Database, settings: Settings, run: Run, tmp_path: Path
) -> None:
    await write(log, 2)
    _, seal = await seal_chains(log)
    kept = tmp_path / "worker.log"
    kept.write_text(f'{{"event": "other"}}\n{{"event": "audit_sealed", "seals": ["{anchor_of(seal)}"]}}\n')
    for anchor in (kept, anchor_of(seal)):
        assert await run("verify", "--anchor", anchor) == (
            0,
            "Nothing is wrong. 2 rows checked; 1 anchors compared.\n",
            "",
        )
    await tamper(
        settings.database_url, "DELETE FROM audit_log", "DELETE FROM audit_heads", "DELETE FROM audit_seals"
    )
    assert (await run("verify"))[0] == 0
    code, out, _ = await run("verify", "--anchor", kept)
    assert code == 1
    assert f"the anchor names seal 1 of chain {seal.chain}, which is not there" in out


@pytest.mark.parametrize("anchor", ["nonsense", "3.1:abc", "/no/such/file"])
async def test_an_anchor_that_says_nothing_is_refused(log: Database, run: Run, anchor: str) -> None:
    code, _, err = await run("verify", "--anchor", anchor)
    assert code == 2
    assert f"--anchor {anchor} is neither a file with" in err


async def test_an_export_can_be_verified_later(log: Database, run: Run, tmp_path: Path) -> None:
    await write(log, 5)
    code, out, _ = await run("export")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    # The export is audited itself, before it is written.
    assert [row["action"] for row in rows] == [*["test.done"] * 5, "audit_log.exported"]
    assert rows[0]["details"] == {"number": 0}
    assert rows[0]["reason"] == "why"
    kept = tmp_path / "audit.ndjson"
    kept.write_text(out)
    assert await run("verify", "--file", kept) == (0, "Nothing is wrong. 6 rows checked.\n", "")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"why"', '"who"', "changed 1"),
        ('{"number": 1}', '{"number": 1.0000000000000000000001}', "changed 1"),
        ('"seq":', '"seq":1', "out_of_place 1"),
        ('{"seq"', "{", "changed 1"),
        ('"recordedAt":"20', '"recordedAt":"19', "changed 1"),
    ],
    ids=["reason", "digits", "seq", "no row", "time"],
)
async def test_an_export_that_was_changed_is_told(
    log: Database, run: Run, tmp_path: Path, old: str, new: str, told: str
) -> None:
    await write(log, 3)
    kept = tmp_path / "audit.ndjson"
    assert (await run("export", "--action", "test.done", "--output", kept))[0] == 0
    first, second, third = kept.read_text().splitlines()
    assert old in second
    kept.write_text("\n".join([first, second.replace(old, new), third]))
    code, out, _ = await run("verify", "--file", kept)
    assert code == 1
    assert f"SOMETHING IS WRONG: {told}" in out


async def test_rows_that_an_export_leaves_out_are_counted(log: Database, run: Run, tmp_path: Path) -> None:
    await write(log, 1)
    await write(log, 2, action="test.other")
    await write(log, 1)
    kept = tmp_path / "audit.ndjson"
    assert (await run("export", "--action", "test.done", "--output", kept))[0] == 0
    code, out, _ = await run("verify", "--file", kept)
    assert code == 0
    assert "2 rows checked; 2 rows that stood between them are not in the file" in out


async def test_filters_choose(log: Database, run: Run) -> None:
    actor_id = new_id()
    await write(log, 2)
    async with log.transaction() as tx:
        tx.audit("test.mine", object_type="thing", object_id=None, actor_id=actor_id)
    for filters in (("--actor", actor_id), ("--action", "test.mine")):
        _, out, _ = await run("export", *filters)
        assert [json.loads(line)["action"] for line in out.splitlines()] == ["test.mine"]
    assert (await run("export", "--until", "2026-01-01"))[1] == ""
    assert (await run("export", "--since", "2999-01-01"))[1] == ""


async def test_a_spreadsheet_gets_no_formulas(log: Database, run: Run) -> None:
    async with log.transaction() as tx:
        tx.audit(
            "test.done", object_type="thing", object_id=None, actor_id=None, reason='=HYPERLINK("http://x")'
        )
    code, out, _ = await run("export", "--format", "csv", "--action", "test.done")
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["reason"] == '\'=HYPERLINK("http://x")'
    assert (row["action"], row["details"], row["actorId"]) == ("test.done", "{}", "")
    assert len(row["mac"]) == 64


async def test_help_teaches(run: Run) -> None:
    code, out, _ = await run("verify", "--help")
    assert code == 0
    assert "faded-skies audit verify --anchor" in out


async def test_file_and_anchor_do_not_go_together(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    code, _, err = await run("verify", "--file", tmp_path / "a", "--anchor", "1.1:" + "0" * 64)
    assert code == 2
    assert "leave it away with --file" in err
