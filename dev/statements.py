"""Writes down the SQL statements of this release, for the migrations of the next one to be held against.

`make released` runs it when a release is made; `tests/platform/test_previous_release.py` reads what it wrote.
"""

import asyncio
import importlib
import json
import pkgutil
import re
import tempfile
from pathlib import Path

import asyncpg

import faded_skies
from faded_skies.platform import migrations
from faded_skies.platform.embedded import start

FILE = Path(__file__).parents[1] / "tests/platform/released/statements.json"

_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\s", re.IGNORECASE)


def statements() -> dict[str, str]:
    """Return the constants of all modules that begin as a statement does, by `module.NAME`."""
    found: dict[str, str] = {}
    for module in pkgutil.walk_packages(faded_skies.__path__, "faded_skies."):
        if module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.isupper() and isinstance(value, str) and _STATEMENT.match(value):
                found[f"{module.name}.{name}"] = value
    return {name: found[name] for name in sorted(found)}


async def refused(url: str, wanted: dict[str, str]) -> dict[str, str]:
    """Return what PostgreSQL says against those that it cannot prepare, by name."""
    connection = await asyncpg.connect(url, statement_cache_size=0)
    said: dict[str, str] = {}
    try:
        for name, statement in wanted.items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                said[name] = str(error)
    finally:
        await connection.close()
    return said


async def write(url: str) -> None:
    """Write those that this release's own schema takes; the others are parts of statements, or a double's."""
    await migrations.migrate(url)
    wanted = statements()
    incomplete = await refused(url, wanted)
    kept = {name: statement for name, statement in wanted.items() if name not in incomplete}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(
        json.dumps({"migration": len(migrations.read()), "statements": kept}, indent=1, ensure_ascii=False)
        + "\n"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="faded-skies-released-") as folder:
        Path(folder).chmod(0o711)
        with start(Path(folder)) as engines:
            asyncio.run(write(engines.database_url))
