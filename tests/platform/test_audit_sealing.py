"""Seals: made of what was checked, once, and never of what is wrong."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from factories.audit import kinds, tamper, write, wrong_with
from faded_skies import registry
from faded_skies.bootstrap import Application
from faded_skies.platform.audit_log.sealing import anchor_of, periodic, seal_chains
from faded_skies.platform.audit_log.verifying import check_anchors
from faded_skies.platform.db import Database
from faded_skies.platform.settings import Settings

_OLD_ROW = """
INSERT INTO audit_log (id, action, object_type, details)
SELECT gen_random_uuid(), 'old', 'thing', '{"n": 1.50}' FROM generate_series(1, 3)
"""


async def seals(db: Database) -> list[tuple[int, int]]:
    rows = await db.fetch("SELECT number, position FROM audit_seals WHERE chain > 0 ORDER BY number")
    return [(row["number"], row["position"]) for row in rows]


async def test_a_seal_says_where_the_chain_stands_and_only_when_it_moved(log: Database) -> None:
    await write(log, 3)
    await seal_chains(log)
    assert await seal_chains(log) == []
    await write(log, 2)
    (seal,) = await seal_chains(log)
    assert (seal.number, seal.position) == (2, 5)
    assert await seals(log) == [(1, 3), (2, 5)]
    assert await wrong_with(log) == []


@pytest.fixture
def every_level() -> Iterator[None]:
    """Tests hear errors only; here the log speaks as in production."""
    usual = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    yield
    structlog.configure(wrapper_class=usual)


@pytest.mark.usefixtures("every_level")
async def test_the_processs_own_log_keeps_the_anchors(log: Database) -> None:
    await write(log, 3)
    with structlog.testing.capture_logs() as lines:
        made = await seal_chains(log)
    assert [line["seals"] for line in lines if line["event"] == "audit_sealed"] == [
        [anchor_of(seal) for seal in made]
    ]
    findings: list[Any] = []
    assert await check_anchors(log, [str(lines)], found=findings.append) == len(made) == 2
    assert findings == []


async def test_two_who_seal_at_once_make_one_seal(app: Application) -> None:
    db = app.ports.db
    await asyncio.gather(*(write(db, 5) for _ in range(8)))
    made = await asyncio.gather(*(seal_chains(db) for _ in range(4)))
    chains = [seal.chain for some in made for seal in some]
    assert len(chains) == len(set(chains)) == 1 + await db.fetchval("SELECT count(*) FROM audit_heads")
    assert await wrong_with(db) == []


async def test_sealing_while_others_write(app: Application) -> None:
    db = app.ports.db

    async def keep_sealing(writers: "asyncio.Future[Any]") -> None:
        while not writers.done():
            await seal_chains(db)
            assert await wrong_with(db) == []

    writers = asyncio.gather(*(write(db, 15) for _ in range(8)))
    await keep_sealing(writers)
    await writers
    await seal_chains(db)
    assert await wrong_with(db) == []
    sealed = "SELECT sum(m) FROM (SELECT max(position) AS m FROM audit_seals GROUP BY chain) newest"
    assert await db.fetchval(sealed) == 120


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit_log SET reason = 'x' WHERE position = 5",
        "DELETE FROM audit_log WHERE position = 5",
        "DELETE FROM audit_log WHERE position = 3",
        "UPDATE audit_log SET reason = 'x' WHERE position = 3",
        "UPDATE audit_heads SET position = 4",
        "UPDATE audit_seals SET link = sha256(link) WHERE chain > 0",
    ],
    ids=["changed", "dropped", "sealed dropped", "sealed changed", "head", "seal"],
)
async def test_what_is_wrong_is_never_sealed_and_said_each_time(
    settings: Settings, log: Database, harm: str
) -> None:
    await write(log, 3)
    await seal_chains(log)
    await write(log, 4)
    await tamper(settings.database_url, harm)
    for _ in range(2):
        with structlog.testing.capture_logs() as lines:
            assert await seal_chains(log) == []
        assert [line["event"] for line in lines] == ["audit_log_broken"]
        assert lines[0]["log_level"] == "error"
    assert await seals(log) == [(1, 3)]


async def test_once_mended_it_is_sealed_again(settings: Settings, log: Database) -> None:
    await write(log, 3)
    await tamper(settings.database_url, "UPDATE audit_log SET reason = 'x' WHERE position = 2")
    await seal_chains(log)
    assert await seals(log) == []
    await tamper(settings.database_url, "UPDATE audit_log SET reason = 'why' WHERE position = 2")
    await seal_chains(log)
    assert await seals(log) == [(1, 3)]
    assert await wrong_with(log) == []


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (
            "UPDATE audit_log SET action = 'new' WHERE seq = (SELECT min(seq) FROM audit_log)",
            ["chain_rewritten"],
        ),
        ("DELETE FROM audit_log WHERE seq = (SELECT min(seq) FROM audit_log)", ["dropped"]),
        (_OLD_ROW, ["inserted"]),
    ],
    ids=["changed", "dropped", "inserted"],
)
async def test_rows_of_before_the_chain_are_sealed_as_they_are(
    settings: Settings, log: Database, harm: str, expected: list[str]
) -> None:
    await log.fetch(_OLD_ROW)
    await write(log, 2)
    await seal_chains(log)
    assert await log.fetchval("SELECT position FROM audit_seals WHERE chain = 0") == 3
    assert await wrong_with(log) == []
    await tamper(settings.database_url, harm)
    assert kinds(await wrong_with(log)) == expected


async def test_the_worker_seals_every_five_minutes(app: Application) -> None:
    (job,) = periodic(app.ports.db)
    assert job.cron == "*/5 * * * *"
    assert job.job in {one.job for one in registry.periodic(app.ports)}
    await write(app.ports.db)
    await job.handler()
    assert await seals(app.ports.db) == [(1, 1)]
