"""Browsers may call from the apps' origins and from no other, by HTTP and by sockets."""

import httpx
import pytest

from faded_skies.platform.settings import Settings

APPS = ["https://shop.example", "https://staff.shop.example:8443"]
OTHERS = [
    "null",
    "https://shop.example.evil.com",
    "https://evil-shop.example",
    "https://evilshop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://staff.shop.example",
    "https://sub.shop.example",
    "https://SHOP.example",
    "https://shop.example/",
    "https://shop.example, https://evil.com",
    "https://evil.com",
    "*",
    "",
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"client_url": ", ".join(APPS)})


def asked(origin: str) -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize("origin", APPS)
async def test_the_apps_may(client: httpx.AsyncClient, origin: str) -> None:
    for answer in (
        await client.options("/api/orders", headers=asked(origin)),
        await client.get("/api/categories", headers={"Origin": origin}),
        await client.get("/api/cart", headers={"Origin": origin}),
        await client.get("/socket.io/?EIO=4&transport=polling", headers={"Origin": origin}),
    ):
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize("origin", OTHERS)
async def test_others_may_not(client: httpx.AsyncClient, origin: str) -> None:
    for answer in (
        await client.options("/api/orders", headers=asked(origin)),
        await client.get("/api/categories", headers={"Origin": origin}),
        await client.get("/api/cart", headers={"Origin": origin}),
    ):
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", [origin for origin in OTHERS if origin])
async def test_others_open_no_socket(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.get("/socket.io/?EIO=4&transport=polling", headers={"Origin": origin})
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers
