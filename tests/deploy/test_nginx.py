"""The nginx of deploy/ itself, in front of servers that count: who is asked, who is believed, what is refused."""

import asyncio
import datetime as dt
import json
import re
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cluster.nginx import DEPLOYED, command, lay_out, listen_on
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import Receive, Scope, Send

from checkers import Tool
from faded_skies.platform.http.app import MOST_BODY_BYTES
from faded_skies.platform.http.proxies import BehindProxies
from faded_skies.platform.networks import parse_networks
from faded_skies.registry import BODY_LIMITS
from nginx_peer import nginx
from servers import free_port, serving, until


class Counting:
    """A server that keeps the requests it was asked, and answers as it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[Scope] = []
        self.status = 200
        self.received = 0
        self.behind = BehindProxies(self._answer, trusted=parse_networks("127.0.0.1"))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            self.received += len(message.get("body", b""))
            more = message.get("more_body", False)
        self.asked.append(scope)
        told = {"server": self.name, "client": scope["client"][0], "scheme": scope["scheme"], "bytes": size}
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


@pytest.fixture
async def two(tmp_path: Path, tool: Tool) -> AsyncIterator[tuple[Counting, Counting, str]]:
    """Two servers and the address of the nginx before them."""
    tool("nginx")
    one, other = Counting("one"), Counting("other")
    port = free_port()
    async with (
        serving(one.behind) as first,
        serving(other.behind) as second,
        nginx(tmp_path / "nginx", listen=listen_on(port), servers=[first, second]),
    ):
        yield one, other, f"http://127.0.0.1:{port}"


def certificate(folder: Path) -> ssl.SSLContext:
    """Write a certificate for 127.0.0.1 as listen.conf names it; returns a context that trusts only it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    (folder / "tls_certificate").write_bytes(made)
    (folder / "tls_key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return ssl.create_default_context(cadata=made.decode())


async def test_tls_as_compose_has_it(tmp_path: Path, tool: Tool) -> None:
    tool("nginx")
    context = certificate(tmp_path)
    ports = {8443: free_port(), 8080: free_port()}
    listen = (DEPLOYED / "listen.conf").read_text().replace("/run/secrets", str(tmp_path))
    for inside, here in ports.items():
        listen = listen.replace(f"listen {inside}", f"listen 127.0.0.1:{here}")
    one = Counting("one")
    async with serving(one.behind) as address:
        folder = tmp_path / "nginx"
        lay_out(folder, listen=listen, ports=[free_port()])
        tested = await asyncio.to_thread(
            subprocess.run, command(folder, "-t"), capture_output=True, text=True, check=False
        )
        assert "test is successful" in tested.stderr, tested.stderr
        assert "warn" not in tested.stderr
        async with (
            nginx(folder, listen=listen, servers=[address]),
            httpx.AsyncClient(verify=context) as client,
        ):
            answer = await client.get(f"https://127.0.0.1:{ports[8443]}/api/products")
            assert answer.json() == {"server": "one", "client": "127.0.0.1", "scheme": "https", "bytes": 0}
            plain = await client.get(f"http://127.0.0.1:{ports[8080]}/api/products?page=2")
            assert plain.status_code == 308
            assert plain.headers["location"] == "https://127.0.0.1/api/products?page=2"
            assert (await client.get(f"http://127.0.0.1:{ports[8080]}/health/nginx")).json() == {
                "status": "alive"
            }
    assert len(one.asked) == 1


def test_its_servers_are_those_of_compose() -> None:
    servers = re.findall(
        r"^server (\S+) max_fails=3 fail_timeout=10s;$", (DEPLOYED / "servers.conf").read_text(), re.MULTILINE
    )
    compose = (DEPLOYED.parent / "compose.yaml").read_text()
    assert servers == ["10.85.0.11:3000", "10.85.0.12:3000"]
    assert [
        f"{address}:3000" for address in re.findall(r"front: {ipv4_address: (\S+)}", compose)[:2]
    ] == servers


async def test_who_is_asked_and_believed(two: tuple[Counting, Counting, str]) -> None:
    one, other, address = two
    async with httpx.AsyncClient(base_url=address) as client:
        liar = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Request-ID": "mine-12345"}
        answers = [(await client.get("/api/products", headers=liar)).json() for _ in range(8)]
        assert {answer["server"] for answer in answers} == {"one", "other"}
        assert {(answer["client"], answer["scheme"]) for answer in answers} == {("127.0.0.1", "http")}
        headers = dict(one.asked[0]["headers"])
        assert headers[b"x-request-id"] == b"mine-12345"
        assert headers[b"x-another-server"] == b"1"
        assert b"connection" not in headers

        # Long polling stays with one server; what begins as a WebSocket does not count here.
        polls = [
            (await client.get(f"/socket.io/?EIO=4&transport=polling&sid={number}")).json()["server"]
            for number in range(8)
        ]
        assert len(set(polls)) == 1

        # Only for who scrapes inside.
        before = len(one.asked) + len(other.asked)
        assert (await client.get("/metrics")).status_code == 404
        assert len(one.asked) + len(other.asked) == before


async def test_how_large_a_body_may_be(two: tuple[Counting, Counting, str]) -> None:
    one, other, address = two
    async with httpx.AsyncClient(base_url=address) as client:
        for path, most in {**BODY_LIMITS, "/api/orders": MOST_BODY_BYTES}.items():
            # The server itself says why a byte more is too much.
            answer = await client.post(path, content=bytes(most + 1))
            assert answer.json()["bytes"] == most + 1, path
            count = len(one.asked) + len(other.asked)
            refused = await client.post(path, content=bytes(most + 3 * MOST_BODY_BYTES))
            assert (refused.status_code, refused.json()["code"]) == (413, "BODY_TOO_LARGE"), path
            assert len(one.asked) + len(other.asked) == count


async def begin(
    stack: AsyncExitStack, address: str, path: str, *, length: int, sent: int
) -> asyncio.StreamReader:
    """Begin a POST and do not end it; returns where its answer would come."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    stack.callback(writer.close)
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n".encode() + bytes(sent)
    )
    await writer.drain()
    return reader


async def answered(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Return the status and the code of an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length is not None
    return int(head.split()[1]), json.loads(await reader.readexactly(int(length[1])))["code"]


async def test_unfinished_uploads_fill_nothing(two: tuple[Counting, Counting, str], tmp_path: Path) -> None:
    one, other, address = two
    async with AsyncExitStack() as stack:
        for pattern in BODY_LIMITS:
            path = pattern.replace("{}", "some")
            before = one.received + other.received
            await begin(stack, address, path, length=5_000_000, sent=300_000)

            async def came(most: int = before + 300_000) -> bool:
                return one.received + other.received == most

            await until(came, f"all that was sent to {path} is at a server")
        assert not [file for file in (tmp_path / "nginx" / "body").rglob("*") if file.is_file()]
        # One address has as many at once as it needs, and no more.
        readers = [
            await begin(stack, address, "/api/support/uploads", length=5_000_000, sent=10) for _ in range(5)
        ]
        assert await answered(readers[-1]) == (429, "RATE_LIMITED")


async def test_other_unfinished_bodies_are_few(two: tuple[Counting, Counting, str]) -> None:
    one, other, address = two
    async with AsyncExitStack() as stack:
        readers = [
            await begin(stack, address, "/api/orders", length=1_000_000, sent=20_000) for _ in range(17)
        ]
        assert await answered(readers[-1]) == (429, "RATE_LIMITED")
        async with httpx.AsyncClient(base_url=address) as client:
            assert (await client.post("/api/orders", content=bytes(15_000))).status_code == 200
            assert (await client.get("/api/products")).status_code == 200
    assert len(one.asked) + len(other.asked) == 2
    # All that may wait at once has room.
    conf = (DEPLOYED / "shop.conf").read_text()
    most = re.search(r"^limit_conn bodies (\d+);$", conf, re.MULTILINE)
    size = re.search(r"^client_max_body_size (\d+)m;$", conf, re.MULTILINE)
    room = re.search(r"/var/lib/nginx:[^\"]*size=(\d+)m", (DEPLOYED.parent / "compose.yaml").read_text())
    assert most is not None
    assert size is not None
    assert room is not None
    assert int(most[1]) * int(size[1]) < int(room[1])


async def test_what_nginx_itself_cannot_do_is_said_in_json(
    two: tuple[Counting, Counting, str], tmp_path: Path
) -> None:
    *_, address = two
    folder = tmp_path / "nginx" / "body"
    folder.rmdir()
    folder.write_bytes(b"no folder any more")
    async with httpx.AsyncClient(base_url=address) as client:
        answer = await client.post("/api/orders", content=bytes(100_000))
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")


async def test_a_server_that_leaves_is_left_alone(two: tuple[Counting, Counting, str]) -> None:
    one, other, address = two
    one.status = 502
    async with httpx.AsyncClient(base_url=address) as client:
        reads = [await client.get("/api/products") for _ in range(12)]
        assert {answer.json()["server"] for answer in reads} == {"other"}
        assert len(one.asked) == 3, "it was asked again although it said three times that it leaves"
        # It is out for writes, too: they share what nginx knows of it.
        writes = [await client.post("/api/orders", content=b"{}") for _ in range(6)]
        assert {answer.json()["server"] for answer in writes} == {"other"}
        # A lost database is no reason to ask elsewhere.
        other.status = 503
        asked = len(other.asked)
        assert (await client.get("/api/products")).status_code == 503
        assert (len(one.asked), len(other.asked)) == (3, asked + 1)


async def test_dead_servers(tmp_path: Path, tool: Tool) -> None:
    tool("nginx")
    alive, asked = Counting("alive"), 0

    async def read_and_die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        writer.close()

    mortal = await asyncio.start_server(read_and_die, "127.0.0.1", 0)
    port = free_port()
    servers = [f"127.0.0.1:{number}" for number in (mortal.sockets[0].getsockname()[1], free_port())]
    async with (
        mortal,
        nginx(tmp_path / "lost", listen=listen_on(port), servers=servers) as running,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        # The second server refuses connections; the first takes the request and dies: it is not asked twice.
        lost = await client.post("/api/orders", content=b"{}")
        assert (lost.status_code, lost.json()["code"]) == (503, "UNAVAILABLE")
        assert lost.headers["retry-after"] == "2"
        assert asked == 1
        assert '"status":503' in running.log.read_text()

    async with serving(alive.behind) as address:
        port = free_port()
        servers = [f"127.0.0.1:{free_port()}", address]
        async with (
            nginx(tmp_path / "refused", listen=listen_on(port), servers=servers),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            for _ in range(4):
                assert (await client.post("/api/orders", content=b"{}")).json()["server"] == "alive"
    assert len(alive.asked) == 4
