"""A supervised shop made of small programs; each writes what it does into a folder the test looks at."""

import os
import sys
from pathlib import Path

from faded_skies.platform.embedded import lifeline
from faded_skies.supervisor import Process, Step, up

HERE = Path(__file__).parent
notes, port, mode = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
program = [sys.executable, str(HERE / "program.py"), str(notes), str(port)]
steps = [Step("Schema is current", [*program, "step" if mode != "bad-step" else "fail"])]
server = Process("server", [*program, "serve" if mode != "bad-server" else "fail"])
worker = Process("worker", [*program, "stubborn" if mode == "stubborn" else "work"])

lifeline.GRACE = 1.0  # seconds; a stubborn program should not hold up the tests
os.environ["MAKEFLAGS"] = "noise"
sys.exit(
    up(
        data=notes / "var",
        port=port,
        steps=steps,
        processes=[server, worker],
        welcome=lambda: f"Welcome at http://127.0.0.1:{port}",
    )
)
