"""A supervised program in small: it notes its number and environment, then serves, works or fails."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from faded_skies.platform.embedded import lifeline

notes, port, role = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
lifeline.GRACE = 1.0  # seconds; a stubborn program should not hold up the tests
lifeline.watch()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def note_the_end(*_: object) -> None:
    (notes / f"{role}.ended").touch()
    sys.exit(0)


if role == "fail":
    sys.stderr.write("the setting JWT_SECRET is too short\n")
    sys.exit(3)
if role == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif role != "step":
    signal.signal(signal.SIGTERM, note_the_end)
# Only now may a test end it: its signals are handled.
names = ("DATABASE_URL", "REDIS_URL", "MAKEFLAGS", lifeline.VARIABLE)
facts = {"pid": os.getpid(), "session": os.getsid(0), **{name: os.environ.get(name) for name in names}}
draft = notes / f"{role}.draft"
draft.write_text(json.dumps(facts))
draft.rename(notes / f"{role}.json")
if role == "serve":
    HTTPServer(("127.0.0.1", port), Answer).serve_forever()
if role != "step":
    threading.Event().wait()
