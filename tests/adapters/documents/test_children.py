"""The children that read hostile files: whatever they do, the shop goes on and nothing is left of them."""

import ast
import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from faded_skies.adapters.documents import child
from faded_skies.adapters.documents.child import BrokenChildError, Children
from faded_skies.platform.errors import Unavailable
from faded_skies.platform.outbound import NetworkInsideTransactionError, transaction_open

HUNGRY = str(Path(__file__).with_name("hungry.py"))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    left = [one for one in set(psutil.Process().children(recursive=True)) - before if one.is_running()]
    assert left == []


async def test_a_child_knows_nothing_of_our_folder_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", "not for children")
    told = (await Children().run([HUNGRY, "told"], b"")).decode()
    assert told.startswith("/ 1 [")
    assert "JWT_SECRET" not in told
    assert "PATH" not in told


async def test_what_a_child_may_use() -> None:
    told = await Children().run([HUNGRY, "allowed"], b"")
    assert ast.literal_eval(told.decode()) == {
        "AS": (2**29, 2**29),
        "CPU": (20, 20),
        "FSIZE": (0, 0),
        "CORE": (0, 0),
        "NPROC": (0, 0),
        "NOFILE": (64, 64),
    }


async def test_who_waits_too_long_for_the_others_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_PATIENCE", 0.1)  # shortens a wait
    children = Children(at_once=1, longest=0.5)
    slow = asyncio.create_task(children.run([HUNGRY, "wait"], b""))
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await children.run([HUNGRY, "told"], b"")
    with pytest.raises(BrokenChildError, match="too long"):
        await slow
    assert await children.run([HUNGRY, "told"], b"")


async def test_more_memory_than_allowed_ends_the_child() -> None:
    with pytest.raises(BrokenChildError, match="ended with"):
        await Children().run([HUNGRY, "memory"], b"")


async def test_a_child_that_computes_for_ever_is_killed_by_the_kernel() -> None:
    with pytest.raises(BrokenChildError, match=r"ended with -(9|24)\."):  # SIGKILL or SIGXCPU
        await Children(longest=100).run([HUNGRY, "processor"], b"")


@pytest.mark.parametrize("what", ["wait", "output"])
async def test_a_child_that_takes_too_long_is_killed_by_us(what: str) -> None:
    with pytest.raises(BrokenChildError, match="too long"):
        await Children(longest=0.5, most_output=10**12).run([HUNGRY, what], b"")


async def test_a_child_that_writes_without_end_is_killed() -> None:
    with pytest.raises(BrokenChildError, match="without end"):
        await Children(most_output=1_000_000).run([HUNGRY, "output"], b"")


async def test_a_child_can_write_no_file(tmp_path: Path) -> None:
    place = tmp_path / "file"
    with pytest.raises(BrokenChildError, match="ended with"):
        await Children().run([HUNGRY, "file", str(place)], b"")
    assert not place.exists() or place.read_bytes() == b""


async def test_a_crash_is_told() -> None:
    with pytest.raises(BrokenChildError, match="ended with -6"):
        await Children().run([HUNGRY, "crash"], b"")


async def test_a_child_that_does_not_listen_is_no_trouble() -> None:
    body = os.urandom(5_000_000)
    assert await Children().run([HUNGRY, "deaf"], body) == b"I heard nothing"
    with pytest.raises(BrokenChildError, match="too long"):
        await Children(longest=0.5).run([HUNGRY, "wait"], body)


async def test_who_stops_waiting_leaves_no_child_behind() -> None:
    running = asyncio.create_task(Children().run([HUNGRY, "wait"], b""))
    while not psutil.Process().children():
        await asyncio.wait([running], timeout=0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_only_a_few_at_a_time() -> None:
    children, most = Children(at_once=2, longest=0.4), 0
    mine = set(psutil.Process().children())

    async def one() -> None:
        with pytest.raises(BrokenChildError):
            await children.run([HUNGRY, "wait"], b"")

    everybody = asyncio.gather(*(one() for _ in range(5)))
    while not everybody.done():
        most = max(most, len(set(psutil.Process().children()) - mine))
        await asyncio.wait([everybody], timeout=0.01)
    await everybody
    assert most == 2


async def test_not_while_a_transaction_is_open() -> None:
    token = transaction_open.set(True)
    try:
        with pytest.raises(NetworkInsideTransactionError):
            await Children().run([HUNGRY, "told"], b"")
    finally:
        transaction_open.reset(token)
