"""`faded-skies inspect`, as somebody types it the morning that an inspector stands in the shop."""

import asyncio
import csv
import hashlib
import io
import json
import os
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from factories.audit import tamper
from factories.trade import Trade
from faded_skies import inspect_command
from faded_skies.domains.compliance import service as compliance
from faded_skies.platform import clock
from faded_skies.platform.settings import Settings
from servers import needed_of


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **needed_of(settings)}


def today() -> str:
    return clock.now().astimezone(compliance.read_law("us-tx-example").timezone).date().isoformat()


async def run(environment: dict[str, str], *words: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faded_skies", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def inspect(
    environment: dict[str, str], out: Path, *, first: str | None = None, last: str | None = None
) -> tuple[int | None, str, str]:
    first = first or (clock.now() - timedelta(days=300)).date().isoformat()
    return await run(environment, "inspect", "--from", first, "--to", last or today(), "--out", str(out))


def table(pack: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(pack.read(name).decode())))


async def test_the_pack_holds_the_day_and_proves_itself(
    day: Trade, environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "pack.zip"
    code, out, err = await inspect(environment, path)
    assert code == 0, err
    assert out.startswith(f"{path}: ")
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as pack:
        assert pack.testzip() is None
        sums = dict(line.split("  ")[::-1] for line in pack.read("SHA256SUMS").decode().splitlines())
        assert set(sums) == set(pack.namelist()) - {"SHA256SUMS"}
        for name, digest in sums.items():
            assert hashlib.sha256(pack.read(name)).hexdigest() == digest
        placed = await day.db.fetchval("SELECT count(*) FROM orders")
        assert len(table(pack, "orders.csv")) == placed > 0
        checks = table(pack, "id_checks.csv")
        assert len(checks) == await day.db.fetchval("SELECT count(*) FROM handovers") > 0
        hashes = {row["rules_hash"] for row in table(pack, "orders.csv")}
        (digest,) = hashes
        rules = pack.read(f"rules/{digest[:12]}/us-tx-example.toml").decode()
        assert 'id = "us-tx-example"' in rules
        decided = [json.loads(line) for line in pack.read("decisions.ndjson").splitlines()]
        assert {one["rules_hash"] for one in decided} == hashes
        assert "Nothing is wrong." in pack.read("audit/verdict.txt").decode()
        log = tmp_path / "log.ndjson"
        log.write_bytes(pack.read("audit/log.ndjson"))
    code, out, _ = await run(environment, "audit", "verify", "--file", str(log))
    assert code == 0, out
    assert "inspection.written" in log.read_text()


@pytest.mark.parametrize("out", ["nowhere/pack.zip", "file/pack.zip"])
def test_where_the_pack_cannot_be_written(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").touch()
    words = ["--from", "2026-11-01", "--to", "2026-11-02", "--out", str(tmp_path / out)]
    told = CliRunner().invoke(inspect_command.inspect, words)
    assert told.exit_code == 1
    assert told.output.startswith(f"Error: {tmp_path / out} cannot be written: ")
    assert "Name another file with --out." in told.output


async def test_a_refusal_is_in_the_pack(day: Trade, environment: dict[str, str], tmp_path: Path) -> None:
    await day.db.fetch("UPDATE products SET net_weight_mg = 1, price_cents = 4000")
    haze = await day.db.fetchval("SELECT id FROM products WHERE product_class = 'flower' LIMIT 1")
    await day.db.fetch("UPDATE stock_levels SET quantity = 50")
    await day.client.put(
        "/api/cart/update", json={"productId": str(haze), "quantity": 1}, headers=day.shopper.headers
    )
    await day.db.fetch("UPDATE products SET net_weight_mg = 70876")
    refused = await day.try_order()
    assert refused.json()["code"] == "PURCHASE_LIMIT_EXCEEDED"
    path = tmp_path / "pack.zip"
    assert (await inspect(environment, path))[0] == 0
    with zipfile.ZipFile(path) as pack:
        (row,) = table(pack, "refusals.csv")
    assert (row["stage"], row["rule"], row["order"]) == ("order", "limits.adult", "")
    assert "made up so that it can be shown" in row["source"]


async def test_what_was_brought_on_the_days_is_there_with_its_rules_though_it_was_ordered_before(
    day: Trade, environment: dict[str, str], tmp_path: Path
) -> None:
    await day.db.fetch("UPDATE orders SET created_at = created_at - interval '40 days'")
    await day.db.fetch("UPDATE rule_decisions SET decided_at = decided_at - interval '40 days'")
    first = (clock.now() - timedelta(days=2)).date().isoformat()
    path = tmp_path / "pack.zip"
    assert (await inspect(environment, path, first=first))[0] == 0
    delivered = "SELECT count(*) FROM orders WHERE status = 'delivered'"
    with zipfile.ZipFile(path) as pack:
        told = table(pack, "orders.csv")
        assert len(told) == await day.db.fetchval(delivered) > 0
        assert {row["order"] for row in table(pack, "order_lines.csv")} == {row["order"] for row in told}
        assert f"rules/{told[0]['rules_hash'][:12]}/us-tx-example.toml" in pack.namelist()


async def test_days_are_local_and_others_are_left_out(
    day: Trade, environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "old.zip"
    code, _, err = await inspect(environment, path, first="2020-01-01", last="2020-01-02")
    assert code == 0, err
    with zipfile.ZipFile(path) as pack:
        assert table(pack, "orders.csv") == []
        assert pack.read("audit/log.ndjson") == b""
        assert not [name for name in pack.namelist() if name.startswith("rules/")]


async def test_what_is_asked_wrongly_is_told_and_nothing_is_written_over(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "pack.zip"
    code, _, err = await inspect(environment, path, first="2026-11-02", last="2026-11-01")
    assert (code, path.exists()) == (1, False)
    assert "The end lies before the start" in err
    path.write_text("mine")
    code, _, err = await inspect(environment, path)
    assert (code, path.read_text()) == (1, "mine")
    assert "is there already" in err


async def test_a_tampered_log_is_told_and_the_pack_is_written_all_the_same(
    day: Trade, environment: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    await tamper(
        settings.database_url,
        "UPDATE audit_log SET action = 'nothing.happened' WHERE action = 'order.delivered'",
    )
    path = tmp_path / "pack.zip"
    code, _, err = await inspect(environment, path)
    assert code == 1
    assert "THE AUDIT LOG DOES NOT PROVE ITSELF" in err
    with zipfile.ZipFile(path) as pack:
        assert "changed" in pack.read("audit/verdict.txt").decode()
