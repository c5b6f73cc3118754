"""Providers that answer what none should: our calls end soon, take little, and believe nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from faded_skies.adapters.oidc import kept as kept_module
from faded_skies.adapters.oidc import keys as keys_module
from faded_skies.adapters.oidc.endpoints import Discovery
from faded_skies.adapters.oidc.keys import SigningKeys
from faded_skies.adapters.oidc.wire import MOST_BYTES, Wire
from faded_skies.domains.identity.errors import ProviderRefused, ProviderUnavailable
from servers import serving

Answer = Callable[[], Awaitable[Response]]


class Fake:
    """A provider that answers as a test says, and counts how often it is asked for its keys."""

    def __init__(self) -> None:
        self.address = ""
        self.document: dict[str, Any] = {}
        self.keys: Any = []
        self.asked_for_keys = 0

    async def discovery(self, _: Request) -> Response:
        sound = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
        }
        return JSONResponse(sound | self.document)

    async def list_keys(self, _: Request) -> Response:
        self.asked_for_keys += 1
        return JSONResponse({"keys": self.keys})


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    found = Fake()
    routes = [
        Route("/.well-known/openid-configuration", found.discovery),
        Route("/keys", found.list_keys),
    ]
    async with serving(Starlette(routes=routes)) as found.address:
        yield found


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    async def give(_: Request) -> Response:
        return await answer()

    async with serving(Starlette(routes=[Route("/", give, methods=["GET", "POST"])])) as address:
        yield f"{address}/"


async def refused(answer: Answer, *, patience: float = 10) -> None:
    async with answering(answer) as address, httpx.AsyncClient() as http:
        wire = Wire(http, patience=patience)
        with pytest.raises(ProviderUnavailable):
            await wire.get(address)
        with pytest.raises(ProviderUnavailable):
            await wire.post(address, {"code": "c"})


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>502</html>", b"[]", b'"text"', b"null", b'{"a": ' + b" " * MOST_BYTES + b"1}", b"\xff{}"],
    ids=["nothing", "a page", "a list", "a text", "null", "too long", "not UTF-8"],
)
async def test_what_is_no_small_object_is_no_answer(body: bytes) -> None:
    async def answer() -> Response:
        return Response(body, media_type="application/json")

    await refused(answer)


async def test_a_redirect_is_not_followed() -> None:
    async def answer() -> Response:
        return RedirectResponse("http://127.0.0.1:1/", 307)

    await refused(answer)


async def test_a_packed_answer_is_not_unpacked() -> None:
    async def answer() -> Response:
        return Response(b"\x1f\x8b" + bytes(100), headers={"Content-Encoding": "gzip"})

    await refused(answer)


async def test_who_never_answers_is_not_waited_for() -> None:
    over = asyncio.Event()

    async def answer() -> Response:
        await over.wait()
        return Response()

    async with answering(answer) as address, httpx.AsyncClient() as http:
        try:
            with pytest.raises(ProviderUnavailable):
                await Wire(http, patience=0.2).get(address)
        finally:
            over.set()


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://accounts.google.com"},
        {"issuer": None},
        {"token_endpoint": "https://elsewhere.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"token_endpoint": ["http://127.0.0.1/"]},
    ],
    ids=["another issuer", "no issuer", "another scheme", "a script", "no keys", "a list"],
)
async def test_a_document_of_another_house_is_not_believed(fake: Fake, document: dict[str, Any]) -> None:
    fake.document = document
    async with httpx.AsyncClient() as http:
        with pytest.raises(ProviderUnavailable):
            await Discovery(Wire(http), fake.address).endpoints()
        fake.document = {}
        assert (await Discovery(Wire(http), fake.address).endpoints()).keys == f"{fake.address}/keys"


def listed(kid: str, **changes: object) -> dict[str, object]:
    # RFC 7515 §A.2: a public key that everybody has.
    modulus = (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
        "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB"
        "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia"
        "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    )
    return {"kty": "RSA", "n": modulus, "e": "AQAB", "kid": kid, "use": "sig", **changes}


@asynccontextmanager
async def keys_of(fake: Fake) -> AsyncIterator[SigningKeys]:
    async with httpx.AsyncClient() as http:
        wire = Wire(http)
        yield SigningKeys(wire, Discovery(wire, fake.address))


class _Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> _Hands:
    found = _Hands()
    for module in (kept_module, keys_module):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=found.monotonic))
    return found


async def test_keys_are_read_once_an_hour(fake: Fake, hands: _Hands) -> None:
    fake.keys = [listed("a")]
    async with keys_of(fake) as keys:
        await asyncio.gather(*(keys.find("a") for _ in range(20)))
        hands.seconds += 3599
        await keys.find("a")
        assert fake.asked_for_keys == 1
        hands.seconds += 2
        await keys.find("a")
        assert fake.asked_for_keys == 2


async def test_an_unknown_key_has_them_read_again_but_not_each_time(fake: Fake, hands: _Hands) -> None:
    fake.keys = [listed("a")]
    async with keys_of(fake) as keys:
        await keys.find("a")
        fake.keys = [listed("a"), listed("b")]
        assert (await keys.find("b")).key_id == "b"  # a rotation is seen at once
        assert fake.asked_for_keys == 2
        for _ in range(50):
            with pytest.raises(ProviderRefused):
                await keys.find("c")
        assert fake.asked_for_keys == 2
        hands.seconds += 61
        fake.keys = [listed("c")]
        await keys.find("c")
        assert fake.asked_for_keys == 3
        with pytest.raises(ProviderRefused):  # a key that is withdrawn is good no more
            await keys.find("a")


async def test_a_rotation_that_many_meet_at_once_is_read_once(fake: Fake, hands: _Hands) -> None:
    fake.keys = [listed("a")]
    async with keys_of(fake) as keys:
        await keys.find("a")
        fake.keys = [listed("b")]
        found = await asyncio.gather(*(keys.find("b") for _ in range(20)))
        assert {key.key_id for key in found} == {"b"}
        assert fake.asked_for_keys == 2


async def test_who_waits_for_a_provider_that_is_away_waits_once_for_all(fake: Fake, hands: _Hands) -> None:
    fake.keys = None
    async with keys_of(fake) as keys:
        outcomes = await asyncio.gather(*(keys.find("a") for _ in range(20)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ProviderUnavailable] * 20
        assert fake.asked_for_keys == 1
        fake.keys = [listed("a")]
        with pytest.raises(ProviderUnavailable):
            await keys.find("a")
        hands.seconds += 5
        assert (await keys.find("a")).key_id == "a"


async def test_keys_that_are_not_for_signatures_or_not_understood_are_left_out(fake: Fake) -> None:
    fake.keys = [
        "text",
        {"kty": "AKP", "kid": "later"},
        listed("sealing", use="enc"),
        {"kty": "RSA", "kid": "broken"},
        {key: value for key, value in listed("").items() if key != "kid"},
        listed("good"),
    ]
    async with keys_of(fake) as keys:
        assert (await keys.find("good")).key_id == "good"
        for kid in ("later", "sealing", "broken", ""):
            with pytest.raises(ProviderRefused):
                await keys.find(kid)


@pytest.mark.parametrize("listing", [None, {"a": 1}, "text"], ids=["null", "an object", "a text"])
async def test_no_list_of_keys_is_no_answer(fake: Fake, listing: object) -> None:
    fake.keys = listing
    async with keys_of(fake) as keys:
        with pytest.raises(ProviderUnavailable):
            await keys.find("a")
