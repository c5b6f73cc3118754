"""Answers kept as bytes: fresh within a second in every process, asked for once, bounded, no refusals."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from factories.catalog import make_category, make_product, set_stock
from faded_skies import bootstrap
from faded_skies.platform.db import Database
from faded_skies.platform.http import hot
from faded_skies.platform.http.hot import HotAnswers, etag_of
from faded_skies.platform.settings import Settings


class Origin:
    """An application that counts how often it is asked, and answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.status = 200
        self.body = b"{}"
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        self.asked.append((scope["method"], scope["path"]))
        await self.gate.wait()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def origin() -> Origin:
    return Origin()


@pytest.fixture
def kept(origin: Origin) -> HotAnswers:
    return HotAnswers(origin, paths=["/menu"])


@pytest.fixture
async def door(kept: HotAnswers) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=kept), base_url="http://test") as http:
        yield http


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(hot, "monotonic", lambda: now[0])
    return now


async def test_one_question_a_second(door: httpx.AsyncClient, origin: Origin, clock: list[float]) -> None:
    first = await door.get("/menu?a=1")
    clock[0] += 1.0
    origin.body = b'{"new":1}'
    second = await door.get("/menu?a=1")
    clock[0] += 0.001
    third = await door.get("/menu?a=1")

    assert [answer.content for answer in (first, second, third)] == [b"{}", b"{}", b'{"new":1}']
    assert len(origin.asked) == 2
    assert second.headers["etag"] == etag_of(b"{}")
    assert second.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert second.headers["content-length"] == "2"
    assert third.headers["etag"] != first.headers["etag"]


async def test_each_query_has_its_own_answer(door: httpx.AsyncClient, origin: Origin) -> None:
    for query in ("a=1", "a=2", "", "a=1"):
        await door.get(f"/menu?{query}")

    assert len(origin.asked) == 3


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{etag}", 304),
        ("W/{etag}", 304),
        ('"other", {etag}', 304),
        ('"other",W/{etag} , "third"', 304),
        ("*", 304),
        ('"other"', 200),
        ("", 200),
        ("W/", 200),
    ],
)
async def test_who_has_it_is_told_so(door: httpx.AsyncClient, given: str, status: int) -> None:
    etag = (await door.get("/menu")).headers["etag"]

    answer = await door.get("/menu", headers={"If-None-Match": given.format(etag=etag)})

    assert answer.status_code == status
    assert answer.headers["etag"] == etag
    assert answer.content == (b"" if status == 304 else b"{}")
    assert ("content-length" in answer.headers) == (status == 200)


async def test_head_has_no_body_and_the_same_fields(door: httpx.AsyncClient, origin: Origin) -> None:
    head = await door.head("/menu")
    get = await door.get("/menu")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers
    assert origin.asked == [("GET", "/menu")]


async def test_other_paths_and_methods_pass(door: httpx.AsyncClient, origin: Origin) -> None:
    for _ in range(2):
        await door.get("/menu/1")
        answer = await door.post("/menu")
        assert "etag" not in answer.headers

    assert origin.asked == [("GET", "/menu/1"), ("POST", "/menu")] * 2


async def test_a_refusal_is_given_and_not_kept(door: httpx.AsyncClient, origin: Origin) -> None:
    origin.status = 422
    refused = [await door.get("/menu", headers={"If-None-Match": "*"}) for _ in range(2)]
    origin.status = 200
    good = await door.get("/menu")

    assert [answer.status_code for answer in refused] == [422, 422]
    assert "etag" not in refused[0].headers
    assert (good.status_code, len(origin.asked)) == (200, 3)


async def test_many_at_once_ask_once_though_the_first_hangs_up(kept: HotAnswers, origin: Origin) -> None:
    origin.gate.clear()
    got: list[Message] = []

    async def ask() -> None:
        async def send(message: Message) -> None:
            got.append(message)

        await kept(scope("/menu"), nothing, send)

    first = asyncio.create_task(ask())
    others = [asyncio.create_task(ask()) for _ in range(50)]
    await until(lambda: bool(origin.asked))
    first.cancel()
    origin.gate.set()
    await asyncio.gather(*others)

    assert first.cancelled()
    assert len(origin.asked) == 1
    assert [message["status"] for message in got if "status" in message] == [200] * 50


async def test_a_mistake_reaches_everybody_and_the_next_asks_again(
    monkeypatch: pytest.MonkeyPatch, kept: HotAnswers, origin: Origin
) -> None:
    async def fail(*_: object) -> None:
        origin.asked.append(("GET", "/menu"))
        raise LookupError

    monkeypatch.setattr(kept, "_app", fail)

    async def send(_: Message) -> None:
        raise AssertionError

    failures = await asyncio.gather(
        *(kept(scope("/menu"), nothing, send) for _ in range(3)), return_exceptions=True
    )

    assert [type(failure) for failure in failures] == [LookupError] * 3
    assert len(origin.asked) == 1
    with pytest.raises(LookupError):
        await kept(scope("/menu"), nothing, send)


async def test_memory_is_bounded(door: httpx.AsyncClient, kept: HotAnswers, origin: Origin) -> None:
    for number in range(hot.MOST_ENTRIES + 8):
        await door.get(f"/menu?n={number}")
    assert len(kept._kept) == hot.MOST_ENTRIES

    origin.body = b"x" * (hot.MOST_BYTES // 3)
    for number in range(5):
        await door.get(f"/menu?big={number}")
    assert kept._bytes == sum(hot._size(key, answer) for key, answer in kept._kept.items())
    assert kept._bytes <= hot.MOST_BYTES
    assert len(kept._kept) == 2

    origin.body = b"x" * (hot.MOST_BYTES + 1)
    assert len((await door.get("/menu?huge")).content) == hot.MOST_BYTES + 1
    assert (kept._bytes, len(kept._kept)) == (0, 0)


async def test_two_processes_both_see_a_change_within_a_second(settings: Settings) -> None:
    async with bootstrap.application(settings) as one, bootstrap.application(settings) as two:
        db: Database = one.ports.db
        product_id = await make_product(db, category_id=await make_category(db), stock=3)
        doors = [
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app.asgi), base_url="http://test")
            for app in (one, two)
        ]

        async def stocks() -> list[int]:
            answers = [await http.get("/api/products") for http in doors]
            return [answer.json()["products"][0]["stockQuantity"] for answer in answers]

        before = await stocks()
        tags = [(await http.get("/api/products")).headers["etag"] for http in doors]
        await set_stock(db, product_id, 2)
        pages = [(await http.get(f"/api/products/{product_id}")).json() for http in doors]
        started = asyncio.get_running_loop().time()
        await until(lambda: _all_two(stocks))
        took = asyncio.get_running_loop().time() - started
        for http in doors:
            await http.aclose()

    assert before == [3, 3]
    assert tags[0] == tags[1]
    assert [page["product"]["stockQuantity"] for page in pages] == [2, 2]
    assert took < 2.5


async def _all_two(stocks: Callable[[], Awaitable[list[int]]]) -> bool:
    return await stocks() == [2, 2]


async def until(condition: Callable[[], Any]) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(5):
        while True:
            holds = condition()
            if await holds if asyncio.iscoroutine(holds) else holds:
                return
            await asyncio.sleep(0.01)


def scope(path: str) -> Scope:
    return {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}


async def nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
