"""Where a request comes from: only our own proxies are believed, and only an address is an address."""

from collections.abc import Callable
from ipaddress import ip_network

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from factories.identity import make_person
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.platform.http.proxies import BehindProxies
from faded_skies.platform.networks import find_address, neighbourhood, parse_networks
from faded_skies.platform.settings import Settings

OURS = ("10.0.0.0/24", "192.0.2.1/32", "2001:db8:aaaa::/48")
PEER = "10.0.0.5"


async def seen(peer: str | None, *headers: tuple[str, str], kind: str = "http") -> tuple[object, object]:
    """Return the client and the scheme that the application sees."""
    scopes: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        scopes.append(scope)

    async def never() -> Message:
        raise AssertionError

    async def nothing(_: Message) -> None:
        raise AssertionError

    layer = BehindProxies(app, trusted=parse_networks(",".join(OURS)))
    given = {
        "type": kind,
        "client": None if peer is None else (peer, 4711),
        "scheme": "ws" if kind == "websocket" else "http",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }
    await layer(given, never, nothing)
    (scope,) = scopes
    return scope["client"] and scope["client"][0], scope["scheme"]


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        pytest.param(["203.0.113.7"], "203.0.113.7", id="one"),
        pytest.param(["203.0.113.7, 192.0.2.1"], "203.0.113.7", id="two proxies"),
        pytest.param(["203.0.113.7", "192.0.2.1"], "203.0.113.7", id="a field for each proxy"),
        pytest.param(["1.1.1.1, 203.0.113.7"], "203.0.113.7", id="what the client wrote is further left"),
        pytest.param(["10.0.0.9, 203.0.113.7"], "203.0.113.7", id="the client claims to be a proxy of ours"),
        pytest.param(["203.0.113.7:4711"], "203.0.113.7", id="port"),
        pytest.param(["2001:db8::7"], "2001:db8::7", id="IPv6"),
        pytest.param(["[2001:db8::7]:443"], "2001:db8::7", id="IPv6 and port"),
        pytest.param(["[2001:db8::7]"], "2001:db8::7", id="IPv6 in brackets"),
        pytest.param(["2001:DB8:0:0::7"], "2001:db8::7", id="IPv6 in another spelling"),
        pytest.param(["2001:db8::7, 2001:db8:aaaa::1"], "2001:db8::7", id="IPv6 proxy"),
        pytest.param(["::ffff:203.0.113.7"], "203.0.113.7", id="IPv4 in IPv6"),
        pytest.param(["  203.0.113.7  "], "203.0.113.7", id="spaces"),
        pytest.param(["10.0.0.7"], "10.0.0.7", id="a proxy itself asks"),
        pytest.param([""], PEER, id="empty"),
        pytest.param([",,"], PEER, id="commas"),
        pytest.param(["unknown"], PEER, id="RFC 7239 unknown"),
        pytest.param(["_hidden"], PEER, id="obfuscated"),
        pytest.param(["localhost"], PEER, id="a name"),
        pytest.param(["203.0.113.7, garbage"], PEER, id="garbage nearest"),
        pytest.param(["203.0.113.7, garbage, 10.0.0.8"], "10.0.0.8", id="garbage behind a proxy"),
        pytest.param(["999.1.1.1"], PEER, id="no such address"),
        pytest.param(["127.1"], PEER, id="short"),
        pytest.param(["0x7f.0.0.1"], PEER, id="hex"),
        pytest.param(["fe80::1%eth0"], PEER, id="zone"),
        pytest.param(["' OR 1=1 --"], PEER, id="SQL"),
        pytest.param(["<script>"], PEER, id="HTML"),
        pytest.param(["203.0.113.7" * 1000], PEER, id="long"),
        pytest.param(["[2001:db8::7"], "2001:db8::7", id="half a bracket"),
    ],
)
async def test_the_client_is_the_nearest_hop_that_is_no_proxy_of_ours(hops: list[str], client: str) -> None:
    fields = [("X-Forwarded-For", hop) for hop in hops]
    assert (await seen(PEER, *fields))[0] == client
    assert (await seen(PEER, *fields, kind="websocket"))[0] == client


@pytest.mark.parametrize("peer", ["203.0.113.9", "10.0.1.5", "2001:db8::1", "somewhere", ""])
async def test_whoever_is_no_proxy_of_ours_is_not_believed(peer: str) -> None:
    spoofed = [("X-Forwarded-For", "10.0.0.5"), ("X-Forwarded-Proto", "https")]
    assert await seen(peer, *spoofed) == (peer, "http")


async def test_a_connection_without_an_address_is_not_believed() -> None:
    assert await seen(None, ("X-Forwarded-For", "203.0.113.7")) == (None, "http")


@pytest.mark.parametrize(
    ("fields", "kind", "scheme"),
    [
        pytest.param(["https"], "http", "https", id="https"),
        pytest.param(["https"], "websocket", "wss", id="wss"),
        pytest.param(["http"], "http", "http", id="http"),
        pytest.param(["https, http"], "http", "http", id="the nearest counts"),
        pytest.param(["http", "https"], "http", "https", id="the nearest field counts"),
        pytest.param(["javascript"], "http", "http", id="another"),
        pytest.param([""], "http", "http", id="empty"),
        pytest.param([], "http", "http", id="none"),
    ],
)
async def test_the_scheme_is_the_nearest_proxys_word(fields: list[str], kind: str, scheme: str) -> None:
    told = [("X-Forwarded-Proto", field) for field in fields]
    assert (await seen(PEER, *told, kind=kind))[1] == scheme


@given(st.text(st.characters(codec="latin-1"), max_size=200))
async def test_whatever_stands_there_the_client_is_an_address(text: str) -> None:
    client, _ = await seen(PEER, ("X-Forwarded-For", text))
    assert find_address(str(client)) is not None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", "unknown"),
    ],
)
def test_limits_count_ipv6_by_its_network(address: str, network: str) -> None:
    assert neighbourhood(address) == network


@pytest.mark.parametrize("text", ["*", "proxy.example", "10.0.0.1/8", "0.0.0.0/0", "::/0", "10.0.0.0/33"])
def test_a_list_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write for example|name your proxies"):
        parse_networks(text)


def test_a_list_holds_addresses_and_networks() -> None:
    assert parse_networks(" 10.0.0.5, 10.1.0.0/16,2001:db8::/32 ,") == tuple(
        map(ip_network, ("10.0.0.5/32", "10.1.0.0/16", "2001:db8::/32"))
    )


@pytest.mark.parametrize(
    ("proxies", "address"), [("10.0.0.5", "203.0.113.7"), ("", PEER)], ids=["believed", "not believed"]
)
async def test_sessions_and_the_audit_log_see_the_client(
    settings: Settings,
    proxies: str,
    address: str,
    make_client: Callable[[Application, str], httpx.AsyncClient],
) -> None:
    settings = settings.model_copy(update={"trusted_proxies": parse_networks(proxies)})
    async with bootstrap.application(settings) as app, make_client(app, PEER) as client:
        await make_person(app, email="maya@example.com")
        answer = await client.post(
            "/api/auth/login",
            json={"email": "maya@example.com", "password": "Test-Skies-42!"},
            headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.7"},
        )
        assert answer.status_code == 200
        assert await app.ports.db.fetchval("SELECT address FROM sessions") == address
        found = await app.ports.db.fetchval(
            "SELECT host(address::inet) FROM audit_log WHERE action = 'sign_in.succeeded'"
        )
        assert found == address


@pytest.fixture
def make_client() -> Callable[[Application, str], httpx.AsyncClient]:
    def make(app: Application, peer: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app.asgi, client=(peer, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://test")

    return make
