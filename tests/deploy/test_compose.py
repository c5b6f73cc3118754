"""compose.yaml against the Compose specification's schema, and with what prepare.sh makes the shop starts."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from checkers import ROOT, Check
from faded_skies.platform.embedded.binaries import find_valkey
from faded_skies.platform.settings import read_settings

FILE = ROOT / "deploy" / "compose.yaml"


@pytest.fixture
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return read


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A copy of deploy/ after prepare.sh."""
    folder = tmp_path / "deploy"
    shutil.copytree(FILE.parent, folder, ignore=shutil.ignore_patterns("secrets", "shop.env"))
    for _ in range(2):  # what is there stays
        made = {path: path.read_text() for path in folder.glob("secrets/*")}
        subprocess.run(["sh", folder / "prepare.sh", "api.shop.example"], check=True, capture_output=True)
        assert all(path.read_text() == text for path, text in made.items())
    return folder


def test_schema(check: Check) -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE)


def test_every_service_is_fenced_in(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}, name
        assert "secrets" not in str(service.get("environment", {}).get("POSTGRES_PASSWORD", "")), name
    published = {name for name, service in compose["services"].items() if "ports" in service}
    assert published == {"nginx"}
    # Only nginx shares the servers' front, and only it is believed about clients.
    front = {name for name, service in compose["services"].items() if "front" in service["networks"]}
    assert front == {"nginx", "app-1", "app-2"}
    address = compose["services"]["nginx"]["networks"]["front"]["ipv4_address"]
    assert compose["services"]["app-1"]["environment"]["TRUSTED_PROXIES"] == address
    assert ip_address(address) in ip_network(compose["networks"]["front"]["ipam"]["config"][0]["subnet"])


def test_workers_are_asked_whether_they_live(compose: dict[str, Any]) -> None:
    for name in ("worker-1", "worker-2"):
        worker = compose["services"][name]
        assert worker["healthcheck"]["test"] == [
            "CMD",
            "python3",
            "-I",
            "/app/healthcheck.py",
            worker["environment"]["METRICS_PORT"],
        ]


def test_backups_are_sealed_and_leave_the_shops_volume(compose: dict[str, Any], prepared: Path) -> None:
    backup = compose["services"]["backup"]
    assert backup["command"] == ["backup", "--to", "/backups"]
    assert backup["environment"]["BACKUP_KEYS_FILE"] == "/run/secrets/backup_keys"
    assert "backup_keys" in backup["secrets"]
    assert {"shop:/data", "./backups:/backups"} == set(backup["volumes"])
    assert (prepared / "backups").is_dir()


def test_with_what_is_prepared_the_settings_are_whole(
    compose: dict[str, Any], prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {secret["file"] for secret in compose["secrets"].values()} == {
        f"secrets/{path.name}" for path in prepared.glob("secrets/*")
    }
    for name in os.environ:
        monkeypatch.delenv(name)
    lines = (prepared / "shop.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    given |= compose["services"]["app-1"]["environment"]
    for name, value in given.items():
        monkeypatch.setenv(name, value.replace("/run/secrets", str(prepared / "secrets")))
    settings = read_settings()
    password = (prepared / "secrets" / "postgres_password").read_text().strip()
    assert settings.database_url == f"postgresql://faded_skies:{password}@postgres:5432/faded_skies"
    assert settings.environment == "production"
    assert settings.api_url == "https://api.shop.example"


def test_valkey_starts_with_its_file_and_asks_for_the_password(prepared: Path, tmp_path: Path) -> None:
    text = (prepared / "valkey.conf").read_text()
    text = text.replace("/run/secrets", str(prepared / "secrets")).replace("dir /data", f"dir {tmp_path}")
    (tmp_path / "valkey.conf").write_text(text)
    socket = tmp_path / "s"
    arguments = [str(tmp_path / "valkey.conf"), "--port", "0", "--unixsocket", str(socket)]
    server = subprocess.Popen(
        [str(find_valkey()), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        deadline = time.monotonic() + 30
        while not socket.exists():
            assert server.poll() is None, server.stdout
            assert time.monotonic() < deadline
            time.sleep(0.01)
        password = (prepared / "secrets" / "redis_url").read_text().split(":")[2].partition("@")[0]
        with redis.Redis(unix_socket_path=str(socket)) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis(unix_socket_path=str(socket), password=password) as ours:
            kept = ours.config_get("*")
            assert (kept["maxmemory-policy"], kept["appendonly"]) == ("noeviction", "yes")
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        server.communicate()
