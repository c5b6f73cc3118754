"""The command line, as somebody types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "faded_skies", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_tells_programs_where_it_is_and_who_may_enter(tmp_path: Path) -> None:
    told = json.loads(run("demo", "--json", FADED_SKIES_DATA=str(tmp_path)).stdout)
    assert told["baseUrl"] == "http://127.0.0.1:3000"
    assert {role: person["email"] for role, person in told["people"].items()} == {
        role: f"{role}@demo.fadedskies.example" for role in ("customer", "driver", "agent", "admin")
    }
    assert {person["password"] for person in told["people"].values()} == {"Demo-Skies-42!"}


def test_the_demo_knows_the_port_it_was_started_on(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("8123")
    data = str(tmp_path)
    assert json.loads(run("demo", "--json", FADED_SKIES_DATA=data).stdout)["baseUrl"].endswith(":8123")
    assert json.loads(run("demo", "--json", FADED_SKIES_DATA=data, PORT="9").stdout)["baseUrl"].endswith(":9")


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1"])
def test_a_wrong_port_is_told_in_one_sentence(tmp_path: Path, port: str) -> None:
    refused = run("up", FADED_SKIES_DATA=str(tmp_path), PORT=port)
    assert refused.returncode == 1
    assert refused.stderr == f"Error: PORT={port} is not a port. Give a whole number from 1 to 65535.\n"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_missing_settings_are_named(command: str) -> None:
    refused = run(command)
    assert refused.returncode == 1
    assert [line.partition(":")[0].strip() for line in refused.stderr.splitlines()[1:]] == [
        "DATABASE_URL",
        "REDIS_URL",
        "JWT_SECRET",
        "VAULT_MASTER_KEYS",
    ]


def test_migrate_says_what_it_needs() -> None:
    refused = run("migrate")
    assert refused.returncode == 1
    assert "DATABASE_URL is not set" in refused.stderr


def test_help_names_every_command() -> None:
    shown = run("--help").stdout
    for command in ("up", "serve", "worker", "migrate", "vault", "demo", "simulate"):
        assert f"  {command} " in shown
