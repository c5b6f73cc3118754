"""A child that wants more than it may have: what it tries is its first argument. Run by test_children.py."""

import os
import resource
import sys
import time
from pathlib import Path

from faded_skies.adapters.documents import limits

_KINDS = ("AS", "CPU", "FSIZE", "CORE", "NPROC", "NOFILE")


def told() -> None:
    sys.stdout.write(f"{Path.cwd()} {sys.flags.isolated} {sorted(os.environ)}\n")


def allowed() -> None:
    sys.stdout.write(repr({kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in _KINDS}))


def memory() -> None:
    sys.stdout.write(str(len(bytearray(2 * limits.MOST_MEMORY))))


def processor() -> None:
    resource.setrlimit(
        resource.RLIMIT_CPU, (1, 1)
    )  # the same limit, so that the test need not wait for the whole of it
    while True:
        pass


def wait() -> None:
    time.sleep(3600)


def output() -> None:
    while True:
        sys.stdout.write("x" * 65536)


def file() -> None:
    with Path(sys.argv[2]).open("w") as place:
        place.write("a name")


def crash() -> None:
    os.abort()


def deaf() -> None:
    os.close(0)
    sys.stdout.write("I heard nothing")


if __name__ == "__main__":
    limits.apply()
    globals()[sys.argv[1]]()
