"""Log lines tell what happened and where, and nothing about people."""

import json
import subprocess
import sys

_PROGRAM = """
import structlog
from faded_skies.platform import logging

logging.configure("info", process="serve")


def sign_in(password):
    raise ValueError("no such account")


try:
    sign_in("hunter2")
except ValueError:
    structlog.get_logger().exception("request_failed", path="/api/auth/login")
"""


def test_a_failure_is_one_line_without_the_values_at_hand() -> None:
    ended = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    line = json.loads(ended.stderr)
    assert (line["event"], line["level"], line["process"]) == ("request_failed", "error", "serve")
    [failure] = line["exception"]
    assert failure["exc_type"] == "ValueError"
    assert [frame["name"] for frame in failure["frames"]] == ["<module>", "sign_in"]
    assert "hunter2" not in ended.stderr
