"""An independent S3 server for tests: ministack with AUTH=true, a process of its own on 127.0.0.1.

It needs ministack 1.5 or newer (older ones know no AUTH and let everybody in), which cannot share our environment: it
pins packages that pgqueuer excludes; `sh scripts/bootstrap.sh peers` makes it one of its own.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from servers import Program, free_port

ROOT = Path(__file__).parents[1]

Call = tuple[str, str, dict[str, object]]
"""A service of Amazon's, a call of its Python client, and its values."""

# Run by the peer's Python: Amazon's own client does what the owner of everything may.
_MAKE_CALLS = """
import json, sys
from botocore.session import get_session
session = get_session()
for service, call, values in json.loads(sys.argv[2]):
    client = session.create_client(service, region_name="us-east-1", endpoint_url=sys.argv[1],
        aws_access_key_id="test", aws_secret_access_key="test")
    print(json.dumps(getattr(client, call)(**values), default=str))
"""

# What .env.example asks for, and nothing more.
_RIGHTS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::*/id-documents/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::*/pictures/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetBucketAcl", "s3:GetBucketPolicyStatus"],
            "Resource": "arn:aws:s3:::*",
        },
    ],
}


def peer_python() -> str:
    """Return the Python that has the peer."""
    python = ROOT / ".peers/bin/python"
    assert python.exists(), "the S3 peer is not installed: run sh scripts/bootstrap.sh peers"
    return str(python)


class Peer(Program):
    """The server. Its owner makes buckets and users; who is hired may only use the buckets."""

    def __init__(self, folder: Path, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._python = peer_python()
        argv = [self._python, "-m", "hypercorn", "ministack.app:app", "-b", f"127.0.0.1:{port}", "-w", "0"]
        environment = {"AUTH": "true", "GATEWAY_PORT": str(port), "SFTP_ENABLED": "0", "PYTHONPATH": ""}
        for name in ("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"):
            environment[name] = str(folder)
        super().__init__(argv, environment, folder / "log")

    def ready(self) -> None:
        """Wait for its first answer."""
        deadline = time.monotonic() + 60
        while True:
            assert self.is_running, self.log.read_text()[-2000:]
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/_ministack/health").is_success:
                    return
            assert time.monotonic() < deadline, "the S3 peer does not answer"
            time.sleep(0.05)

    def make(self, *calls: Call) -> list[Any]:
        """Make calls as the owner of everything; returns the answers."""
        done = subprocess.run(
            [self._python, "-c", _MAKE_CALLS, self.address, json.dumps(calls)],
            check=True,
            timeout=60,
            stdout=subprocess.PIPE,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def hire(self) -> tuple[str, str]:
        """Make a user with the rights that we ask for, whose signatures the peer checks; returns id and secret.

        The owner's own key (test, test) would not do: the peer lets it in under any signature.
        """
        user: dict[str, object] = {"UserName": "shop"}
        *_, answer = self.make(
            ("iam", "create_user", user),
            ("iam", "put_user_policy", {**user, "PolicyName": "shop", "PolicyDocument": json.dumps(_RIGHTS)}),
            ("iam", "create_access_key", user),
        )
        return answer["AccessKey"]["AccessKeyId"], answer["AccessKey"]["SecretAccessKey"]


@contextmanager
def s3_peer(folder: Path, port: int | None = None) -> Iterator[Peer]:
    """Run the peer, writing nothing outside the folder; killed in the end. Call `ready` before using it."""
    peer = Peer(folder, free_port() if port is None else port)
    try:
        yield peer
    finally:
        peer.kill()
