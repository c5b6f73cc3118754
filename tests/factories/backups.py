"""Shops with something to lose, the commands that save them as somebody types them, and proof that they came back."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg

from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.domains.verification.models import Side
from faded_skies.domains.verification.service import Vault
from faded_skies.platform.audit.walk import Finding
from faded_skies.platform.audit_log import verifying
from faded_skies.platform.backup import manifest
from faded_skies.platform.backup.archive import reading
from faded_skies.platform.backup.manifest import Manifest
from faded_skies.platform.ids import new_id
from faded_skies.platform.keyring import Keyring
from faded_skies.platform.settings import Settings
from faded_skies.reports.verifying import verify
from servers import environment_of

BACKUP_KEYS = "carrier:q1tG5n0bT8yXc3LmW7eRzJ4uVhPaKsDf2oQiNxBvCwE="
PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
PAPER = b"the front of somebody's licence"

_ADD_VERIFICATION = "INSERT INTO id_verifications (id, user_id, document_type) VALUES ($1, $2, 'passport')"
_ADD_PAPER = "INSERT INTO id_documents (id, verification_id, side, wrapped_key) VALUES ($1, $2, $3, $4)"
_ADD_PICTURE = """
INSERT INTO product_images (id, product_id, image_url) VALUES (gen_random_uuid(), $1, '/media/products/haze.svg')
"""


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    """Return the variables of a command with these settings, which seals backups."""
    return {"PATH": os.environ["PATH"], **environment_of(settings), "BACKUP_KEYS": BACKUP_KEYS, **changes}


async def run(environment: Mapping[str, str], *words: str) -> tuple[int, str]:
    """Run a command; returns its exit code and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faded_skies", *words),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def add_paper(app: Application, user_id: UUID) -> UUID:
    """Hand in a paper of somebody; returns its id."""
    vault: Vault = app.ports.get(Vault)
    verification_id = new_id()
    (paper,) = await vault.put(verification_id, {Side.FRONT: PAPER})
    async with app.ports.db.transaction() as tx:
        await tx.execute(_ADD_VERIFICATION, verification_id, user_id)
        await tx.execute(_ADD_PAPER, paper.id, verification_id, paper.side, paper.wrapped_key)
    return paper.id


async def add_picture(app: Application, product_id: UUID) -> None:
    """Give a product a picture."""
    folder = app.ports.settings.data / "media" / "products"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "haze.svg").write_bytes(PICTURE)
    async with app.ports.db.transaction() as tx:
        await tx.execute(_ADD_PICTURE, product_id)


def contents(path: Path) -> Manifest:
    """Return what a backup that was sealed with our key says is in it."""
    with reading(path, Keyring.parse(BACKUP_KEYS)) as reader:
        return manifest.read(reader.manifest())


async def counts(url: str, tables: list[str]) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in tables}
    finally:
        await connection.close()


async def disagreements(app: Application) -> list[str]:
    """Return what the books and the audit log of a shop have to say against it."""
    wrong = [f"{one.what}: {one.shown}" async for one in verify(app.ports.db) if one.wrong]
    findings: list[Finding] = []
    await verifying.verify(app.ports.db, found=findings.append)
    return wrong + [f"{one.kind}: {one.text}" for one in findings]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Application]:
    async with bootstrap.application(settings) as app:
        yield app
