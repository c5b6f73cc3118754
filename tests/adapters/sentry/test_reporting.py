"""What Sentry is told, judged by kent, an independent receiver: where it failed and our fields; nobody's data."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from faded_skies.platform.settings import SettingsError, read_settings
from servers import SOURCE, Program, free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def told(tmp_path: Path) -> list[dict[str, Any]]:
    """What a failing process has told, oldest first."""
    port = free_port()
    argv = [str(ROOT / ".peers/bin/kent-server"), "run", "--host", "127.0.0.1", "--port", str(port)]
    kent = Program(argv, {}, tmp_path / "kent.log")
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
            deadline = time.monotonic() + 60
            while True:
                assert kent.is_running, kent.log.read_text()
                with suppress(httpx.TransportError):
                    if http.get("/api/eventlist/").is_success:
                        break
                assert time.monotonic() < deadline
                time.sleep(0.05)
            subprocess.run(
                [sys.executable, Path(__file__).parent / "failing.py", f"http://key@127.0.0.1:{port}/7"],
                env={"PATH": os.defpath, "PYTHONPATH": str(SOURCE)},
                capture_output=True,
                check=True,
                timeout=60,
            )
            listed = http.get("/api/eventlist/").json()["events"]
            ids = [one["event_id"] if isinstance(one, dict) else one for one in listed]
            found = [http.get(f"/api/event/{event_id}").json() for event_id in ids]
    finally:
        kent.kill()
    return sorted((one["payload"]["body"] for one in found), key=lambda body: str(body["timestamp"]))


def test_errors_are_told_with_where_and_without_whom(told: list[dict[str, Any]]) -> None:
    assert [one["message"] for one in told] == ["request_failed", "stripe_refuses_our_key"]
    failed, refused = told
    assert (failed["release"], failed["environment"]) == ("faded-skies@1.2.3", "test")
    assert failed["tags"] == {"process": "serve", "method": "GET", "path": "/api/orders/{order_id}"}
    (exception,) = failed["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("LookupError", "")
    frame = exception["stacktrace"]["frames"][-1]
    assert (frame["function"], Path(frame["filename"]).name) == ("fail", "failing.py")
    assert "vars" not in frame
    assert failed["extra"]["request_id"] == "req-12345678"
    assert failed["extra"]["full_name"] == "[scrubbed]"
    assert failed["extra"]["told"] == "call [scrubbed] or [scrubbed]"
    assert refused["extra"] == {"token": "[scrubbed]"}
    assert refused["tags"]["call"] == "charge"
    for one in told:
        assert {"user", "request", "breadcrumbs", "modules", "server_name"}.isdisjoint(one)
        text = str({name: held for name, held in one.items() if name != "exception"})
        assert not any(word in text for word in ("maya", "Maya", "sk_live", "555-0134"))
        assert "a-secret-of-maya" not in str(exception["value"])


@pytest.mark.parametrize(
    "dsn", ["https://sentry.example/7", "key@sentry.example/7", "https://key@sentry.example"]
)
def test_what_is_no_address_of_a_project_stops_the_start(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", dsn)
    with pytest.raises(SettingsError, match="SENTRY_DSN: write the address"):
        read_settings()
