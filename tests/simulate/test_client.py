"""Every answer is a success, an explained refusal or unexplained; nothing in between."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from faded_skies.simulate import wire
from faded_skies.simulate.client import Answer, Api, Refused, Unexplained, going_on, judge
from faded_skies.simulate.tally import Tally

Server = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def tally() -> Tally:
    return Tally(random.Random(1))


@pytest.fixture
async def api(tally: Tally, request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """The API of a server that is one function, which the test names."""
    person = Api("http://shop.test", tally, transport=httpx.MockTransport(request.param))
    yield person
    await person.close()


def answer(status: int, body: Any = None) -> Answer:
    return Answer("GET /api/thing", status, "request-1", "", body)


def refusal(code: str) -> dict[str, str]:
    return {"error": "A sentence.", "code": code}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 304])
def test_success(status: int) -> None:
    assert judge(answer(status), ()).status == status


def test_a_refusal_that_the_call_allows_is_explained() -> None:
    with pytest.raises(Refused) as refused:
        judge(answer(409, refusal("OUT_OF_STOCK")), {"OUT_OF_STOCK"})
    assert refused.value.code == "OUT_OF_STOCK"


def test_being_asked_to_slow_down_is_always_explained() -> None:
    with pytest.raises(Refused):
        judge(answer(429, refusal("RATE_LIMITED")), ())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (409, refusal("OUT_OF_STOCK")),
        (500, refusal("OUT_OF_STOCK")),
        (503, refusal("UNAVAILABLE")),
        (409, {"code": "RATE_LIMITED"}),
        (404, {"detail": "Not Found"}),
        (404, None),
        (302, None),
    ],
    ids=[
        "not allowed here",
        "500",
        "503",
        "without a sentence",
        "another framework's",
        "no body",
        "redirect",
    ],
)
def test_everything_else_is_unexplained(status: int, body: Any) -> None:
    with pytest.raises(Unexplained) as unexplained:
        judge(answer(status, body), {"RATE_LIMITED", "OUT_OF_STOCK"} if status >= 500 else ())
    assert unexplained.value.failure.request_id == "request-1"


def test_a_wrong_shape_is_unexplained_and_says_where() -> None:
    with pytest.raises(Unexplained, match=r"wrong shape in order\.id"):
        answer(200, {"order": {}}).read(wire.text, "order", "id")
    with pytest.raises(Unexplained, match="wrong shape in the body"):
        answer(200).read(wire.order)


def test_a_story_goes_on_and_failures_are_counted_once(tally: Tally) -> None:
    for one in (answer(500), answer(409, refusal("OUT_OF_STOCK"))):
        with going_on(tally):
            judge(one, {"OUT_OF_STOCK"})
    assert [failure.what for failure in tally.failures] == ["answered 500"]


def sold_out(_: httpx.Request) -> httpx.Response:
    return httpx.Response(409, json=refusal("OUT_OF_STOCK"))


@pytest.mark.parametrize("api", [sold_out], indirect=True)
async def test_refusals_are_counted_by_call(api: Api, tally: Tally) -> None:
    with pytest.raises(Refused):
        await api.call("POST", "/api/things/{id}/take", of="a/b", refusals={"OUT_OF_STOCK"})
    assert tally.refused() == {"OUT_OF_STOCK": {"POST /api/things/{id}/take": 1}}
    assert tally.failed == 0
    assert list(tally.latencies()) == ["POST /api/things/{id}/take"]


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow", request=request)


@pytest.mark.parametrize("api", [unreachable], indirect=True)
async def test_no_answer_is_unexplained_and_not_measured(api: Api, tally: Tally) -> None:
    with pytest.raises(Unexplained, match="no answer: ReadTimeout"):
        await api.call("GET", "/api/things")
    assert tally.latencies() == {}


def personal(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"user": {"email": "somebody@example.com"}, "accessToken": "secret"})


@pytest.mark.parametrize("api", [personal], indirect=True)
async def test_an_excerpt_holds_no_values_of_an_answer(api: Api) -> None:
    found = await api.call("GET", "/api/things")
    assert found.excerpt == "keys: user, accessToken"


def expiring() -> Server:
    """Return a server whose first token is expired, and whose refresh tokens work once."""
    valid = {"refresh": "r1", "access": "a2"}

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/auth/login":
            return httpx.Response(200, json={"accessToken": "a1", "refreshToken": "r1"})
        if request.url.path == "/api/auth/refresh-token":
            if json.loads(request.content) != {"refreshToken": valid.pop("refresh", None)}:
                return httpx.Response(401, json=refusal("INVALID_REFRESH_TOKEN"))
            return httpx.Response(200, json={"accessToken": "a2", "refreshToken": "r2"})
        if request.headers["Authorization"] != f"Bearer {valid['access']}":
            return httpx.Response(401, json=refusal("TOKEN_EXPIRED"))
        return httpx.Response(200, json={})

    return serve


@pytest.mark.parametrize("api", [expiring()], indirect=True)
async def test_an_expired_token_is_renewed_once_for_all_calls(api: Api, tally: Tally) -> None:
    await api.sign_in("somebody@example.com", "password")
    answers = await asyncio.gather(*(api.call("GET", "/api/things") for _ in range(5)))
    assert [one.status for one in answers] == [200] * 5
    assert tally.latencies()["POST /api/auth/refresh-token"].times == 1
    assert tally.failed == 0
