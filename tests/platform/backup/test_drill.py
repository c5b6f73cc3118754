"""The restore drill, small: a shop is backed up while it sells, and comes back on an empty database."""

import asyncio
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

from factories.backups import (
    PAPER,
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
from factories.trade import open_trade
from faded_skies.bootstrap import Application
from faded_skies.domains.verification.models import Paper, Side
from faded_skies.domains.verification.service import Vault
from faded_skies.platform.settings import Settings

_WRAPPED = "SELECT wrapped_key FROM id_documents WHERE id = $1"
_FORGET = "UPDATE id_documents SET wrapped_key = NULL, deleted_at = now() WHERE id = $1"
_PICK_A_JOB = """
UPDATE pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid() WHERE id = (SELECT min(id) FROM pgqueuer)
"""
_LIVE_SESSIONS = "SELECT count(*) FROM sessions WHERE ended_at IS NULL"


def only_backup_in(folder: Path) -> Path:
    """Return the one backup in a folder, after a look at what strangers could see of it."""
    (path,) = folder.glob("*.backup")
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"Maya Okafor" not in path.read_bytes()
    return path


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_shop_comes_back_as_it_was_at_one_moment(
    app: Application, client: httpx.AsyncClient, settings: Settings, tmp_path: Path, empty_database_url: str
) -> None:
    trade = await open_trade(app, client)
    grinder = await make_product(trade.db, "Grinder", stock=1_000, product_class="accessory")
    await add_picture(app, grinder)
    kept, gone = [await add_paper(app, someone) for someone in (trade.shopper.id, trade.driver.id)]
    await trade.db.fetch(_FORGET, gone)
    delivered = await trade.deliver(await trade.order((grinder, 2), tender="cash", tip=3), cash=200)
    await trade.db.fetch(_PICK_A_JOB)
    written = asyncio.create_task(run(environment(settings), "backup", "--to", str(tmp_path)))
    during = 0
    while not written.done() and during < 15:
        await trade.order((grinder, 1), tender="cash")
        during += 1
    code, printed = await written
    assert (code, "It is sealed with carrier." in printed) == (0, True), printed
    assert await trade.db.fetchval("SELECT count(*) FROM audit_log WHERE action = 'backup.taken'") == 1
    path = only_backup_in(tmp_path)
    snapshot = {table.name: table.rows for table in contents(path).tables}
    assert 1 <= snapshot["orders"] <= 1 + during

    elsewhere = settings.model_copy(
        update={"database_url": empty_database_url, "data": tmp_path / "another machine"}
    )
    code, printed = await run(environment(elsewhere), "restore", "--from", str(path))
    assert (code, "Restored in" in printed) == (0, True), printed
    found = await counts(empty_database_url, list(snapshot))
    ended = ("mailed_tokens", "audit_log", "audit_heads")  # what the restore itself changes
    assert {name: rows for name, rows in found.items() if name not in ended} == {
        name: rows for name, rows in snapshot.items() if name not in ended
    }
    async with (
        opened(elsewhere) as restored,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=restored.asgi), base_url="http://test"
        ) as visitor,
    ):
        assert await disagreements(restored) == []
        assert await restored.ports.db.fetchval(_LIVE_SESSIONS) == 0
        assert await restored.ports.db.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'picked'") == 0
        url = f"/api/orders/{delivered['id']}"
        assert (await visitor.get(url, headers=trade.shopper.headers)).status_code == 401
        again = await sign_in(visitor, trade.shopper.email)
        assert (await visitor.get(url, headers=again.headers)).json()["order"] == await trade.look(delivered)
        assert (await visitor.get("/media/products/haze.svg")).content == PICTURE
        vault = restored.ports.get(Vault)
        paper = Paper(kept, UUID(int=0), Side.FRONT, await restored.ports.db.fetchval(_WRAPPED, kept))
        assert await vault.get(paper) == PAPER
        assert names_in(elsewhere.data / "vault") == [str(kept)]
        newest = await restored.ports.db.fetchval("SELECT max(order_number) FROM orders")
        last = await restored.ports.db.fetchval("SELECT last_value FROM order_numbers")
        assert last >= int(newest.removeprefix("FS-")) + 1_000


async def test_a_file_that_is_not_sealed_comes_in_only_by_the_word(
    app: Application, settings: Settings, tmp_path: Path, empty_database_url: str
) -> None:
    sealing = environment(settings)
    open_handed = {name: value for name, value in sealing.items() if name != "BACKUP_KEYS"}
    path = str(tmp_path / "a.backup")
    code, printed = await run(open_handed, "backup", "--to", path)
    assert (code, "It is not sealed" in printed) == (0, True), printed
    elsewhere = settings.model_copy(
        update={"database_url": empty_database_url, "data": tmp_path / "elsewhere"}
    )
    for words in (("backup", "verify", path), ("restore", "--from", path)):
        code, printed = await run(environment(elsewhere), *words)
        assert (code, "say --unsealed" in printed) == (1, True), printed
        assert "Whole." not in printed
    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval("SELECT to_regclass('users')") is None
    await connection.close()
    code, printed = await run(environment(elsewhere), "backup", "verify", path, "--unsealed")
    assert (code, "that nobody changed it is not proved" in printed) == (0, True), printed
    code, printed = await run(environment(elsewhere), "restore", "--from", path, "--unsealed")
    assert (code, "Restored in" in printed) == (0, True), printed
