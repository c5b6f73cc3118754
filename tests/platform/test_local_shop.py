"""Commands find the shop that `faded-skies up` keeps on this machine, and start its engines where they rest."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate


def run(data: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "faded_skies", *words],
        env={"PATH": os.environ["PATH"], "FADED_SKIES_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(120)
def test_its_books_are_proved_while_it_rests_and_while_it_is_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    data = tmp_path / "shop"
    with start(data) as engines:
        (data / "secrets").mkdir(mode=0o700)
        asyncio.run(migrate(engines.database_url))
        proved = run(data, "ledger", "verify")
        assert (proved.returncode, proved.stderr) == (0, "")
    proved = run(data, "ledger", "verify")
    assert (proved.returncode, proved.stderr) == (0, "")
    assert proved.stdout.splitlines()[-1].startswith("The books agree to the cent: ")
    assert sorted(path.name for path in (data / "secrets").iterdir()) == ["jwt", "vault"]
    assert not (data / "pg18" / "postmaster.pid").exists()


def test_without_a_shop_and_without_settings_they_are_named(tmp_path: Path) -> None:
    refused = run(tmp_path, "ledger", "verify")
    assert refused.returncode == 1
    assert "DATABASE_URL" in refused.stderr
