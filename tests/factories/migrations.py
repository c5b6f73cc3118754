"""Folders of migrations, and how far a database has come."""

from pathlib import Path

import asyncpg

from faded_skies.platform import migrations


async def numbers_of(url: str) -> list[int]:
    """Return the migrations that a database has."""
    connection = await asyncpg.connect(url)
    try:
        return await migrations.applied(connection)
    finally:
        await connection.close()


def write_steps(folder: Path, *pairs: tuple[str, str]) -> Path:
    """Write pairs of up and down into a folder, numbered from 1."""
    for number, (up, down) in enumerate(pairs, start=1):
        (folder / f"{number:04}_step.up.sql").write_text(up)
        (folder / f"{number:04}_step.down.sql").write_text(down)
    return folder
