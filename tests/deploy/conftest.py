"""The programs that the files in deploy/ are held against, each run as a user of those files would."""

import os
import subprocess
from pathlib import Path

import pytest
from cluster.tools import ToolMissing, find_tool

from checkers import ROOT, Check, Tool


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Finds a program; without it the test is skipped, but never in CI."""

    def find(name: str) -> str:
        try:
            return find_tool(name)
        except ToolMissing as missing:
            if "CI" in os.environ:
                raise
            pytest.skip(str(missing))

    return find


@pytest.fixture(scope="session")
def check(tool: Tool) -> Check:
    def run(name: str, *arguments: str | Path, stdin: str = "") -> str:
        done = subprocess.run(
            [tool(name), *arguments],
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{name} is not content:\n{done.stdout}{done.stderr}"
        return done.stdout

    return run
