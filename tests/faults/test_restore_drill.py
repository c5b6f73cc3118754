"""The restore drill: a shop of processes is saved while it sells, its machine is lost, and another one opens with it.

`make drill` prints the figures. A backup and a restore that are killed leave nothing half.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from conftest import with_database
from factories.backups import (
    PICTURE,
    add_paper,
    add_picture,
    contents,
    counts,
    disagreements,
    environment,
    opened,
    run,
)
from factories.catalog import make_product
from factories.identity import sign_in
from factories.shop import Shopper, make_shopper, put_in_cart
from factories.trade import open_trade
from faded_skies.bootstrap import Application
from faded_skies.platform.embedded import start
from faded_skies.platform.settings import Settings
from servers import Deployed, free_port, serve_process, until, worker_process

CUSTOMERS = 8
HALFWAY_BYTES = 100_000

# As many rows as make writing them take a moment in which one can be killed.
_OLDER_ROWS = """
INSERT INTO audit_log (id, action, object_type, details)
SELECT gen_random_uuid(), 'test.older', 'test', jsonb_build_object('words', repeat(md5(n::text), 8))
FROM generate_series(1, 200000) n
"""


_CONNECTED = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'faded-skies backup')"
_FILLING = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity WHERE application_name = 'faded-skies backup' AND query LIKE 'COPY %audit_log%'
)
"""


@pytest.fixture
def another_machine(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of a PostgreSQL and a Valkey of their own, without any data."""
    with tempfile.TemporaryDirectory(prefix="faded-skies-machine-") as folder:
        Path(folder).chmod(0o711)
        with start(Path(folder)) as engines:
            yield engines.database_url, engines.redis_url


@pytest.mark.timeout(600)
async def test_another_machine_opens_with_what_was_saved(  # noqa: PLR0915 - a story with many people
    app: Application,
    client: httpx.AsyncClient,
    settings: Settings,
    deployed: Deployed,
    quiet: Callable[[], Awaitable[None]],
    another_machine: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trade = await open_trade(app, client)
    await deployed.server.ready()
    grinder = await make_product(trade.db, "Grinder", stock=100_000, product_class="accessory")
    await add_picture(app, grinder)
    people = [await make_shopper(app, client) for _ in range(CUSTOMERS)]
    for person in people:
        await add_paper(app, person.id)
    first = await trade.deliver(await trade.order((grinder, 1), tender="card"))
    saved = asyncio.Event()
    placed: list[str] = []

    async def shop_on(person: Shopper, visitor: httpx.AsyncClient) -> None:
        while not saved.is_set():
            await put_in_cart(visitor, person, grinder, 1)
            answer = await visitor.post(
                "/api/orders", json=person.order(tender="card"), headers=person.headers
            )
            assert answer.status_code in {201, 202}, answer.text
            placed.append(answer.json()["order"]["id"])

    async with httpx.AsyncClient(base_url=deployed.server.address, timeout=60) as visitor:
        busy = [asyncio.create_task(shop_on(person, visitor)) for person in people]
        await asyncio.sleep(3)
        before, began = len(placed), time.monotonic()
        code, printed = await run(environment(settings), "backup", "--to", str(tmp_path / "shop.backup"))
        backup_took, during = time.monotonic() - began, len(placed) - before
        saved.set()
        await asyncio.gather(*busy)
    assert code == 0, printed
    assert during > 0, "nobody ordered while the backup was written"
    await quiet()
    deployed.server.kill()
    deployed.worker.kill()

    whole = contents(tmp_path / "shop.backup")
    port = free_port()
    elsewhere = settings.model_copy(
        update={"database_url": another_machine[0], "redis_url": another_machine[1], "data": tmp_path / "new"}
    )
    began = time.monotonic()
    code, printed = await run(environment(elsewhere), "restore", "--from", str(tmp_path / "shop.backup"))
    restore_took = time.monotonic() - began
    assert code == 0, printed
    snapshot = {table.name: table.rows for table in whole.tables}
    found = await counts(
        another_machine[0], ["orders", "order_items", "ledger_transfers", "users", "id_documents"]
    )
    assert found == {name: snapshot[name] for name in found}
    assert before <= found["orders"] - 1 <= len(placed)
    async with opened(elsewhere) as restored:
        assert await disagreements(restored) == []
    told = environment(elsewhere) | {"API_URL": f"http://127.0.0.1:{port}"}
    with (
        serve_process(told, tmp_path / "new-serve.log", port=port) as server,
        worker_process(told, tmp_path / "new-worker.log"),
    ):
        await server.ready()
        opened_after = time.monotonic() - began
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as visitor:
            url = f"/api/orders/{first['id']}"
            assert (await visitor.get(url, headers=trade.shopper.headers)).status_code == 401
            again = await sign_in(visitor, trade.shopper.email)
            assert (await visitor.get(url, headers=again.headers)).json()["order"]["status"] == "delivered"
            assert (await visitor.get("/media/products/haze.svg")).content == PICTURE
            buyer = await sign_in(visitor, people[0].email)
            answer = await visitor.get("/api/orders", headers=buyer.headers)
            known = {order["id"] for order in answer.json()["orders"]}
            assert known <= set(placed)
    figures = (
        f"{found['orders']:,} of {len(placed) + 1:,} orders were placed by the moment of the backup, {during:,} while "
        f"it was written in {backup_took:.1f} s ({whole.rows:,} rows, {len(whole.files):,} files, "
        f"{whole.stored_bytes / 1e6:.1f} MB). Restored in {restore_took:.1f} s, the first answer after "
        f"{opened_after:.1f} s. Books, audit log, pictures and sign-in are right; "
        f"{len(placed) + 1 - found['orders']:,} later orders are lost, as they must be."
    )
    with capsys.disabled():
        sys.stdout.write(f"\nRestore drill: {figures}\n")


async def _tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return count
    finally:
        await connection.close()


@pytest.mark.timeout(600)
async def test_killed_in_between_nothing_is_half(
    app: Application,
    client: httpx.AsyncClient,
    settings: Settings,
    another_machine: tuple[str, str],
    tmp_path: Path,
) -> None:
    await open_trade(app, client)
    await app.ports.db.fetch(_OLDER_ROWS)
    path, aside = tmp_path / "shop.backup", tmp_path / "shop.backup.partial"

    async def is_being_written() -> bool:
        return _size(aside) > HALFWAY_BYTES

    await _kill_when(environment(settings), is_being_written, tmp_path, "backup", "--to", str(path))
    assert (path.exists(), aside.exists()) == (False, True)
    aside.unlink()
    code, printed = await run(environment(settings), "backup", "--to", str(path))
    assert code == 0, printed

    elsewhere = settings.model_copy(update={"database_url": another_machine[0], "data": tmp_path / "new"})
    beside = await asyncpg.connect(with_database(another_machine[0], "postgres"))

    async def is_being_filled() -> bool:
        found: bool = await beside.fetchval(_FILLING)
        return found

    await _kill_when(environment(elsewhere), is_being_filled, tmp_path, "restore", "--from", str(path))

    async def is_undone() -> bool:
        return not await beside.fetchval(_CONNECTED)

    await until(is_undone, "PostgreSQL has seen that the restore is gone")
    await beside.close()
    assert await _tables(another_machine[0]) == 0
    code, printed = await run(environment(elsewhere), "restore", "--from", str(path))
    assert code == 0, printed
    whole = contents(path)
    found = await counts(another_machine[0], ["users", "ledger_transfers", "products"])
    assert found == {table.name: table.rows for table in whole.tables if table.name in found}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def _kill_when(
    variables: dict[str, str], condition: Callable[[], Awaitable[bool]], folder: Path, *words: str
) -> None:
    argv = ("-m", "faded_skies", *words)
    with worker_process(variables, folder / "killed.log", argv=argv) as program:
        while not await condition():
            assert program.is_running, f"it ended before: {program.log.read_text()}"
            await asyncio.sleep(0.002)
