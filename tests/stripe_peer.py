"""An independent Stripe for tests: localstripe as a process of its own on 127.0.0.1, and our proxy in front of it.

It is GPL and never imported here; `sh scripts/bootstrap.sh peers` makes its environment. What it falls short of is in
tests/adapters/stripe/test_false_successes.py.
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import httpx
from aiohttp import web
from pydantic import SecretStr

from faded_skies.adapters.stripe.gateway import StripeGateway
from faded_skies.adapters.stripe.opening import open_stripe
from faded_skies.platform.settings.charging import StripeAccount
from peers.stripe_proxy import StripeProxy
from s3_peer import peer_python
from servers import Program, free_port

# Its own command would listen to everybody, and read and write a file that others share.
_SERVE = """
import sys
from aiohttp import web
from localstripe import server
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
WEBHOOK_SECRETS = ("whsec_the_new_one", "whsec_the_old_one")


class Localstripe(Program):
    """The server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        environment = {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": ""}
        super().__init__([peer_python(), "-c", _SERVE, str(port)], environment, folder / "localstripe.log")

    def ready(self) -> None:
        """Wait for its first answer."""
        deadline = time.monotonic() + 60
        while True:
            assert self.is_running, self.log.read_text()[-2000:]
            with suppress(httpx.TransportError):
                if httpx.delete(f"{self.address}/_config/data").is_success:
                    return
            assert time.monotonic() < deadline, "localstripe does not answer"
            time.sleep(0.05)


@contextmanager
def localstripe(folder: Path) -> Iterator[Localstripe]:
    """Run the peer; killed in the end."""
    peer = Localstripe(folder, free_port())
    try:
        peer.ready()
        yield peer
    finally:
        peer.kill()


@asynccontextmanager
async def stripe_proxy(upstream: str) -> AsyncIterator[tuple[StripeProxy, str]]:
    """Run the proxy in this process; gives it and its address."""
    proxy = StripeProxy(upstream)
    runner = web.AppRunner(proxy.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = runner.addresses[0]
    try:
        yield proxy, f"http://{address[0]}:{address[1]}"
    finally:
        await runner.cleanup()
        await proxy.close()


def account_at(address: str, *, confirmation: str = "automatic") -> StripeAccount:
    """Return an account in Stripe's test mode that may be charged for everything."""
    return StripeAccount(
        secret_key=SecretStr("sk_test_1234567890"),
        webhook_secrets=tuple(SecretStr(secret) for secret in WEBHOOK_SECRETS),
        publishable_key="pk_test_1234567890",
        confirmation="manual" if confirmation == "manual" else "automatic",
        product_classes=frozenset({"flower", "accessory"}),
        api_base=address,
    )


@asynccontextmanager
async def stripe_gateway(address: str, *, confirmation: str = "automatic") -> AsyncIterator[StripeGateway]:
    """Open the adapter on the proxy."""
    async with open_stripe(account_at(address, confirmation=confirmation)) as gateway:
        yield gateway
